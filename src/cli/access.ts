import type { AccessArgs } from "./find_args.ts";
import type { HostSession } from "./session.ts";

/** `porthole access`. */
export function runAccess(_args: AccessArgs, _session: HostSession): Promise<number> {
  throw new TypeError("Cannot run access: not built yet");
}
