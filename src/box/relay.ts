import type { Clock } from "../core/clock.ts";
import type { StreamConnection, StreamHandlers } from "../core/net.ts";

/** Queued bytes at which the sender is paused, and below which it goes on. */
const HIGH_WATER_BYTES = 256 * 1024;
const LOW_WATER_BYTES = 64 * 1024;
/** A stream does not tell when its queue has drained, so it is asked. */
const DRAIN_CHECK_MS = 2;

const PAUSED = true;
const FLOWING = false;

/** What a {@linkcode Relay} needs. */
export interface RelayOptions {
  readonly clock: Clock;
  /** Bytes passed, either way. */
  readonly onActivity: () => void;
  /** Both sides are done; not called after {@linkcode Relay.blackHole} or disposal. */
  readonly onEnd: () => void;
}

/** One of the two streams. */
class Side {
  connection: StreamConnection | undefined;
  /** What came for it before it was there. */
  early: Uint8Array[] = [];
  /** Its peer has ended: nothing more comes from it. */
  hasEnded = false;
  drainTimer: Disposable | undefined;
}

/**
 * Joins two TCP streams, the second of which may come later: bytes, backpressure, half-close and reset pass from
 * each to the other. Owns both. Disposing resets what is still open.
 */
export class Relay implements Disposable {
  readonly #options: RelayOptions;
  readonly #near = new Side();
  readonly #far = new Side();
  #state: "open" | "black-hole" | "done" = "open";

  /** What the near stream has to call. */
  readonly nearHandlers: StreamHandlers = this.#handlersOf(this.#near, this.#far);
  /** What the far stream has to call. */
  readonly farHandlers: StreamHandlers = this.#handlersOf(this.#far, this.#near);

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /** Whether both streams are done with. */
  get isDone(): boolean {
    return this.#state === "done";
  }

  /** Takes over the near stream; it is not read before the far one is there. */
  attachNear(connection: StreamConnection): void {
    this.#near.connection = connection;
    connection.setPaused(PAUSED);
  }

  /** Takes over the far stream and lets both go. */
  attachFar(connection: StreamConnection): void {
    this.#far.connection = connection;
    if (this.#state === "done") return connection.abort();
    if (this.#state === "black-hole") return connection.setPaused(PAUSED);
    for (const data of this.#far.early) connection.write(data);
    this.#far.early = [];
    if (this.#near.hasEnded) connection.end();
    this.#near.connection?.setPaused(FLOWING);
  }

  /**
   * From now on nothing passes and nothing is answered: neither side gets an end or a reset, and what they send
   * stays in the kernel's buffers.
   */
  blackHole(): void {
    if (this.#state !== "open") return;
    this.#state = "black-hole";
    for (const side of [this.#near, this.#far]) {
      side.drainTimer?.[Symbol.dispose]();
      side.connection?.setPaused(PAUSED);
    }
  }

  [Symbol.dispose](): void {
    this.#state = "done";
    for (const side of [this.#near, this.#far]) {
      side.drainTimer?.[Symbol.dispose]();
      side.connection?.abort();
    }
  }

  #handlersOf(from: Side, to: Side): StreamHandlers {
    return {
      onData: (data): void => {
        if (this.#state === "open") this.#pass(data, from, to);
      },
      onEnd: (error): void => {
        if (this.#state === "open") this.#takeEnd(error, from, to);
      },
    };
  }

  #pass(data: Uint8Array, from: Side, to: Side): void {
    this.#options.onActivity();
    if (to.connection === undefined) {
      to.early.push(data.slice());
      return;
    }
    to.connection.write(data);
    if (to.connection.pendingBytes < HIGH_WATER_BYTES || to.drainTimer !== undefined) return;
    from.connection?.setPaused(PAUSED);
    this.#awaitDrain(from, to);
  }

  #awaitDrain(from: Side, to: Side): void {
    to.drainTimer = this.#options.clock.schedule(DRAIN_CHECK_MS, () => {
      to.drainTimer = undefined;
      if (this.#state !== "open") return;
      if ((to.connection?.pendingBytes ?? 0) > LOW_WATER_BYTES) return this.#awaitDrain(from, to);
      from.connection?.setPaused(FLOWING);
    });
  }

  #takeEnd(error: Error | undefined, from: Side, to: Side): void {
    if (error !== undefined) {
      this[Symbol.dispose]();
      this.#options.onEnd();
      return;
    }
    from.hasEnded = true;
    to.connection?.end();
    if (!to.hasEnded) return;
    // Each stream closes itself once its queue is sent: both directions have ended.
    this.#state = "done";
    this.#options.onEnd();
  }
}
