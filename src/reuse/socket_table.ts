import { type Endpoint, type Family, formatAddress } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";

/** One socket as /proc/net/{tcp,tcp6,udp,udp6} lists it. */
export interface SocketRow {
  readonly protocol: Protocol;
  /** Of the table: a row of `tcp6` may have an IPv4 address (IPv4-mapped). */
  readonly family: Family;
  readonly local: Endpoint;
  /** TCP state by number (<net/tcp_states.h>); UDP has 1 (connected) and 7. */
  readonly state: number;
  /** Whose socket it is, as this user namespace numbers users. */
  readonly uid: number;
  /** 0 where no descriptor belongs to it: TIME_WAIT, orphans, requests. */
  readonly inode: number;
}

/** States of a TCP socket that this module's readers tell apart. */
export const TCP_STATE = { established: 1, synRecv: 3, timeWait: 6, close: 7, listen: 10 } as const;

/** Address bytes as hexadecimal words in host order, a colon, the port; both columns have this form. */
const ENDPOINT = /^((?:[0-9A-Fa-f]{8}){1,4}):([0-9A-Fa-f]{4})$/;

/** Both architectures are. */
const HOST_IS_LITTLE_ENDIAN = true;

/** Options for {@linkcode parseSocketTable}. */
export interface SocketTableOptions {
  readonly protocol: Protocol;
  readonly family: Family;
  /** Only rows of this local port; tables of busy servers have 100,000 lines. */
  readonly port?: number | undefined;
}

/** Reads a socket table of the kernel. Pure; lines that are none are left out, so any text gives rows. */
export function parseSocketTable(text: string, options: SocketTableOptions): readonly SocketRow[] {
  const { port } = options;
  const mark = port === undefined ? "" : `:${port.toString(16).toUpperCase().padStart(4, "0")} `;
  const rows: SocketRow[] = [];
  for (const line of text.split("\n")) {
    if (!line.includes(mark)) continue;
    const row = parseRow(line, options);
    if (row !== undefined && (port === undefined || row.local.port === port)) rows.push(row);
  }
  return rows;
}

function parseRow(line: string, { protocol, family }: SocketTableOptions): SocketRow | undefined {
  const columns = line.trim().split(/\s+/);
  const [slot, localText, , stateText] = columns;
  const local = parseLocal(localText ?? "", family);
  const state = parseNumber(stateText, 16);
  const uid = parseNumber(columns[7], 10);
  const inode = parseNumber(columns[9], 10);
  if (!/^\d+:$/.test(slot ?? "") || local === undefined) return undefined;
  if (state === undefined || uid === undefined || inode === undefined) return undefined;
  return { protocol, family, local, state, uid, inode };
}

function parseLocal(text: string, family: Family): Endpoint | undefined {
  const [, words = "", port = ""] = ENDPOINT.exec(text) ?? [];
  if (words.length !== (family === 6 ? 32 : 8)) return undefined;
  const bytes = new Uint8Array(words.length / 2);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < bytes.length; i += 4) {
    view.setUint32(i, parseInt(words.slice(i * 2, i * 2 + 8), 16), HOST_IS_LITTLE_ENDIAN);
  }
  return { address: formatAddress(bytes), port: parseInt(port, 16) };
}

function parseNumber(text: string | undefined, radix: 10 | 16): number | undefined {
  const isNumber = radix === 10 ? /^\d{1,15}$/ : /^[0-9A-Fa-f]{1,8}$/;
  return text !== undefined && isNumber.test(text) ? parseInt(text, radix) : undefined;
}
