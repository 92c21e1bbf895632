import type { HostPort } from "../core/endpoint.ts";
import type { BindSpec, InterfaceSpec } from "../config/values.ts";
import type { SharedArgs } from "./command_args.ts";

/** `porthole check`. */
export interface CheckArgs extends SharedArgs {
  readonly command: "check";
  /** Where the mapping is looked at; absent: any port. */
  readonly bind: BindSpec | undefined;
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
