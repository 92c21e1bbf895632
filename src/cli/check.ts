import type { CheckArgs } from "./check_args.ts";
import type { HostSession } from "./session.ts";

/** `porthole check`. */
export function runCheck(_args: CheckArgs, _session: HostSession): Promise<number> {
  throw new TypeError("Cannot run check: not built yet");
}
