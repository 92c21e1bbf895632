import type { ReadEnv } from "../text/lang.ts";

/** What the place of the socket depends on. */
export interface SocketPathOptions {
  readonly readEnv: ReadEnv;
  /** User of this process; `undefined` where there are none. */
  readonly uid: number | undefined;
  /** `Deno.build.os`. */
  readonly os: string;
}

const NAME = "porthole.sock";

/**
 * Where a daemon opens its socket unless told otherwise: `$PORTHOLE_SOCKET`, `$RUNTIME_DIRECTORY` (systemd; the
 * first of several), root's `/run/porthole`, `$XDG_RUNTIME_DIR/porthole`, else `/tmp/porthole-UID`.
 *
 * @returns `undefined` where there are no Unix sockets (Windows).
 */
export function defaultSocketPath(options: SocketPathOptions): string | undefined {
  return ownPaths(options)[0];
}

/**
 * Where a client looks for a daemon, in order. What `$PORTHOLE_SOCKET` names is the only place then: the answer of
 * another daemon would be worse than none. Users also look at root's, which has its own way of saying no.
 */
export function socketCandidates(options: SocketPathOptions): readonly string[] {
  const own = ownPaths(options);
  if (options.readEnv("PORTHOLE_SOCKET") || own.length === 0) return own.slice(0, 1);
  return [...new Set([...own, `/run/porthole/${NAME}`])];
}

function ownPaths({ readEnv, uid, os }: SocketPathOptions): readonly string[] {
  if (os === "windows") return [];
  const wanted = readEnv("PORTHOLE_SOCKET");
  const systemd = readEnv("RUNTIME_DIRECTORY")?.split(":")[0];
  const session = readEnv("XDG_RUNTIME_DIR");
  const isRoot = uid === 0;
  const paths = [
    wanted || undefined,
    systemd ? `${withoutSlash(systemd)}/${NAME}` : undefined,
    isRoot ? `/run/porthole/${NAME}` : undefined,
    session && !isRoot ? `${withoutSlash(session)}/porthole/${NAME}` : undefined,
    isRoot ? undefined : `/tmp/porthole-${uid ?? 0}/${NAME}`,
  ];
  return paths.filter((path) => path !== undefined);
}

function withoutSlash(path: string): string {
  return path.replace(/\/+$/, "");
}
