import { ERRNO } from "./errno.ts";
import { lastErrno, libc } from "./libc.ts";
import { MSG_NOSIGNAL } from "./linux.ts";

/** <bits/socket.h>: more follows at once. */
const MSG_MORE = 0x8000;

/**
 * errno values that no socket call gives: another native call of this thread left them (ENOENT was seen once in
 * two million reads). The call is repeated for its real cause; its failure had no effect then.
 */
function isForeign(errno: number): boolean {
  return errno === ERRNO.EINTR || errno === 0 || errno === 2 /* ENOENT */ || errno === 25 /* ENOTTY */;
}

/**
 * Receives into `buffer` from its start.
 *
 * @param bytes At most so many; not more than the buffer has.
 * @returns Bytes received, 0 at the end of the stream, or the negative errno.
 */
export function receiveInto(fd: number, buffer: Uint8Array<ArrayBuffer>, bytes: number): number {
  let count = libc().recv_u32(fd, buffer, bytes, 0);
  if (count >= 0) return count;
  const errno = lastErrno();
  if (!isForeign(errno)) return -errno;
  count = libc().recv_u32(fd, buffer, bytes, 0);
  return count >= 0 ? count : -lastErrno();
}

/**
 * Sends the first `bytes` of `buffer`; never raises SIGPIPE.
 *
 * @param isLast Whether the stream is ended next: the kernel waits for that and sends both in one packet.
 * @returns Bytes taken, or the negative errno.
 */
export function sendFrom(
  fd: number,
  buffer: Uint8Array<ArrayBuffer>,
  bytes: number,
  isLast: boolean = false,
): number {
  const flags = isLast ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL;
  let count = libc().send_u32(fd, buffer, bytes, flags);
  if (count >= 0) return count;
  const errno = lastErrno();
  if (!isForeign(errno)) return -errno;
  count = libc().send_u32(fd, buffer, bytes, flags);
  return count >= 0 ? count : -lastErrno();
}
