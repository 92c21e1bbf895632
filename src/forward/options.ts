import type { HostPort } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";

/** How traffic gets from the public port to the target; `auto` is the relay. */
export type ForwardMethod = "auto" | "relay" | "nftables";

/** Who may come in, and how much. Public ports are scanned within minutes. */
export interface AccessOptions {
  /** CIDR texts; if there is any, only these clients are let in. */
  readonly allow: readonly string[];
  /** CIDR texts; these clients are never let in. */
  readonly deny: readonly string[];
  /** Connections (UDP: sessions) at a time for each client address. */
  readonly perClient?: number | undefined;
  /** New connections (UDP: sessions) per second for each client address. */
  readonly perClientPerSecond?: number | undefined;
  /** Connections (UDP: sessions) at a time in all; capped by what RLIMIT_NOFILE allows anyway. */
  readonly maxSessions?: number | undefined;
  /** Bytes per second of the tunnel, both directions together. */
  readonly bytesPerSecond?: number | undefined;
}

/** How one tunnel's traffic is forwarded; nothing in it needs a default any more. */
export interface ForwardOptions {
  /** Name of the tunnel. */
  readonly name: string;
  /** Transport of the tunnel. */
  readonly protocol: Protocol;
  /** Where traffic goes; port 0 means the external port of the moment. */
  readonly target: HostPort;
  /** How the bytes get there. */
  readonly method: ForwardMethod;
  /** A connection or session without traffic for so long is closed. */
  readonly idleMs: number;
  /** For the connection to the target. */
  readonly connectTimeoutMs: number;
  /** TCP_CONGESTION of the client's side. */
  readonly congestion?: string | undefined;
  /** PROXY protocol header towards the target. */
  readonly proxyProtocol?: "v1" | "v2" | undefined;
  /** Connect to the target from the client's own address (IP_TRANSPARENT). */
  readonly isTransparent: boolean;
  /** Who may come in, and how much. */
  readonly access: AccessOptions;
  /** Interface for SO_BINDTODEVICE of the public side. */
  readonly device?: string | undefined;
  /** SO_MARK of the public side. */
  readonly mark?: number | undefined;
}

/** Idle limit of TCP connections, as natmap's. */
export const DEFAULT_TCP_IDLE_MS = 300_000;
/** Idle limit of UDP sessions: longer than RFC 4787 (REQ-5) asks of a NAT at least, shorter than its advice. */
export const DEFAULT_UDP_IDLE_MS = 90_000;
/** A target that takes longer to accept is as good as dead to a client. */
export const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
