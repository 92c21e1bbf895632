import type { ReflectorArgs } from "./reach_args.ts";
import type { HostSession } from "./session.ts";

/** `porthole reflector`. */
export function runReflector(_args: ReflectorArgs, _session: HostSession): Promise<number> {
  throw new TypeError("Cannot run reflector: not built yet");
}
