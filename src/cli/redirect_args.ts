import type { Endpoint } from "../core/endpoint.ts";
import type { SharedArgs } from "./command_args.ts";

/** `porthole redirect`. */
export interface RedirectArgs extends SharedArgs {
  readonly command: "redirect";
  /** Where browsers come to. */
  readonly listen: readonly Endpoint[];
  /** Of the tunnel; `undefined`: the only TCP tunnel there is. */
  readonly name: string | undefined;
  readonly scheme: "http" | "https" | undefined;
  readonly status: "302" | "307" | undefined;
  /** Name in the new URL instead of the address. */
  readonly host: string | undefined;
  readonly socket: string | undefined;
}
