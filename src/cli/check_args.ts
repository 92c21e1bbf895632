import type { HostPort } from "../core/endpoint.ts";
import type { InterfaceSpec } from "../config/values.ts";
import type { SharedArgs } from "./command_args.ts";
import type { ReachSpec } from "./reach_args.ts";

/** `porthole check`. */
export interface CheckArgs extends SharedArgs {
  readonly command: "check";
  /** Where the mapping is looked at: a port, perhaps at a local address; absent: any port. */
  readonly bind: ReachSpec | undefined;
  readonly udp: boolean;
  readonly tcp: boolean;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly stun: readonly HostPort[];
  readonly interface: InterfaceSpec | undefined;
  readonly mark: number | undefined;
  /** URL of a reflector. */
  readonly reflector: string | undefined;
  /** As typed: `env:NAME`, `file:PATH` or a literal. */
  readonly token: string | undefined;
  /** Shows the evidence. */
  readonly verbose: boolean;
}
