import { closeOrphan, EventFd, resetOrphanOnClose } from "../../ffi/mod.ts";
import { backoffMs } from "../core/backoff.ts";
import { delay } from "../core/clock.ts";
import { errorMessage } from "../core/errors.ts";
import type { Platform } from "../core/platform.ts";
import { FdLedger } from "./fd_ledger.ts";
import type { WorkerReport, WorkerRequest } from "./worker_messages.ts";
import { WorkerVitals } from "./worker_vitals.ts";

/** The Worker is asked for a sign of life so often… */
const WATCH_MS = 2000;
/** …and is taken for dead after so many questions without one: 10 s. */
const MISSED_BEATS = 5;

/** A Worker that stops orderly needs a millisecond for each thousand connections. */
const STOP_LIMIT_MS = 150;

/** Connections closed by an RST take the kernel 15 µs each, so the main thread helps; so many at a time. */
const HELP_DESCRIPTORS = 512;

/** A hanging thread leaves JavaScript within this after its termination; then nobody uses its descriptors any more. */
const TERMINATION_MS = 20;

/** A Worker that ran so long before it died gets its successor at once. */
const STABLE_MS = 60_000;

/** Options for {@linkcode WorkerHost}. */
export interface WorkerHostOptions {
  readonly platform: Platform;
  /** Connections and sessions at a time. */
  readonly maxSessions: number;
  /** Descriptor numbers are below it. */
  readonly maxDescriptors: number;
  readonly onReport: (report: WorkerReport) => void;
  /** The Worker died with everything it had; its descriptors are closed. */
  readonly onLost: (reason: string) => void;
  /** Another one is ready, and empty. */
  readonly onRestarted: () => void;
}

/** One life of a Worker. */
interface Life {
  readonly worker: Worker;
  readonly bell: EventFd;
  readonly vitals: WorkerVitals;
  readonly ledger: FdLedger;
  readonly startedMs: number;
  readonly stopped: PromiseWithResolvers<void>;
  /** Closes descriptors together with the stopping Worker. */
  helping: Promise<void> | undefined;
  beats: number;
  missed: number;
}

/**
 * Starts the data plane's Worker, watches over it and starts it again when it dies. What a dead one held is closed
 * by RST from its ledger, so that no client waits for somebody who is gone.
 */
export class WorkerHost implements AsyncDisposable {
  readonly #options: WorkerHostOptions;
  readonly #closing = new AbortController();
  #life: Life | undefined;
  #watch: Disposable | undefined;
  #restarting: Promise<void> | undefined;
  #failures = 0;

  private constructor(options: WorkerHostOptions) {
    this.#options = options;
  }

  /** Starts it. @throws {Error} If the Worker cannot start here. */
  static async open(options: WorkerHostOptions): Promise<WorkerHost> {
    const host = new WorkerHost(options);
    await host.#begin();
    return host;
  }

  /** Whether requests are taken: a dead Worker's successor gets everything anew. */
  get isAlive(): boolean {
    return this.#life !== undefined;
  }

