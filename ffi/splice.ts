import { lastErrno, libc } from "./libc.ts";
import { SPLICE_F_MOVE, SPLICE_F_NONBLOCK } from "./linux.ts";

/** SPLICE_F_MORE is left out on purpose: it delays small tails. */
const FLAGS = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;

/**
 * Moves bytes between a socket and a pipe without copying them here. A short count does not mean that the source
 * is empty: the slots of a pipe fill before its bytes do.
 *
 * A socket whose peer is gone raises SIGPIPE, which the runtime ignores.
 *
 * @returns Bytes moved, 0 at the end of the stream, or the negative errno.
 */
export function spliceBytes(from: number, to: number, bytes: number): number {
  const count = libc().splice(from, null, to, null, bytes, FLAGS);
  return count >= 0 ? count : -lastErrno();
}
