import { NoDaemonError } from "../status/status_errors.ts";
import { socketCandidates } from "../status/socket_path.ts";
import type { ReadEnv } from "../text/lang.ts";

/** No daemon runs. */
export const EXIT_NO_DAEMON = 3;

/** What a daemon said, and where it was found. */
export interface DaemonAnswer<T> {
  /** Its Unix socket. */
  readonly path: string;
  readonly value: T;
}

/**
 * The sockets to look at: the one that was named, else the usual ones.
 *
 * @param named `--socket`.
 */
export function daemonSockets(named: string | undefined, readEnv: ReadEnv): readonly string[] {
  if (named !== undefined) return [named];
  return socketCandidates({ readEnv, uid: Deno.uid() ?? undefined, os: Deno.build.os });
}

/**
 * Asks the first daemon that is there.
 *
 * @throws {NoDaemonError} With all the paths, if there is none.
 * @throws What `ask` throws otherwise.
 */
export async function askDaemon<T>(
  paths: readonly string[],
  ask: (path: string) => Promise<T>,
): Promise<DaemonAnswer<T>> {
  for (const path of paths) {
    try {
      return { path, value: await ask(path) };
    } catch (error) {
      if (!(error instanceof NoDaemonError)) throw error;
    }
  }
  throw new NoDaemonError(paths);
}
