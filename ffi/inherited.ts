import { check, SystemError } from "./errno.ts";
import { Descriptor } from "./fd.ts";
import { libc } from "./libc.ts";
import * as linux from "./linux.ts";
import { intOption } from "./socket.ts";

/**
 * Takes the ownership of a descriptor that the program was started with: no program we start inherits it, and its
 * calls never wait (whoever shares it sees that, too).
 *
 * @throws {SystemError} EBADF if it is not open; then nobody owns it.
 */
export function adoptInherited(fd: number): Descriptor {
  const action = (): string => `adopt descriptor ${fd}`;
  const own = check(libc().fcntl(fd, linux.F_GETFD, 0), "fcntl", action);
  check(libc().fcntl(fd, linux.F_SETFD, own | linux.FD_CLOEXEC), "fcntl", action);
  const shared = check(libc().fcntl(fd, linux.F_GETFL, 0), "fcntl", action);
  check(libc().fcntl(fd, linux.F_SETFL, shared | linux.O_NONBLOCK), "fcntl", action);
  return new Descriptor(fd);
}

/** Whether a descriptor is a stream socket (TCP or Unix) that listens. */
export function isListeningStream(descriptor: Descriptor): boolean {
  try {
    return intOption(descriptor, linux.SOL_SOCKET, linux.SO_TYPE) === linux.SOCK_STREAM &&
      intOption(descriptor, linux.SOL_SOCKET, linux.SO_ACCEPTCONN) === 1;
  } catch (error) {
    // ENOTSOCK and the like: it is something else.
    if (error instanceof SystemError) return false;
    throw error;
  }
}
