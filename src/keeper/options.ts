import type { Family, HostPort } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";
import type { PortSpec } from "./port_spec.ts";

/** What the keeper of one mapping has to know; nothing in it needs a default any more. */
export interface KeeperOptions {
  /** Name of the tunnel, for events. */
  readonly name: string;
  /** Its transport. */
  readonly protocol: Protocol;
  /** IP version of the mapping. */
  readonly family: Family;
  /** Which port to bind. */
  readonly port: PortSpec;
  /** Interface for SO_BINDTODEVICE. */
  readonly device?: string | undefined;
  /** SO_MARK. */
  readonly mark?: number | undefined;
  /** Keep-alive hosts (TCP only). */
  readonly keepAliveHosts: readonly HostPort[];
  /** Between keep-alives, in milliseconds. */
  readonly intervalMs: number;
  /** Between lookups without any doubt, in milliseconds. */
  readonly lookupIntervalMs: number;
  /** Announce although strangers were seen to be shut out. */
  readonly isForced: boolean;
}
