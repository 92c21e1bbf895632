import type { Endpoint } from "../core/endpoint.ts";
import type { LogFields } from "../core/log.ts";
import type { PackedRecords } from "./worker_records.ts";
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
  /** Only descriptors are left, which both threads may close now: whoever takes one from the ledger. */
  | { readonly type: "closing" }
  | { readonly type: "stopped" }
  /** A bug: the Worker does nothing more. */
  | { readonly type: "failed"; readonly reason: string }
  /** Records of clients. */
  | { readonly type: "clients"; readonly packed: PackedRecords }
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
