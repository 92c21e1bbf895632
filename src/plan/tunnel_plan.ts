import type { Family, HostPort } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";
import type { PortSpec } from "../keeper/port_spec.ts";

/** A user's program to run on events of a tunnel. */
export interface HookPlan {
  /** Program and leading arguments; never goes through a shell. */
  readonly run: readonly string[];
  /** Which arguments are appended: natmap's six. */
  readonly style: "natmap";
}

/** One planned public port, complete: nothing in it needs a default any more. */
export interface TunnelPlan {
  readonly name: string;
  readonly protocol: Protocol;
  readonly family: Family;
  /** Address to bind; `undefined` means the one the system uses towards the internet, looked up anew when it changes. */
  readonly bindAddress?: string | undefined;
  readonly port: PortSpec;
  /** Interface for SO_BINDTODEVICE. */
  readonly device?: string | undefined;
  /** SO_MARK. */
  readonly mark?: number | undefined;
  /** STUN servers of this protocol. */
  readonly stunServers: readonly HostPort[];
  /** STUN servers for the UDP canary of the local address; empty: no canary. */
  readonly canaryServers: readonly HostPort[];
  /** Keep-alive hosts (TCP only). */
  readonly keepAliveHosts: readonly HostPort[];
  /** Between keep-alives, in milliseconds. */
  readonly intervalMs: number;
  /** Between lookups without any doubt, in milliseconds. */
  readonly lookupIntervalMs: number;
  /** Announce although strangers were seen to be shut out. */
  readonly isForced: boolean;
  /** Serve the test page on the mapped port. */
  readonly servesTestPage: boolean;
  readonly hooks: readonly HookPlan[];
}
