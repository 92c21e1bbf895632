import { errorCode } from "../core/errors.ts";
import { SocketInUseError, SocketPathError } from "./status_errors.ts";

/** Bytes of `sun_path` without the zero at its end (unix(7)); macOS has fewer. */
const MAX_PATH_BYTES: number = Deno.build.os === "linux" ? 107 : 103;

/**
 * Makes the place for a Unix socket ready: its folder is created (0700) if there is none, and a socket file that
 * nobody answers on any more is removed.
 *
 * @throws {SocketInUseError} If somebody answers on it.
 * @throws {SocketPathError} If the path is too long, or something else than a socket is there, or the folder belongs
 *   to another user, who could put his own socket in our place.
 * @throws {Error} With the kernel's `code` for everything else.
 */
export async function prepareSocketPath(path: string): Promise<void> {
  const bytes = new TextEncoder().encode(path).length;
  if (bytes > MAX_PATH_BYTES) {
    throw new SocketPathError(path, `the path has ${bytes} bytes, ${MAX_PATH_BYTES} are the most`);
  }
  await prepareFolder(path);
  const before = await lstat(path);
  if (before === undefined) return;
  if (!before.isSocket) {
    throw new SocketPathError(path, "something else than a socket is there; move it away");
  }
  if (await isAnswered(path)) throw new SocketInUseError(path);
  // Another daemon that starts just now may have put its own there meanwhile.
  if ((await lstat(path))?.ino !== before.ino) throw new SocketInUseError(path);
  await Deno.remove(path);
}

/**
 * Runs `bind` so that the socket it creates is for this user only from its first moment: the mode of a socket file is
 * 0777 without the umask's bits, and a chmod afterwards would leave a gap. The umask is the process's, so `bind` must
 * be done when it returns; a file that another thread creates just then comes out narrower, never wider.
 */
export function bindPrivately<T>(path: string, bind: () => T): T {
  const umask = Deno.umask(0o177);
  try {
    return bind();
  } catch (error) {
    throw errorCode(error) === "EADDRINUSE" ? new SocketInUseError(path, { cause: error }) : error;
  } finally {
    Deno.umask(umask);
  }
}

async function prepareFolder(path: string): Promise<void> {
  const slash = path.lastIndexOf("/");
  const folder = slash < 0 ? "." : path.slice(0, slash) || "/";
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const { uid } = await Deno.stat(folder);
  const own = Deno.uid();
  // Root's folders are as good as ours; root itself may use anybody's.
  if (own === 0 || own === null || uid === null || uid === 0 || uid === own) return;
  throw new SocketPathError(path, `the folder belongs to another user (${uid})`);
}

async function lstat(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function isAnswered(path: string): Promise<boolean> {
  try {
    using _connection = await Deno.connect({ transport: "unix", path });
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === "ECONNREFUSED" || code === "ENOENT") return false;
    // A full backlog (EAGAIN) or a socket we may not open is somebody's.
    if (code === "EAGAIN" || code === "EACCES") return true;
    throw error;
  }
}