  /** Hands over a request; lost without a living Worker. */
  send(request: WorkerRequest): void {
    if (this.#life !== undefined) post(this.#life, request);
  }

  /** Stops it; at most 200 ms. Nothing of it remains. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new DOMException("The forwarder is closed", "AbortError"));
    this.#watch?.[Symbol.dispose]();
    await this.#restarting;
    const life = this.#life;
    this.#life = undefined;
    if (life === undefined) return;
    post(life, { type: "stop" });
    const { clock } = this.#options.platform;
    const limit = Promise.withResolvers<void>();
    using _timer = clock.schedule(STOP_LIMIT_MS, limit.resolve);
    await Promise.race([life.stopped.promise, limit.promise]);
    await this.#bury(life);
  }

  async #begin(): Promise<void> {
    const { platform, maxDescriptors, maxSessions } = this.#options;
    using rollback = new DisposableStack();
    const bell = rollback.use(new EventFd());
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "forward" });
    const ready = Promise.withResolvers<void>();
    const life: Life = {
      worker,
      bell,
      vitals: new WorkerVitals(),
      ledger: new FdLedger(maxDescriptors),
      startedMs: platform.clock.now(),
      stopped: Promise.withResolvers<void>(),
      helping: undefined,
      beats: 0,
      missed: 0,
    };
    const fail = (reason: string): void => {
      ready.reject(new Error(`Cannot start the forwarder's Worker: ${reason}`));
      if (this.#life === life) this.#lose(reason);
    };
    worker.onmessage = ({ data }: MessageEvent<WorkerReport>): void => {
      if (data.type === "ready") ready.resolve();
      else if (data.type === "closing") life.helping = this.#helpClosing(life);
      else if (data.type === "stopped") life.stopped.resolve();
      else if (data.type === "failed") fail(data.reason);
      else this.#options.onReport(data);
    };
    worker.onerror = (event): void => {
      event.preventDefault();
      fail(event.message);
    };
    const { bell: { descriptor }, vitals, ledger } = life;
    post(life, {
      type: "start",
      bellFd: descriptor.number,
      vitals: vitals.memory,
      ledger: ledger.memory,
      maxSessions,
    });
    try {
      await ready.promise;
    } catch (error) {
      worker.terminate();
      throw error;
    }
    rollback.move();
    this.#life = life;
    this.#watchLater(life);
  }

  #watchLater(life: Life): void {
    this.#watch = this.#options.platform.clock.schedule(WATCH_MS, () => {
      if (this.#life !== life) return;
      const { beats } = life.vitals;
      life.missed = beats === life.beats ? life.missed + 1 : 0;
      life.beats = beats;
      if (life.missed >= MISSED_BEATS) return this.#lose("it gave no sign of life for 10 s");
      life.bell.ring();
      this.#watchLater(life);
    });
  }

  #lose(reason: string): void {
    const life = this.#life;
    if (life === undefined) return;
    this.#life = undefined;
    this.#watch?.[Symbol.dispose]();
    const { platform: { log, clock } } = this.#options;
    log.error("The forwarder's Worker died and is started again", { reason });
    if (clock.now() - life.startedMs >= STABLE_MS) this.#failures = 0;
    this.#restarting = this.#restart(life, reason)
      .catch((error: unknown) => {
        if (!this.#closing.signal.aborted) {
          log.error("Cannot start the forwarder again", { reason: errorMessage(error) });
        }
      })
      .finally(() => this.#restarting = undefined);
  }

  async #restart(life: Life, reason: string): Promise<void> {
    const { platform: { clock, random, log }, onLost, onRestarted } = this.#options;
    const { signal } = this.#closing;
    await this.#bury(life);
    onLost(reason);
    for (;;) {
      // The first time at once: the clients are waiting.
      if (this.#failures++ > 0) await delay(clock, backoffMs(this.#failures - 1, random), signal);
      signal.throwIfAborted();
      try {
        await this.#begin();
        break;
      } catch (error) {
        log.error("Cannot start the forwarder's Worker", { reason: errorMessage(error) });
      }
    }
    onRestarted();
  }

  /** The connections are reset already, by their options: only the closing is left. */
  async #helpClosing({ ledger }: Life): Promise<void> {
    for (;;) {
      const fds = ledger.takeHighest(HELP_DESCRIPTORS);
      if (fds.length === 0) return;
      for (const fd of fds) closeOrphan(fd);
      await delay(this.#options.platform.clock, 0);
    }
  }

  /** Makes sure that the thread is gone and closes what it left. */
  async #bury(life: Life): Promise<void> {
    life.worker.terminate();
    await life.helping;
    life.bell.ring(); // a thread in the kernel has to come back to notice
    const orphans = life.ledger.takeAll();
    if (orphans.length > 0) await delay(this.#options.platform.clock, TERMINATION_MS);
    for (const fd of [...orphans, ...life.ledger.takeAll()]) {
      resetOrphanOnClose(fd);
      closeOrphan(fd);
    }
    life.bell[Symbol.dispose]();
  }
}

function post({ worker, vitals, bell }: Life, request: WorkerRequest): void {
  worker.postMessage(request);
  vitals.noteSent();
  bell.ring();
}
