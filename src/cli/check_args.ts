import type { SharedArgs } from "./command_args.ts";

/** `porthole check`. */
export interface CheckArgs extends SharedArgs {
  readonly command: "check";
}
