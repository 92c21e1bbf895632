import {
  copyDescriptor,
  type Descriptor,
  isSocketIpv6Only,
  openPidfd,
  setSocketSharing,
  type SocketSharing,
  socketSharing,
  SystemError,
} from "../../ffi/mod.ts";
import { socketInode } from "./find_holders.ts";

/** A socket of another process, by one of its descriptors. */
export interface GrippedSocket {
  readonly pid: number;
  readonly fd: number;
  readonly inode: number;
}

/** What a socket was like before it was touched. */
export interface SocketState extends SocketSharing {
  /** An IPv6 socket that takes no IPv4. */
  readonly isIpv6Only: boolean;
}

/** Changes sockets of other processes. */
export interface SocketGrip {
  /**
   * Reads a socket, and sets what `change` says, if it says something. Nothing of it stays open here.
   *
   * @returns What it was like before; `undefined` if the descriptor has gone, or is another file by now.
   * @throws {SystemError} From `pidfd_open` or `pidfd_getfd`: EPERM, ENOSYS, EMFILE, ….
   */
  change(
    socket: GrippedSocket,
    change: (now: SocketState) => SocketSharing | undefined,
  ): SocketState | undefined;
}

/** What a process or descriptor that has gone is answered with. */
const GONE: ReadonlySet<string> = new Set(["ESRCH", "EBADF"]);

/**
 * The kernel's own. A copy lives for this one call only: one that was kept would keep a listener open after its
 * service had ended, so that visitors hang and the service cannot start again.
 */
export const kernelGrip: SocketGrip = {
  change(socket, change): SocketState | undefined {
    try {
      using pidfd = openPidfd(socket.pid);
      using copy = copyDescriptor(pidfd, socket.fd);
      if (inodeOf(copy) !== socket.inode) return undefined;
      const before = { ...socketSharing(copy), isIpv6Only: isIpv6Only(copy) };
      const wanted = change(before);
      if (wanted !== undefined) setSocketSharing(copy, wanted);
      return before;
    } catch (error) {
      if (error instanceof SystemError && GONE.has(error.code)) return undefined;
      throw error;
    }
  },
};

function inodeOf(copy: Descriptor): number | undefined {
  return socketInode(Deno.readLinkSync(`/proc/self/fd/${copy.number}`));
}

function isIpv6Only(copy: Descriptor): boolean {
  try {
    return isSocketIpv6Only(copy);
  } catch (error) {
    if (error instanceof SystemError) return false; // IPv4
    throw error;
  }
}
