import type { Endpoint } from "../core/endpoint.ts";
import type { LogFields } from "../core/log.ts";
import type { AccessGuard } from "./access_guard.ts";
import type { RelayCounters } from "./counters.ts";
import type { LoopHost } from "./data_loop.ts";
import type { ClientRecord } from "./forwarder.ts";
import type { ForwardOptions } from "./options.ts";
import type { SessionCap } from "./session_cap.ts";
import type { TokenBucket } from "./token_bucket.ts";

/** One tunnel's relay inside the Worker, TCP or UDP. Disposing ends its sessions with reason "stopped". */
export interface TunnelRelay extends Disposable {
  /** For new sessions; running ones live on. Empty: there is no target now. */
  setTargets(targets: readonly Endpoint[]): void;
}

/** What a relay is made of; `new UdpRelay(parts)` and `new TcpListener(parts)` take it. */
export interface RelayParts {
  readonly loop: LoopHost;
  /** Bound (TCP: listening) socket; belongs to the main thread. The relay only takes it out of the loop. */
  readonly fd: number;
  /** What it is bound to. */
  readonly internal: Endpoint;
  readonly options: ForwardOptions;
  readonly counters: RelayCounters;
  readonly guard: AccessGuard;
  /** Bytes per second of the tunnel; absent: no limit. */
  readonly bucket: TokenBucket | undefined;
  /** Sessions of all tunnels together. */
  readonly cap: SessionCap;
  /** Tells of a client; sent in batches. */
  readonly onClient: (record: ClientRecord) => void;
  /** No target could be connected to. */
  readonly onTargetFailed: () => void;
  readonly log: (level: "info" | "warn" | "error", message: string, fields: LogFields) => void;
}
