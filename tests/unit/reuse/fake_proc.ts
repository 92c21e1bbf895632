import { errnoName, SystemError } from "../../../ffi/mod.ts";
import { addressBytes, familyOf } from "../../../src/core/endpoint.ts";
import type { ProcFiles } from "../../../src/reuse/proc_files.ts";
import type { GrippedSocket, SocketGrip, SocketState } from "../../../src/reuse/socket_grip.ts";

/** A process of {@linkcode FakeProc}. */
export interface FakeProcess {
  readonly pid: number;
  readonly comm?: string;
  /** Links by descriptor; a number is the inode of a socket. */
  readonly fds: Readonly<Record<number, number | string>>;
  /** What listing its descriptors answers instead. */
  readonly listError?: "EACCES" | "ENOENT";
  /** What reading its links answers instead. */
  readonly linkError?: "EACCES" | "ENOENT";
  /** What copying its descriptors answers. */
  readonly copyError?: { readonly errno: number; readonly call: "pidfd_open" | "pidfd_getfd" };
}

/** A socket of {@linkcode FakeProc}. */
export interface FakeSocket {
  readonly table: "tcp" | "tcp6" | "udp" | "udp6";
  readonly address: string;
  readonly port: number;
  /** @default {10} LISTEN */
  readonly state?: number;
  /** @default {1000} */
  readonly uid?: number;
  readonly inode: number;
}

/** Errors of number 1, 13 and so on, as the kernel gives them. */
export const EPERM = 1;
export const ENOSYS = 38;

/** A /proc, and the sockets behind its descriptors, that exist in the test only. */
export class FakeProc implements ProcFiles, SocketGrip {
  readonly processes: FakeProcess[];
  readonly sockets: FakeSocket[];
  /** By inode; absent means nothing is set. */
  readonly states: Map<number, SocketState> = new Map();
  /** Contents by path. */
  readonly texts: Map<string, string> = new Map();
  /** Inodes changed, in order. */
  readonly changed: number[] = [];
  /** Calls that were made on them. */
  gripped = 0;
  /** Called before each grip: something happens meanwhile. */
  onGrip: (socket: GrippedSocket) => void = () => {};

  constructor(processes: readonly FakeProcess[], sockets: readonly FakeSocket[]) {
    this.processes = [...processes];
    this.sockets = [...sockets];
    this.texts.set("/proc/self/status", "Name:\tdeno\nCapEff:\t000001ffffffffff\n");
    this.texts.set("/proc/sys/kernel/osrelease", "6.18.44\n");
    this.texts.set("/proc/self/ns/pid", "pid:[4026531836]");
  }

  // deno-lint-ignore require-await
  async readText(path: string): Promise<string> {
    const [, table] = /^\/proc\/net\/(\w+)$/.exec(path) ?? [];
    if (table !== undefined) return tableOf(this.sockets.filter((socket) => socket.table === table));
    const [, pid] = /^\/proc\/(\d+)\/comm$/.exec(path) ?? [];
    if (pid !== undefined) return `${this.#process(Number(pid)).comm ?? "service"}\n`;
    const text = this.texts.get(path);
    if (text === undefined) throw failure("ENOENT");
    return text;
  }

  // deno-lint-ignore require-await
  async list(path: string): Promise<readonly string[]> {
    if (path === "/proc") return ["self", "net", ...this.processes.map(({ pid }) => `${pid}`)];
    const process = this.#process(Number(/^\/proc\/(\d+)\/fd$/.exec(path)?.[1]));
    if (process.listError !== undefined) throw failure(process.listError);
    return Object.keys(process.fds);
  }

  async readLink(path: string): Promise<string> {
    const [, pid, fd] = /^\/proc\/(\d+)\/fd\/(\d+)$/.exec(path) ?? [];
    if (pid === undefined) return await this.readText(path);
    const process = this.#process(Number(pid));
    const link = process.fds[Number(fd)];
    if (process.linkError !== undefined || link === undefined) throw failure(process.linkError ?? "ENOENT");
    return typeof link === "number" ? `socket:[${link}]` : link;
  }

  change(socket: GrippedSocket, change: Parameters<SocketGrip["change"]>[1]): SocketState | undefined {
    this.gripped++;
    this.onGrip(socket);
    const process = this.processes.find(({ pid }) => pid === socket.pid);
    if (process?.copyError !== undefined) {
      const { errno, call } = process.copyError;
      throw new SystemError(errno, call, `copy (${errnoName(errno)})`);
    }
    if (process?.fds[socket.fd] !== socket.inode) return undefined;
    const before = this.stateOf(socket.inode);
    const wanted = change(before);
    if (wanted !== undefined) {
      this.states.set(socket.inode, { ...before, ...wanted });
      this.changed.push(socket.inode);
    }
    return before;
  }

  stateOf(inode: number): SocketState {
    return this.states.get(inode) ?? { reusePort: false, reuseAddress: false, isIpv6Only: false };
  }

  #process(pid: number): FakeProcess {
    const process = this.processes.find((one) => one.pid === pid);
    if (process === undefined) throw failure("ENOENT");
    return process;
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** The text of a socket table as the kernel writes it. */
export function tableOf(sockets: readonly FakeSocket[]): string {
  const header =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
  const rows = sockets.map(({ table, address, port, state = 10, uid = 1000, inode }, i) => {
    const local = `${hexAddress(address, table.endsWith("6"))}:${hex(port, 4)}`;
    const remote = `${"0".repeat(table.endsWith("6") ? 32 : 8)}:0000`;
    const counters = "00000000:00000000 00:00000000 00000000";
    return `${`${i}`.padStart(4)}: ${local} ${remote} ${hex(state, 2)} ${counters} ${
      `${uid}`.padStart(5)
    }        0 ${inode} 1 0000000000000000 100 0 0 10 0`;
  });
  return [header, ...rows, ""].join("\n");
}

function hexAddress(address: string, isWide: boolean): string {
  const bytes = addressBytes(address) ?? new Uint8Array();
  const wide = isWide && familyOf(address) === 4
    ? Uint8Array.from([...new Array<number>(10).fill(0), 0xff, 0xff, ...bytes])
    : bytes;
  let text = "";
  for (let i = 0; i < wide.length; i += 4) {
    text += [...wide.subarray(i, i + 4)].reverse().map((byte) => hex(byte, 2)).join("");
  }
  return text;
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}
