import type { ConfigArgs } from "./command_args.ts";
import type { Session } from "./session.ts";

/** `porthole config`. */
export function runConfig(_args: ConfigArgs, _session: Session): Promise<number> {
  return Promise.reject(new Error("Not built yet"));
}
