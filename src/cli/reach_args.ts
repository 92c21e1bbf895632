import type { SharedArgs } from "./command_args.ts";

/** `porthole reach`. */
export interface ReachArgs extends SharedArgs {
  readonly command: "reach";
}

/** `porthole reflector`. */
export interface ReflectorArgs extends SharedArgs {
  readonly command: "reflector";
}
