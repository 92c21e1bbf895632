import { isHidden, type ProcFiles } from "./proc_files.ts";

/** A descriptor of a process that means a socket. */
export interface SocketHolder {
  readonly pid: number;
  readonly fd: number;
  /** Name of the process, as /proc/PID/comm has it. */
  readonly comm: string;
}

/** Who has the sockets that were asked for. */
export interface FoundHolders {
  /** By inode; the holders of each by ascending pid, so that a master comes before its workers. */
  readonly holders: ReadonlyMap<number, readonly SocketHolder[]>;
  /** Nothing of any process was hidden from us. */
  readonly sawAll: boolean;
}

/** Links read at once. */
const LINKS_PER_TURN = 64;

/** A process that shares a socket with hundreds of others needs no more names than these. */
const MAX_HOLDERS = 16;

/**
 * Looks through the descriptors of all processes for these sockets, once for all of them. Processes that end meanwhile
 * are no fault; those that are hidden from us are left out and told in `sawAll`.
 */
export async function findHolders(inodes: ReadonlySet<number>, files: ProcFiles): Promise<FoundHolders> {
  const holders = new Map<number, SocketHolder[]>();
  let sawAll = true;
  if (inodes.size === 0) return { holders, sawAll };
  const pids = (await files.list("/proc")).filter((name) => /^[1-9]\d*$/.test(name)).map(Number);
  for (const pid of pids.sort((a, b) => a - b)) {
    const found = await socketsOf(pid, inodes, files);
    sawAll &&= !found.isHidden;
    if (found.sockets.length === 0) continue;
    const comm = await nameOf(pid, files);
    for (const { fd, inode } of found.sockets) {
      const list = holders.get(inode) ?? [];
      if (list.length < MAX_HOLDERS) list.push({ pid, fd, comm });
      holders.set(inode, list);
    }
  }
  return { holders, sawAll };
}

interface ProcessSockets {
  readonly sockets: readonly { readonly fd: number; readonly inode: number }[];
  readonly isHidden: boolean;
}

async function socketsOf(
  pid: number,
  inodes: ReadonlySet<number>,
  files: ProcFiles,
): Promise<ProcessSockets> {
  const sockets: { fd: number; inode: number }[] = [];
  let hidden = false;
  try {
    const names = await files.list(`/proc/${pid}/fd`);
    for (let i = 0; i < names.length && !hidden; i += LINKS_PER_TURN) {
      await Promise.all(
        names.slice(i, i + LINKS_PER_TURN).map(async (name) => {
          try {
            const inode = socketInode(await files.readLink(`/proc/${pid}/fd/${name}`));
            if (inode !== undefined && inodes.has(inode)) sockets.push({ fd: Number(name), inode });
          } catch (error) {
            hidden ||= isHidden(error); // else it was closed since
          }
        }),
      );
    }
  } catch (error) {
    hidden = isHidden(error); // else the process has ended
  }
  return { sockets: sockets.sort((a, b) => a.fd - b.fd), isHidden: hidden };
}

/** The inode in a link of /proc/PID/fd, if it is a socket. */
export function socketInode(link: string): number | undefined {
  const [, digits] = /^socket:\[(\d{1,15})\]$/.exec(link) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

async function nameOf(pid: number, files: ProcFiles): Promise<string> {
  try {
    return printable(await files.readText(`/proc/${pid}/comm`));
  } catch {
    return "?"; // it has ended; whoever touches it next will see
  }
}

/** A process names itself: nothing of that may steer a terminal. */
function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.trimEnd().replace(/[\u0000-\u001f\u007f-\u009f]/g, "?") || "?";
}
