import { check } from "./errno.ts";
import type { Descriptor } from "./fd.ts";
import { libc } from "./libc.ts";
import * as linux from "./linux.ts";
import { setIntOption } from "./socket.ts";

/** struct sockaddr of AF_UNSPEC, as long as a sockaddr_in: IPv6 sockets take it, too. */
const NOBODY = new Uint8Array(16);

const KEEP_ALIVE = { level: linux.SOL_SOCKET, option: linux.SO_KEEPALIVE, name: "SO_KEEPALIVE" } as const;
const USER_TIMEOUT = {
  ...{ level: linux.IPPROTO_TCP, option: linux.TCP_USER_TIMEOUT },
  name: "TCP_USER_TIMEOUT",
} as const;

/**
 * Ends the connection of a TCP socket by RST, whatever state it is in, and leaves the socket as it was when it had
 * just been bound: the address and port stay its own, and it can connect again. Nothing is probed any more.
 *
 * @throws {SystemError}
 */
export function disconnectSocket(socket: Descriptor): void {
  check(libc().connect(socket.number, NOBODY, NOBODY.length), "connect", "disconnect socket");
  setIntOption(socket, KEEP_ALIVE, 0);
  setIntOption(socket, USER_TIMEOUT, 0);
}
