import { check } from "./errno.ts";
import type { Descriptor } from "./fd.ts";
import { libc } from "./libc.ts";
import * as linux from "./linux.ts";
import { intOption, setIntOption } from "./socket.ts";

/** What decides whether another socket can be bound to the port beside this one. */
export interface SocketSharing {
  /** SO_REUSEPORT. */
  readonly reusePort: boolean;
  /** SO_REUSEADDR. */
  readonly reuseAddress: boolean;
}

const REUSE_PORT = { level: linux.SOL_SOCKET, option: linux.SO_REUSEPORT, name: "SO_REUSEPORT" } as const;
const REUSE_ADDRESS = { level: linux.SOL_SOCKET, option: linux.SO_REUSEADDR, name: "SO_REUSEADDR" } as const;

/** Reads SO_REUSEPORT and SO_REUSEADDR. @throws {SystemError} ENOTSOCK */
export function socketSharing(socket: Descriptor): SocketSharing {
  return {
    reusePort: intOption(socket, linux.SOL_SOCKET, linux.SO_REUSEPORT) !== 0,
    reuseAddress: intOption(socket, linux.SOL_SOCKET, linux.SO_REUSEADDR) !== 0,
  };
}

/** Sets both; the kernel looks at them when the next socket is bound. @throws {SystemError} ENOTSOCK */
export function setSocketSharing(socket: Descriptor, sharing: SocketSharing): void {
  setIntOption(socket, REUSE_PORT, sharing.reusePort ? 1 : 0);
  setIntOption(socket, REUSE_ADDRESS, sharing.reuseAddress ? 1 : 0);
}

/** Whether an IPv6 socket takes no IPv4. @throws {SystemError} If it is not an IPv6 socket. */
export function isSocketIpv6Only(socket: Descriptor): boolean {
  return intOption(socket, linux.IPPROTO_IPV6, linux.IPV6_V6ONLY) !== 0;
}

/** Undoes SO_BINDTODEVICE. @throws {SystemError} EPERM without CAP_NET_RAW. */
export function releaseSocketFromDevice(socket: Descriptor): void {
  const none = new Uint8Array(1);
  check(
    libc().setsockopt(socket.number, linux.SOL_SOCKET, linux.SO_BINDTODEVICE, none, none.length),
    "setsockopt",
    "release socket from its interface",
  );
}
