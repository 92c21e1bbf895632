import type { Endpoint } from "../core/endpoint.ts";
import type { LogFields } from "../core/log.ts";
import type { ClientRecord } from "./forwarder.ts";
import type { ForwardOptions } from "./options.ts";

/** What the Worker needs for one tunnel; TCP and UDP alike. */
export interface TunnelConfig {
  /** Number of the tunnel within this process. */
  readonly id: number;
  /** Bound (TCP: listening) non-blocking socket; belongs to the main thread, which closes it afterwards. */
  readonly fd: number;
  /** What it is bound to. */
  readonly internal: Endpoint;
  readonly options: ForwardOptions;
  /** Of `SharedCounters`. */
  readonly counters: SharedArrayBuffer;
  readonly targets: readonly Endpoint[];
}

/** To the Worker; each is followed by a ring of the bell. */
export type WorkerRequest =
  | {
    readonly type: "start";
    /** An eventfd of the main thread. */
    readonly bellFd: number;
    /** Of `WorkerVitals`. */
    readonly vitals: SharedArrayBuffer;
    /** Of `FdLedger`. */
    readonly ledger: SharedArrayBuffer;
    /** Connections and sessions at a time, of all tunnels. */
    readonly maxSessions: number;
  }
  | { readonly type: "add"; readonly tunnel: TunnelConfig }
  | { readonly type: "targets"; readonly id: number; readonly targets: readonly Endpoint[] }
  | { readonly type: "remove"; readonly id: number }
  | { readonly type: "stop" }
  /** For tests: has the Worker fail as if by a bug, or hang. */
  | { readonly type: "crash"; readonly how: "throw" | "hang" };

/** From the Worker. */
export type WorkerReport =
  | { readonly type: "ready" }
  | { readonly type: "added"; readonly id: number; readonly problem?: WorkerProblem }
  | { readonly type: "removed"; readonly id: number }
  | { readonly type: "stopped" }
  /** A bug: the Worker does nothing more. */
  | { readonly type: "failed"; readonly reason: string }
  /** Records of clients, packed by `packRecord`. */
  | { readonly type: "clients"; readonly packed: readonly PackedValue[] }
  | { readonly type: "target-failed"; readonly id: number }
  | {
    readonly type: "log";
    readonly level: "info" | "warn" | "error";
    readonly message: string;
    readonly fields: LogFields;
  };

/** An error across threads. */
export interface WorkerProblem {
  readonly message: string;
  readonly code: string | undefined;
}

/** What a packed record is made of: a flat list costs a tenth of objects when it is cloned. */
export type PackedValue = string | number | undefined;

const VALUES_PER_RECORD = 12;

/** Appends one record to a flat list. */
export function packRecord(into: PackedValue[], tunnelId: number, record: ClientRecord): void {
  const { state, client, local, target } = record;
  into.push(tunnelId, state, client.address, client.port, local?.address, local?.port);
  into.push(target?.address, target?.port, record.bytesIn, record.bytesOut, record.durationMs, record.reason);
}

/** Reads what {@linkcode packRecord} wrote, in order. */
export function unpackRecords(
  packed: readonly PackedValue[],
  onRecord: (tunnelId: number, record: ClientRecord) => void,
): void {
  for (let i = 0; i + VALUES_PER_RECORD <= packed.length; i += VALUES_PER_RECORD) {
    const [id, state, address, port, localAddress, localPort, targetAddress, targetPort] = packed.slice(
      i,
      i + 8,
    );
    const [bytesIn, bytesOut, durationMs, reason] = packed.slice(i + 8, i + VALUES_PER_RECORD);
    const local = endpointFrom(localAddress, localPort);
    const target = endpointFrom(targetAddress, targetPort);
    onRecord(Number(id), {
      state: state === "opened" || state === "closed" ? state : "refused",
      client: { address: String(address), port: Number(port) },
      ...(local && { local }),
      ...(target && { target }),
      ...(typeof bytesIn === "number" && { bytesIn }),
      ...(typeof bytesOut === "number" && { bytesOut }),
      ...(typeof durationMs === "number" && { durationMs }),
      ...(typeof reason === "string" && { reason }),
    });
  }
}

function endpointFrom(address: PackedValue, port: PackedValue): Endpoint | undefined {
  return typeof address === "string" && typeof port === "number" ? { address, port } : undefined;
}
