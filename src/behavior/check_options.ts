import type { Endpoint, Family, HostPort } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";
import type { BindOptions } from "../core/net.ts";
import type { Platform } from "../core/platform.ts";

/** What somebody outside saw of an endpoint. */
export interface OutsideView {
  /** Whether it got in. */
  readonly state: "open" | "closed" | "unknown";
  /** Why it could not tell. */
  readonly reason?: string | undefined;
  /** Who knocked and what came of it, in English. */
  readonly evidence: string;
  /**
   * Whether it knocked from an address this host had talked to: getting in then does not prove that strangers do.
   */
  readonly fromAskedAddress?: boolean | undefined;
}

/**
 * Asks somebody outside to knock at an endpoint: a TCP connection, or a datagram of at most 64 bytes that is sent
 * back to whoever knocked.
 */
export type OutsideProbe = (
  endpoint: Endpoint,
  protocol: Protocol,
  signal: AbortSignal,
) => Promise<OutsideView>;

/** A step of the check. */
export type CheckStep = "mapping" | "filtering" | "ports" | "hairpin" | "outside" | "proxy";

/** Progress, for people who wait. */
export interface CheckProgress {
  /** Transport. */
  readonly protocol: Protocol;
  /** What has ended just now. */
  readonly step: CheckStep;
  /** Steps of both transports that have ended. */
  readonly done: number;
  /** All steps. */
  readonly total: number;
}

/** STUN servers by transport, in order of preference. */
export interface CheckServers {
  /** Asked over UDP. */
  readonly udp: readonly HostPort[];
  /** Asked over TCP. */
  readonly tcp: readonly HostPort[];
}

/** Options for {@linkcode checkNat}. */
export interface CheckNatOptions extends Pick<BindOptions, "device" | "mark"> {
  /** Network, clock and randomness. */
  readonly platform: Platform;
  /** Whom to ask. */
  readonly servers: CheckServers;
  /** IP version. @default {4} */
  readonly family?: Family | undefined;
  /** Transports. @default {["udp", "tcp"]} */
  readonly protocols?: readonly Protocol[] | undefined;
  /** Local port whose mapping is asked for; other probes use ports of their own. 0 takes any. @default {0} */
  readonly port?: number | undefined;
  /** Local address. @default {the one the system uses towards the servers} */
  readonly localAddress?: string | undefined;
  /** Told of every step that has ended. */
  readonly onProgress?: ((progress: CheckProgress) => void) | undefined;
  /** Somebody outside who knocks. @default {nobody} */
  readonly outsideProbe?: OutsideProbe | undefined;
  /** Limit of the whole; what is not known by then stays unknown. @default {10_000} */
  readonly deadlineMs?: number | undefined;
  /** Ends the check. */
  readonly signal?: AbortSignal | undefined;
}
