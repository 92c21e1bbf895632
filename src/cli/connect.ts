import type { ConnectArgs } from "./find_args.ts";
import type { HostSession } from "./session.ts";

/** `porthole connect`. */
export function runConnect(_args: ConnectArgs, _session: HostSession): Promise<number> {
  throw new TypeError("Cannot run connect: not built yet");
}
