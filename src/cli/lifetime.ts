import type { LifetimeArgs } from "./lifetime_args.ts";
import type { HostSession } from "./session.ts";

/** `porthole lifetime`. */
export function runLifetime(_args: LifetimeArgs, _session: HostSession): Promise<number> {
  throw new TypeError("Cannot run lifetime: not built yet");
}
