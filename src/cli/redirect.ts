import type { RedirectArgs } from "./redirect_args.ts";
import type { HostSession } from "./session.ts";

/** `porthole redirect`. */
export function runRedirect(_args: RedirectArgs, _session: HostSession): Promise<number> {
  throw new TypeError("Cannot run redirect: not built yet");
}
