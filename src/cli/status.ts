import type { StatusArgs } from "./command_args.ts";
import type { Session } from "./session.ts";

/** `porthole status`. */
export function runStatus(_args: StatusArgs, _session: Session): Promise<number> {
  return Promise.reject(new Error("Not built yet"));
}
