import type { HostPort } from "../core/endpoint.ts";
import type { InterfaceSpec } from "../config/values.ts";
import type { SharedArgs } from "./command_args.ts";

/** `porthole lifetime`. */
export interface LifetimeArgs extends SharedArgs {
  readonly command: "lifetime";
  readonly tcp: boolean;
  readonly udp: boolean;
  /** The longest wait. */
  readonly maxMs: number | undefined;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  /** Empty: the built-in list. */
  readonly stun: readonly HostPort[];
  /** Empty: the built-in list. */
  readonly keepAlive: readonly HostPort[];
  readonly interface: InterfaceSpec | undefined;
  readonly mark: number | undefined;
}
