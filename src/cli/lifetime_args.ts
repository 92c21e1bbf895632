import type { SharedArgs } from "./command_args.ts";

/** `porthole lifetime`. */
export interface LifetimeArgs extends SharedArgs {
  readonly command: "lifetime";
}
