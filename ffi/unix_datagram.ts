import { check } from "./errno.ts";
import type { Descriptor } from "./fd.ts";
import { libc } from "./libc.ts";
import { AF_UNIX, LITTLE_ENDIAN, SOCK_DGRAM } from "./linux.ts";
import { openSocket } from "./socket.ts";

/** <linux/un.h>: sizeof(sockaddr_un.sun_path). */
const PATH_BYTES = 108;

/**
 * Builds sockaddr_un: of a path with its NUL, of an abstract name (`@…`) without one, since there every byte counts.
 *
 * @throws {RangeError} If the name is empty, has a NUL, or is too long (107 bytes, an abstract one 108 with its `@`).
 */
export function encodeUnixSockaddr(name: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(name);
  const isAbstract = name.startsWith("@");
  const longest = isAbstract ? PATH_BYTES : PATH_BYTES - 1;
  if (bytes.length <= (isAbstract ? 1 : 0) || bytes.length > longest || bytes.includes(0)) {
    throw new RangeError(
      `Cannot encode socket address ${JSON.stringify(name)}: not 1 to ${longest} bytes without NUL`,
    );
  }
  const out = new Uint8Array(new ArrayBuffer(2 + bytes.length + (isAbstract ? 0 : 1)));
  new DataView(out.buffer).setUint16(0, AF_UNIX, LITTLE_ENDIAN);
  out.set(bytes, 2);
  if (isAbstract) out[2] = 0;
  return out;
}

/** Opens a Unix datagram socket, non-blocking and not inherited by children; it has no name. @throws {SystemError} */
export function openUnixDatagramSocket(): Descriptor {
  return openSocket(AF_UNIX, SOCK_DGRAM, 0);
}

/** Binds a Unix socket. @param name A path, or `@…` for an abstract name. @throws {SystemError} EADDRINUSE, … */
export function bindUnixSocket(socket: Descriptor, name: string): void {
  const bytes = encodeUnixSockaddr(name);
  check(libc().bind(socket.number, bytes, bytes.length), "bind", () => `bind ${name}`);
}
