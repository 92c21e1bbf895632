import type { ResolveArgs } from "./find_args.ts";
import type { HostSession } from "./session.ts";

/** `porthole resolve`. */
export function runResolve(_args: ResolveArgs, _session: HostSession): Promise<number> {
  throw new TypeError("Cannot run resolve: not built yet");
}
