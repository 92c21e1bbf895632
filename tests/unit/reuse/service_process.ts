import type { Endpoint } from "../../../src/core/endpoint.ts";
import { findHolders, socketInode } from "../../../src/reuse/find_holders.ts";
import { readSocketRows } from "../../../src/reuse/port_survey.ts";
import { isServing } from "../../../src/reuse/port_rows.ts";
import { systemProc } from "../../../src/reuse/proc_files.ts";
import type { SocketRow } from "../../../src/reuse/socket_table.ts";
import { kernelGrip, type SocketState } from "../../../src/reuse/socket_grip.ts";

const CHILD = new URL("./service_child.ts", import.meta.url).pathname;

/** Another user than the one who runs the tests: "nobody". */
export const OTHER_UID = 65534;

/** What a service does to its socket. */
export interface ServiceOptions {
  readonly protocol: "tcp" | "udp";
  /** @default {"0.0.0.0"} */
  readonly address?: string;
  /** @default {0} */
  readonly port?: number;
  /** @default {true} for TCP, as most servers do; {false} for UDP */
  readonly reuseAddress?: boolean;
  /** @default {false} */
  readonly reusePort?: boolean;
  /** @default {false} */
  readonly isIpv6Only?: boolean;
  /** Whose the socket is. @default {OTHER_UID} */
  readonly uid?: number;
}

/** Why tests that touch other users' sockets cannot run here. */
export const skipReason: string | undefined = Deno.build.os !== "linux"
  ? "needs Linux"
  : Deno.uid() !== 0
  ? "needs root"
  : undefined;

/** A service in a process that the test started; disposing ends it. */
export class ServiceProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #options: ServiceOptions;
  /** It is bound to this one, of its address. */
  readonly port: number;
  /** Sees the port before anybody visits. */
  readonly inode: number;

  private constructor(child: Deno.ChildProcess, options: ServiceOptions, bound: readonly [number, number]) {
    this.#child = child;
    this.#options = options;
    [this.port, this.inode] = bound;
  }

  static async start(options: ServiceOptions): Promise<ServiceProcess> {
    const { protocol } = options;
    const defaults = { address: "0.0.0.0", port: 0, reuseAddress: protocol === "tcp", reusePort: false };
    const all = { ...defaults, isIpv6Only: false, uid: OTHER_UID, ...options };
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", CHILD, JSON.stringify(all)],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    await reader.cancel();
    const port = Number(new TextDecoder().decode(value));
    if (!(port > 0)) {
      await child.stdin.close();
      await child.status;
      throw new Error("Cannot start service: it did not bind");
    }
    const inode = await inodeOf(child.pid, protocol, port);
    return new ServiceProcess(child, all, [port, inode]);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Where it is reached on this machine. */
  get endpoint(): Endpoint {
    const { address = "0.0.0.0" } = this.#options;
    return { address: address.includes(":") ? "::1" : "127.0.0.1", port: this.port };
  }

  /** Its options, as the kernel has them now. */
  get state(): SocketState | undefined {
    return stateOf(this.pid, this.inode);
  }

  /** How many sockets of the internet it has open; what else a process opens is its runtime's. */
  get descriptorCount(): number {
    const unix = unixInodes(this.pid);
    return socketsOf(this.pid).filter(({ inode }) => !unix.has(inode)).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.close();
    await this.#child.status;
  }
}

/** Socket pairs come and go with the runtime's helper threads. */
function unixInodes(pid: number): ReadonlySet<number> {
  const rows = Deno.readTextFileSync(`/proc/${pid}/net/unix`).split("\n").slice(1);
  return new Set(rows.map((row) => Number(row.trim().split(/\s+/)[6])));
}

/** Descriptors of a process that are sockets; it may close one while we look. */
function socketsOf(pid: number): readonly { readonly fd: number; readonly inode: number }[] {
  const sockets: { fd: number; inode: number }[] = [];
  for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
    try {
      const inode = socketInode(Deno.readLinkSync(`/proc/${pid}/fd/${name}`));
      if (inode !== undefined) sockets.push({ fd: Number(name), inode });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return sockets;
}

function stateOf(pid: number, inode: number): SocketState | undefined {
  const socket = socketsOf(pid).find((one) => one.inode === inode);
  return socket && kernelGrip.change({ pid, ...socket }, () => undefined);
}

/** Rows of several looks: the kernel may leave some out while neighbours of the test come and go. */
async function rowsOf(protocol: "tcp" | "udp", port: number): Promise<readonly SocketRow[]> {
  const rows = new Map<number, SocketRow>();
  for (let i = 0; i < 3; i++) {
    for (const row of await readSocketRows(protocol, port, systemProc)) rows.set(row.inode, row);
  }
  return [...rows.values()];
}

async function inodeOf(pid: number, protocol: "tcp" | "udp", port: number): Promise<number> {
  const rows = (await rowsOf(protocol, port)).filter(isServing);
  const { holders } = await findHolders(new Set(rows.map(({ inode }) => inode)), systemProc);
  for (const [inode, list] of holders) {
    if (list.some((holder) => holder.pid === pid)) return inode;
  }
  throw new Error(`Cannot find the socket of process ${pid}`);
}

/** States of the connections of a port that a process holds. */
export async function connectionStates(pid: number, port: number): Promise<readonly SocketState[]> {
  const rows = (await rowsOf("tcp", port)).filter((row) => !isServing(row));
  return rows.map(({ inode }) => stateOf(pid, inode)).filter((state) => state !== undefined);
}
