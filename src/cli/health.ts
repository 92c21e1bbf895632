import type { HealthArgs } from "./command_args.ts";
import type { Session } from "./session.ts";

/** `porthole health`. */
export function runHealth(_args: HealthArgs, _session: Session): Promise<number> {
  return Promise.reject(new Error("Not built yet"));
}
