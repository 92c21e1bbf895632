import { observeDescriptors, silenceEventFd } from "../../ffi/mod.ts";
import { errorCode, errorMessage } from "../core/errors.ts";
import type { LogFields } from "../core/log.ts";
import { AccessGuard } from "./access_guard.ts";
import { SharedCounters } from "./counters.ts";
import { DataLoop } from "./data_loop.ts";
import { FdLedger } from "./fd_ledger.ts";
import type { RelayParts, TunnelRelay } from "./relay_host.ts";
import { SessionCap } from "./session_cap.ts";
import { TcpListener } from "./tcp_listener.ts";
import { TcpShared } from "./tcp_shared.ts";
import { TokenBucket } from "./token_bucket.ts";
import { UdpEngine } from "./udp_engine.ts";
import { UdpRelay } from "./udp_relay.ts";
import type { TunnelConfig, WorkerReport, WorkerRequest } from "./worker_messages.ts";
import { RecordPacker } from "./worker_records.ts";
import { WorkerVitals } from "./worker_vitals.ts";

/** Records wait so long for others: a message each would cost more than the connection. */
const RECORDS_DELAY_MS = 20;

/** So many are sent at once: 48 KiB. */
const RECORDS_MAX = 512;

/** A failing target is reported so often at most. */
const TARGET_FAILED_PAUSE_MS = 1000;

/** Macrotasks granted for the delivery of requests; each is far below a millisecond. */
const DELIVERY_TURNS_MAX = 2000;

/** What the other side of {@linkcode DataWorker} is. */
export interface DataWorkerPort {
  post(report: WorkerReport): void;
  /** Ends the thread. */
  close(): void;
}

type StartRequest = Extract<WorkerRequest, { readonly type: "start" }>;

/** The data plane inside its thread: takes requests while awake, moves bytes otherwise. */
export class DataWorker {
  readonly #port: DataWorkerPort;
  readonly #bellFd: number;
  readonly #vitals: WorkerVitals;
  readonly #loop: DataLoop;
  readonly #tcp: TcpShared;
  /** Opened by the first UDP tunnel. */
  #udp: UdpEngine | undefined;
  readonly #cap: SessionCap;
  readonly #relays = new Map<number, TunnelRelay>();
  readonly #records = new RecordPacker(RECORDS_MAX);
  #flushTimer: Disposable | undefined;
  #taken = 1; // the start itself
  #isStopped = false;

  /** Takes what the main thread made for it. @throws {SystemError} */
  constructor(port: DataWorkerPort, start: StartRequest) {
    this.#port = port;
    this.#bellFd = start.bellFd;
    this.#vitals = new WorkerVitals(start.vitals);
    this.#cap = new SessionCap(start.maxSessions);
    observeDescriptors(new FdLedger(start.ledger));
    this.#loop = new DataLoop({ bell: start.bellFd, onWake: () => this.#vitals.beat() });
    this.#tcp = new TcpShared(this.#loop);
  }

  /** Serves until stopped, then closes everything and ends the thread. A fault is reported; the rest is lost. */
  async run(): Promise<void> {
    try {
      await this.#serve();
    } catch (error) {
      this.#flush(); // what was seen before it is true all the same
      const { message, stack } = error instanceof Error ? error : new Error(String(error));
      this.#port.post({ type: "failed", reason: stack ?? message });
    }
  }

  async #serve(): Promise<void> {
    this.#port.post({ type: "ready" });
    while (!this.#isStopped) {
      await this.#deliver();
      if (!this.#isStopped) this.#loop.runUntilBell();
      silenceEventFd(this.#bellFd);
    }
    this.#close();
  }

  /** Takes one request; its own faults are answers. */
  take(request: WorkerRequest): void {
    this.#taken++;
    switch (request.type) {
      case "add":
        return this.#add(request.tunnel);
      case "targets":
        return this.#relays.get(request.id)?.setTargets(request.targets);
      case "remove":
        return this.#remove(request.id);
      case "stop":
        this.#isStopped = true;
        return;
      case "crash":
        // In the loop, where a bug would be.
        return this.#loop.defer(request.how === "hang" ? hang : crash);
      case "start":
        throw new TypeError("Cannot start twice");
    }
  }

  /** Lets the runtime hand over what was posted: it does so only between macrotasks. */
  async #deliver(): Promise<void> {
    for (let turn = 0; this.#taken < this.#vitals.sent && turn < DELIVERY_TURNS_MAX; turn++) {
      await new Promise<void>((resolve) => setTimeout(resolve, 0));
    }
  }

  #add(tunnel: TunnelConfig): void {
    const { id } = tunnel;
    try {
      const parts = this.#partsOf(tunnel);
      const relay = tunnel.options.protocol === "tcp"
        ? new TcpListener(parts, this.#tcp)
        : new UdpRelay(parts, { engine: this.#udp ??= UdpEngine.open() });
      relay.setTargets(tunnel.targets);
      this.#relays.set(id, relay);
      this.#port.post({ type: "added", id });
    } catch (error) {
      const problem = { message: errorMessage(error), code: errorCode(error) };
      this.#port.post({ type: "added", id, problem });
    }
  }

  #partsOf({ id, fd, internal, options, counters }: TunnelConfig): RelayParts {
    const { access } = options;
    const loop = this.#loop;
    const isLimited = access.bytesPerSecond !== undefined;
    let mayReportMs = -Infinity;
    return {
      loop,
      fd,
      internal,
      options,
      counters: new SharedCounters(counters),
      guard: new AccessGuard(access),
      bucket: isLimited ? new TokenBucket(access.bytesPerSecond, loop.nowMs()) : undefined,
      cap: this.#cap,
      onClient: (record) => {
        this.#records.add(id, record);
        this.#flushLater();
      },
      onTargetFailed: () => {
        if (loop.nowMs() < mayReportMs) return;
        mayReportMs = loop.nowMs() + TARGET_FAILED_PAUSE_MS;
        this.#port.post({ type: "target-failed", id });
      },
      log: (level, message, fields: LogFields) =>
        this.#port.post({ type: "log", level, message, fields: { tunnel: options.name, ...fields } }),
    };
  }

  #remove(id: number): void {
    this.#relays.get(id)?.[Symbol.dispose]();
    this.#relays.delete(id);
    this.#loop.closeNow();
    this.#flush();
    this.#port.post({ type: "removed", id });
  }

  #flushLater(): void {
    if (this.#records.isFull) return this.#flush();
    this.#flushTimer ??= this.#loop.after(RECORDS_DELAY_MS, () => this.#flush());
  }

  #flush(): void {
    this.#flushTimer?.[Symbol.dispose]();
    this.#flushTimer = undefined;
    if (!this.#records.isEmpty) this.#port.post({ type: "clients", packed: this.#records.take() });
  }

  #close(): void {
    for (const relay of this.#relays.values()) relay[Symbol.dispose]();
    this.#relays.clear();
    this.#flush();
    this.#port.post({ type: "closing" });
    this.#tcp[Symbol.dispose]();
    this.#udp?.[Symbol.dispose]();
    this.#loop[Symbol.dispose]();
    observeDescriptors(undefined);
    this.#port.post({ type: "stopped" });
    this.#port.close();
  }
}

function crash(): never {
  throw new Error("Cannot go on: a crash was asked for");
}

function hang(): void {
  const never = new Int32Array(1);
  while (never[0] === 0) never[0] = 0;
}
