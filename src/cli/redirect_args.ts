import type { SharedArgs } from "./command_args.ts";

/** `porthole redirect`. */
export interface RedirectArgs extends SharedArgs {
  readonly command: "redirect";
}
