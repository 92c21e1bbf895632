import type { ReachArgs } from "./reach_args.ts";
import type { HostSession } from "./session.ts";

/** `porthole reach`. */
export function runReach(_args: ReachArgs, _session: HostSession): Promise<number> {
  throw new TypeError("Cannot run reach: not built yet");
}
