import { check } from "./errno.ts";
import type { Descriptor } from "./fd.ts";
import { libc } from "./libc.ts";
import * as linux from "./linux.ts";
import { setIntOption } from "./socket.ts";

const KEEP_ALIVE = { level: linux.SOL_SOCKET, option: linux.SO_KEEPALIVE, name: "SO_KEEPALIVE" } as const;

/** SO_KEEPALIVE with the kernel's own times. @throws {SystemError} */
export function keepSocketAlive(socket: Descriptor): void {
  setIntOption(socket, KEEP_ALIVE, 1);
}

const QUICKACK = { level: linux.IPPROTO_TCP, option: linux.TCP_QUICKACK, name: "TCP_QUICKACK" } as const;

/** Before connecting: the handshake's last packet waits for the first data to go with. @throws {SystemError} */
export function acknowledgeWithData(socket: Descriptor): void {
  setIntOption(socket, QUICKACK, 0);
}

/** Ends that; what waits goes now, and later data is acknowledged as usual. @throws {SystemError} */
export function acknowledgeAtOnce(socket: Descriptor): void {
  setIntOption(socket, QUICKACK, 1);
}

/** TCP_CONGESTION. @throws {SystemError} ENOENT if the kernel has none of this name, EPERM if it is reserved. */
export function setCongestion(socket: Descriptor, name: string): void {
  const bytes = new TextEncoder().encode(name);
  check(
    libc().setsockopt(socket.number, linux.IPPROTO_TCP, linux.TCP_CONGESTION, bytes, bytes.length),
    "setsockopt",
    () => `use congestion control ${name}`,
  );
}

/** IP_TRANSPARENT or IPV6_TRANSPARENT: may be bound to addresses of others. @throws {SystemError} EPERM */
export function makeSocketTransparent(socket: Descriptor, family: 4 | 6): void {
  const option = family === 6
    ? { level: linux.IPPROTO_IPV6, option: linux.IPV6_TRANSPARENT, name: "IPV6_TRANSPARENT" }
    : { level: linux.IPPROTO_IP, option: linux.IP_TRANSPARENT, name: "IP_TRANSPARENT" };
  setIntOption(socket, option, 1);
}

/** IP_BIND_ADDRESS_NO_PORT: binding an address does not use a port up before connecting. @throws {SystemError} */
export function bindSocketWithoutPort(socket: Descriptor): void {
  const option = { level: linux.IPPROTO_IP, option: linux.IP_BIND_ADDRESS_NO_PORT };
  setIntOption(socket, { ...option, name: "IP_BIND_ADDRESS_NO_PORT" }, 1);
}

/** Makes the close of a descriptor whose owner thread is dead an RST; pipes and the like do not mind. */
export function resetOrphanOnClose(fd: number): void {
  const linger = new Int32Array([1, 0]);
  libc().setsockopt(fd, linux.SOL_SOCKET, linux.SO_LINGER, linger, 8);
}
