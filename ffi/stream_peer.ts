import { check, ERRNO, SystemError } from "./errno.ts";
import { Descriptor } from "./fd.ts";
import { lastErrno, libc } from "./libc.ts";
import { AF_INET, SOCK_CLOEXEC, SOCK_NONBLOCK } from "./linux.ts";
import { decodeSockaddr, SOCKADDR_BYTES, type SocketAddress } from "./sockaddr.ts";

const FLAGS = SOCK_CLOEXEC | SOCK_NONBLOCK;

/** Of this thread; what it holds is valid until the next call here. */
const nameBytes = new Uint8Array(new ArrayBuffer(SOCKADDR_BYTES));
const nameWords = new Uint32Array(nameBytes.buffer);
const lengthBuffer = new Uint32Array(new ArrayBuffer(4));

/**
 * As `acceptConnection`, without an object for the peer: {@linkcode streamHost}, {@linkcode streamPort} and
 * {@linkcode streamName} have it until the next call.
 *
 * @returns `undefined` if none is waiting.
 * @throws {SystemError} EMFILE, ECONNABORTED, …
 */
export function acceptStream(listener: number): Descriptor | undefined {
  lengthBuffer[0] = SOCKADDR_BYTES;
  const fd = libc().accept4(listener, nameBytes, lengthBuffer, FLAGS);
  if (fd >= 0) return new Descriptor(fd);
  const errno = lastErrno();
  if (errno === ERRNO.EAGAIN) return undefined;
  throw new SystemError(errno, "accept4", "accept connection");
}

/** Reads where a socket is bound, for {@linkcode streamHost} and its like. @throws {SystemError} */
export function readStreamName(socket: Descriptor): void {
  lengthBuffer[0] = SOCKADDR_BYTES;
  check(libc().getsockname(socket.number, nameBytes, lengthBuffer), "getsockname", "read local address");
}

/** The IPv4 address read last, its first byte the lowest; -1 if it is of another family. */
export function streamHost(): number {
  return ((nameWords[0] ?? 0) & 0xffff) === AF_INET ? nameWords[1] ?? 0 : -1;
}

/** The port read last, of either family. */
export function streamPort(): number {
  const half = (nameWords[0] ?? 0) >>> 16; // in network order
  return ((half & 0xff) << 8) | (half >>> 8);
}

/** What was read last; `undefined` if it is no IP address. */
export function streamName(): SocketAddress | undefined {
  return decodeSockaddr(nameBytes, lengthBuffer[0]);
}

/**
 * Begins to connect.
 *
 * @param sockaddr From `encodeSockaddr`.
 * @returns 0 if it has begun or is done, or the negative errno.
 */
export function connectStream(socket: Descriptor, sockaddr: Uint8Array<ArrayBuffer>): number {
  if (libc().connect(socket.number, sockaddr, sockaddr.length) === 0) return 0;
  const errno = lastErrno();
  // An interrupted connect() goes on in the background just as one in progress does.
  return errno === ERRNO.EINPROGRESS || errno === ERRNO.EINTR ? 0 : -errno;
}
