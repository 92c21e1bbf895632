import { errnoName, SystemError } from "./errno.ts";
import type { Descriptor } from "./fd.ts";
import { lastErrno, libc } from "./libc.ts";
import { openDatagramSocket, openStreamSocket } from "./socket.ts";

/** (gid_t) -1: fchown() leaves the group alone. (uid_t) -1: setfsuid() changes nothing and only tells. */
const UNCHANGED = 0xffff_ffff;

/**
 * Opens a TCP or UDP socket that belongs to another user, which SO_REUSEPORT asks for: by fchown() (CAP_CHOWN), else
 * under that user's file system uid (CAP_SETUID), which only this thread has, for this one call.
 *
 * @throws {SystemError} From `fchown`: EPERM if neither is allowed, EINVAL if the user namespace has no such user.
 */
export function openOwnedSocket(kind: "stream" | "datagram", options: OwnedSocketOptions): Descriptor {
  const { family, uid } = options;
  const open = (): Descriptor => kind === "stream" ? openStreamSocket(family) : openDatagramSocket(family);
  using rollback = new DisposableStack();
  const socket = rollback.use(open());
  if (libc().fchown(socket.number, uid, UNCHANGED) === 0) {
    rollback.move();
    return socket;
  }
  const errno = lastErrno();
  const made = errnoName(errno) === "EPERM" ? underUid(uid, open) : undefined;
  if (made === undefined) throw new SystemError(errno, "fchown", `give socket to uid ${uid}`);
  return made;
}

/** Options for {@linkcode openOwnedSocket}. */
export interface OwnedSocketOptions {
  readonly family: 4 | 6;
  /** Who it is to belong to. */
  readonly uid: number;
}

/** @returns `undefined` if this thread may not act as that user. */
function underUid<T>(uid: number, work: () => T): T | undefined {
  // glibc applies seteuid() to every thread of the runtime; setfsuid() stays on this one.
  const own = libc().setfsuid(uid) >>> 0;
  try {
    // It reports no error, only who we were.
    return (libc().setfsuid(UNCHANGED) >>> 0) === uid ? work() : undefined;
  } finally {
    libc().setfsuid(own);
  }
}
