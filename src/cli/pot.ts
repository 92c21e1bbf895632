import type { PotArgs } from "./find_args.ts";
import type { HostSession } from "./session.ts";

/** `porthole pot`. */
export function runPot(_args: PotArgs, _session: HostSession): Promise<number> {
  throw new TypeError("Cannot run pot: not built yet");
}
