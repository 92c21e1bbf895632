import { check } from "./errno.ts";
import { libc } from "./libc.ts";
import { SO_RCVBUF, SOL_SOCKET } from "./linux.ts";
import { SOL_UDP, UDP_GRO } from "./mmsg.ts";

// <asm-generic/socket.h>
const SO_RCVBUFFORCE = 33;

const value = new Int32Array(new ArrayBuffer(4));
const length = new Uint32Array(new ArrayBuffer(4));

/**
 * Asks for a receive buffer; beyond net.core.rmem_max only root gets it.
 *
 * @param fd A number, as the socket may be another thread's.
 * @returns What was granted, in bytes of payload as asked for (the kernel books twice as much).
 * @throws {SystemError}
 */
export function askReceiveBuffer(fd: number, bytes: number): number {
  value[0] = bytes;
  if (libc().setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, value, 4) !== 0) {
    value[0] = bytes;
    check(libc().setsockopt(fd, SOL_SOCKET, SO_RCVBUF, value, 4), "setsockopt", `set SO_RCVBUF to ${bytes}`);
  }
  length[0] = 4;
  check(libc().getsockopt(fd, SOL_SOCKET, SO_RCVBUF, value, length), "getsockopt", "read SO_RCVBUF");
  return Math.floor((value[0] ?? 0) / 2);
}

/** UDP_GRO: the kernel may join datagrams of one flow into one slot. @throws {SystemError} ENOPROTOOPT before Linux 5.0 */
export function joinReceivedDatagrams(fd: number): void {
  value[0] = 1;
  check(libc().setsockopt(fd, SOL_UDP, UDP_GRO, value, 4), "setsockopt", "set UDP_GRO");
}
