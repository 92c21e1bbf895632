import type { Endpoint } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";
import { findHolders, type SocketHolder } from "./find_holders.ts";
import { type OwnRights, readOwnRights } from "./own_rights.ts";
import { type PortRows, sortRows } from "./port_rows.ts";
import type { ProcFiles } from "./proc_files.ts";
import type { ShareRefusal } from "./share_refusal.ts";
import { parseSocketTable, type SocketRow } from "./socket_table.ts";

/** A socket of another process, and who has it. */
export interface HeldSocket {
  readonly row: SocketRow;
  /** Never empty. */
  readonly holders: readonly SocketHolder[];
}

/** What is on a port, without anything having been touched. */
export interface PortSurvey {
  /** Take what comes to the endpoint, and belong to others. */
  readonly serving: readonly HeldSocket[];
  /** Serve `[::]`, and so IPv4 as well, or not. */
  readonly perhaps: readonly HeldSocket[];
  /** Connections of others from or to the port. */
  readonly connections: readonly HeldSocket[];
  /** Connections without a descriptor: they go by themselves, within a minute. */
  readonly orphanCount: number;
  /** Where else the port is served. */
  readonly elsewhere: readonly Endpoint[];
  /** Why somebody who serves the endpoint cannot be named. */
  readonly obstacle: ShareRefusal | undefined;
  /** The same of somebody who perhaps does not matter. */
  readonly doubt: ShareRefusal | undefined;
}

/** Options for {@linkcode surveyPort}. */
export interface SurveyOptions {
  readonly files: ProcFiles;
  /** Sockets of this process are never named. */
  readonly ownPid: number;
}

/**
 * All sockets of a port, of both families. Where others come and go while the kernel writes its table it may leave a
 * row out, so a missing one proves nothing; that it may write one twice is made good here.
 *
 * @throws {Error} If /proc cannot be read.
 */
export async function readSocketRows(
  protocol: Protocol,
  port: number,
  files: ProcFiles,
): Promise<readonly SocketRow[]> {
  const [ipv4, ipv6] = await Promise.all([
    files.readText(`/proc/net/${protocol}`),
    files.readText(`/proc/net/${protocol}6`).catch(() => ""), // a kernel without IPv6
  ]);
  const seen = new Set<number>();
  return [
    ...parseSocketTable(ipv4, { protocol, family: 4, port }),
    ...parseSocketTable(ipv6, { protocol, family: 6, port }),
  ].filter(({ inode }) => inode === 0 || (!seen.has(inode) && seen.add(inode)));
}

/** The same, sorted for an endpoint that is to be bound. @throws {Error} If /proc cannot be read. */
export async function readPortRows(
  protocol: Protocol,
  local: Endpoint,
  files: ProcFiles,
): Promise<PortRows> {
  return sortRows(await readSocketRows(protocol, local.port, files), local);
}

/** Finds out who holds the port of an endpoint. @throws {Error} If /proc cannot be read. */
export async function surveyPort(
  protocol: Protocol,
  local: Endpoint,
  options: SurveyOptions,
): Promise<PortSurvey> {
  const { files, ownPid } = options;
  const rows = await readPortRows(protocol, local, files);
  const all = [...rows.serving, ...rows.perhaps, ...rows.connections];
  const { holders, sawAll } = await findHolders(new Set(all.map(({ inode }) => inode)), files);
  const isOwn = ({ inode }: SocketRow): boolean =>
    inode !== 0 && holders.get(inode)?.some(({ pid }) => pid === ownPid) === true;
  const heldOf = (list: readonly SocketRow[]): HeldSocket[] =>
    list.flatMap((row) => {
      const found = isOwn(row) ? undefined : holders.get(row.inode);
      return found === undefined ? [] : [{ row, holders: found }];
    });
  const isHidden = (row: SocketRow): boolean => !holders.has(row.inode);
  const hidden = rows.serving.find(isHidden);
  const doubtful = rows.perhaps.find(isHidden) ?? rows.connections.find(isHidden);
  const isOurs = rows.serving.length > 0 && rows.serving.every(isOwn);
  const rights = hidden ?? doubtful ? await readOwnRights(files) : undefined;
  const whyNot = (row: SocketRow | undefined): ShareRefusal | undefined =>
    row === undefined || rights === undefined ? undefined : whyHidden(row, sawAll, rights);
  return {
    serving: heldOf(rows.serving),
    perhaps: heldOf(rows.perhaps),
    connections: heldOf(rows.connections),
    orphanCount: rows.orphanCount,
    elsewhere: rows.elsewhere.map((row) => row.local),
    obstacle: isOurs ? { kind: "own-socket" } : whyNot(hidden),
    doubt: whyNot(doubtful),
  };
}

function whyHidden(
  { inode, uid }: SocketRow,
  sawAll: boolean,
  { missing, isContained }: OwnRights,
): ShareRefusal {
  if (inode === 0) return { kind: "kernel-socket", inode };
  if (!sawAll) return { kind: "owner-hidden", inode, uid, missing };
  return isContained ? { kind: "other-namespace", inode, uid } : { kind: "kernel-socket", inode };
}
