import { type Endpoint, type Family, familyOf, unspecifiedAddress } from "../core/endpoint.ts";
import { type SocketRow, TCP_STATE } from "./socket_table.ts";

/** The rows of a port, seen from an endpoint of it that is to be bound. */
export interface PortRows {
  /** Take what comes to the endpoint: listeners, UDP sockets. */
  readonly serving: readonly SocketRow[];
  /** `[::]`: serve IPv4 as well, unless they are IPv6 only, which the table does not tell. */
  readonly perhaps: readonly SocketRow[];
  /** Connections that have a descriptor: what a listener accepted, or somebody's way out from the port. */
  readonly connections: readonly SocketRow[];
  /** Connections without a descriptor (TIME_WAIT, FIN-WAIT-2, …): they go by themselves, within a minute. */
  readonly orphanCount: number;
  /** Serve the port on other addresses only. */
  readonly elsewhere: readonly SocketRow[];
}

/** Sorts rows of a port by what they mean for binding `local`. Pure. */
export function sortRows(rows: readonly SocketRow[], local: Endpoint): PortRows {
  const serving: SocketRow[] = [];
  const perhaps: SocketRow[] = [];
  const connections: SocketRow[] = [];
  const elsewhere: SocketRow[] = [];
  let orphanCount = 0;
  for (const row of rows) {
    if (row.local.port !== local.port) continue;
    const overlap = overlapOf(row, local);
    if (isServing(row)) {
      if (overlap === "none") elsewhere.push(row);
      else (overlap === "sure" ? serving : perhaps).push(row);
    } else if (overlap !== "none" && row.state !== TCP_STATE.synRecv) { // a request holds no port
      if (row.inode === 0) orphanCount++;
      else connections.push(row);
    }
  }
  return { serving, perhaps, connections, orphanCount, elsewhere };
}

/** Whether something is asked for at the socket, rather than a conversation is going on. */
export function isServing({ protocol, state }: SocketRow): boolean {
  return protocol === "udp" || state === TCP_STATE.listen;
}

/** Whether both could not be bound side by side; our own IPv6 sockets are IPv6 only. */
function overlapOf(row: SocketRow, local: Endpoint): "sure" | "perhaps" | "none" {
  const rowFamily = familyOf(row.local.address);
  const family = familyOf(local.address);
  if (rowFamily !== family) {
    const isDualStack = rowFamily === 6 && row.local.address === unspecifiedAddress(6);
    return isDualStack ? "perhaps" : "none";
  }
  const own = withoutZone(local.address);
  const isSame = own === row.local.address || isUnspecified(own, family) ||
    isUnspecified(row.local.address, family);
  return isSame ? "sure" : "none";
}

function isUnspecified(address: string, family: Family): boolean {
  return address === unspecifiedAddress(family);
}

function withoutZone(address: string): string {
  return address.split("%")[0] ?? address;
}
