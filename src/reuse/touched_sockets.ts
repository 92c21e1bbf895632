import { type SocketSharing, SystemError } from "../../ffi/mod.ts";
import type { Protocol } from "../core/mapping.ts";
import { findHolders, type SocketHolder } from "./find_holders.ts";
import { isServing } from "./port_rows.ts";
import { type HeldSocket, readSocketRows } from "./port_survey.ts";
import type { ProcFiles } from "./proc_files.ts";
import type { SocketRow } from "./socket_table.ts";
import type { SocketGrip } from "./socket_grip.ts";

/** A change that was made to a socket. */
export interface SocketChange {
  readonly before: SocketSharing;
  readonly wanted: SocketSharing;
}

interface Touched extends SocketChange {
  readonly row: SocketRow;
  readonly holders: readonly SocketHolder[];
}

/** What {@linkcode TouchedSockets} works with. */
export interface TouchedSocketsOptions {
  readonly files: ProcFiles;
  readonly grip: SocketGrip;
  readonly ownPid: number;
}

/** Sockets of others that were changed, with what they were like. No descriptor of theirs is kept. */
export class TouchedSockets {
  readonly #options: TouchedSocketsOptions;
  readonly #touched = new Map<number, Touched>();

  /** Takes note of nothing yet. */
  constructor(options: TouchedSocketsOptions) {
    this.#options = options;
  }

  /** @returns Whether it is the first change of this socket: what it was before that is what counts. */
  note({ row, holders }: HeldSocket, change: SocketChange): boolean {
    const isFirst = !this.#touched.has(row.inode);
    if (isFirst) this.#touched.set(row.inode, { row, holders, ...change });
    return isFirst;
  }

  /** What a socket was like before it was changed first; `undefined` if it was not. */
  before(inode: number): SocketSharing | undefined {
    return this.#touched.get(inode)?.before;
  }

  /** Gives some back what they had; what refuses stays noted. */
  restoreSome(inodes: readonly number[]): void {
    for (const inode of inodes) {
      const touched = this.#touched.get(inode);
      if (touched !== undefined && this.#restore(inode, touched.holders, touched)) {
        this.#touched.delete(inode);
      }
    }
  }

  /** The same for what is noted of a port. */
  restorePort(protocol: Protocol, port: number): void {
    const rows = [...this.#touched.values()].map(({ row }) => row);
    this.restoreSome(
      rows.filter((row) => row.protocol === protocol && row.local.port === port).map(({ inode }) => inode),
    );
  }

  /**
   * Gives all back what they had, and what was accepted meanwhile, which inherited what we had set. Sockets that have
   * gone, or that their service changed itself, are left alone.
   *
   * @returns How many could not be restored.
   * @throws {Error} If /proc cannot be read.
   */
  async restoreAll(): Promise<number> {
    if (this.#touched.size === 0) return 0;
    const { files, ownPid } = this.#options;
    // The table may leave rows out: what was accepted meanwhile is looked for twice, the others are known.
    const seen = [...await this.#readRows(), ...await this.#readRows()];
    const rows = new Map(seen.map((row) => [row.inode, row]));
    for (const [inode, { row }] of this.#touched) rows.set(inode, row);
    const { holders } = await findHolders(new Set(rows.keys()), files);
    let left = 0;
    for (const [inode, row] of rows) {
      const found = holders.get(inode);
      if (found === undefined || found.some(({ pid }) => pid === ownPid)) continue;
      const change = this.#touched.get(inode) ?? this.#inherited(row, found);
      if (change !== undefined && !this.#restore(inode, found, change)) left++;
    }
    this.#touched.clear();
    return left;
  }

  async #readRows(): Promise<readonly SocketRow[]> {
    const ports = new Map<string, { protocol: Protocol; port: number }>();
    for (const { row: { protocol, local: { port } } } of this.#touched.values()) {
      ports.set(`${protocol} ${port}`, { protocol, port });
    }
    const tables = await Promise.all(
      [...ports.values()].map(({ protocol, port }) => readSocketRows(protocol, port, this.#options.files)),
    );
    return tables.flat().filter(({ inode }) => inode !== 0);
  }

  /** A connection that one of the processes accepted from the listener that we changed. */
  #inherited(row: SocketRow, holders: readonly SocketHolder[]): SocketChange | undefined {
    if (isServing(row)) return undefined; // a service that came later: what it has it set itself
    return this.#touched.values().find((touched) =>
      isServing(touched.row) && touched.row.protocol === row.protocol &&
      touched.row.local.port === row.local.port &&
      touched.holders.some(({ pid }) => holders.some((holder) => holder.pid === pid))
    );
  }

  /** @returns Whether it is as it was, or nothing that we have to care for. */
  #restore(inode: number, holders: readonly SocketHolder[], { before, wanted }: SocketChange): boolean {
    let hasRefused = false;
    for (const holder of holders) {
      try {
        const state = this.#options.grip.change({ ...holder, inode }, (now) => {
          const isOurs = now.reusePort === wanted.reusePort && now.reuseAddress === wanted.reuseAddress;
          return isOurs ? before : undefined;
        });
        if (state !== undefined) return true;
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        hasRefused = true;
      }
    }
    return !hasRefused;
  }
}
