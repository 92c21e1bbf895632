import type { RunArgs } from "./command_args.ts";
import type { Session } from "./session.ts";

/** `porthole run`. */
export function runRun(_args: RunArgs, _session: Session): Promise<number> {
  return Promise.reject(new Error("Not built yet"));
}
