import type { Clock } from "../../core/clock.ts";
import type { StreamConnection, StreamHandlers } from "../../core/net.ts";

/** How two joined streams ended. */
export type JoinEnd = "eof" | "reset by client" | "reset by service" | "stopped";

/** Options for {@linkcode StreamJoin}. */
export interface StreamJoinOptions {
  /** Timers. */
  readonly clock: Clock;
  /** Called once; both streams are let go of. */
  readonly onEnd: (end: JoinEnd) => void;
}

/** A sender whose receiver holds more than this unsent is not read from… */
const HIGH_WATER_BYTES = 1_048_576;
/** …until it holds less than this. */
const LOW_WATER_BYTES = 262_144;
/** Streams do not tell when they drain. */
const LOOK_MS = 1;
const PAUSED = true;
const FLOWING = false;

/** One of the two. */
interface Side {
  stream: StreamConnection | undefined;
  hasEnded: boolean;
  isHeld: boolean;
}

/**
 * Joins a client's stream, which waits until the other one is there, with the one to the service. An end goes on as an
 * end after the last byte, a reset as a reset, and a slow receiver holds its sender back. It owns both.
 */
export class StreamJoin {
  readonly #options: StreamJoinOptions;
  readonly #client: Side;
  readonly #service: Side = { stream: undefined, hasEnded: false, isHeld: false };
  #timer: Disposable | undefined;
  #isOver = false;

  /** Nothing is read from the client before {@linkcode StreamJoin.attach}. */
  constructor(client: StreamConnection, options: StreamJoinOptions) {
    this.#options = options;
    this.#client = { stream: client, hasEnded: false, isHeld: true };
    client.setPaused(PAUSED);
  }

  /** For the client's stream. */
  get clientHandlers(): StreamHandlers {
    return this.#handlersOf(this.#client, this.#service);
  }

  /** For the stream to the service. */
  get serviceHandlers(): StreamHandlers {
    return this.#handlersOf(this.#service, this.#client);
  }

  /** Whether both streams are let go of. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The service's stream is there. It is aborted if the client has gone meanwhile. */
  attach(service: StreamConnection): void {
    if (this.#isOver) return service.abort();
    this.#service.stream = service;
    this.#hold(this.#client, FLOWING);
  }

  /** Resets both. */
  stop(end: JoinEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.[Symbol.dispose]();
    this.#client.stream?.abort();
    this.#service.stream?.abort();
    this.#options.onEnd(end);
  }

  #handlersOf(from: Side, to: Side): StreamHandlers {
    return {
      onData: (data) => this.#move(data, from, to),
      onEnd: (error) => this.#ended(from, to, error),
    };
  }

  #move(data: Uint8Array, from: Side, to: Side): void {
    if (this.#isOver || to.stream === undefined) return;
    to.stream.write(data);
    if (to.stream.pendingBytes < HIGH_WATER_BYTES) return;
    this.#hold(from, PAUSED);
    this.#lookLater();
  }

  #ended(from: Side, to: Side, error: Error | undefined): void {
    if (this.#isOver) return;
    if (error !== undefined) {
      return this.stop(from === this.#client ? "reset by client" : "reset by service");
    }
    from.hasEnded = true;
    to.stream?.end();
    if (to.hasEnded) this.#look();
  }

  /** Goes on reading where the receiver has caught up, and ends when all is said and sent. */
  #look(): void {
    if (this.#isOver) return;
    const pairs = [[this.#client, this.#service], [this.#service, this.#client]] as const;
    const isEnding = pairs.every(([side]) => side.hasEnded);
    if (isEnding && pairs.every(([side]) => (side.stream?.pendingBytes ?? 0) === 0)) {
      this.#isOver = true;
      return this.#options.onEnd("eof");
    }
    for (const [from, to] of pairs) {
      if (to.stream !== undefined && to.stream.pendingBytes <= LOW_WATER_BYTES) this.#hold(from, FLOWING);
    }
    if (isEnding || pairs.some(([side]) => side.isHeld)) this.#lookLater();
  }

  #lookLater(): void {
    this.#timer ??= this.#options.clock.schedule(LOOK_MS, () => {
      this.#timer = undefined;
      this.#look();
    });
  }

  #hold(side: Side, isHeld: boolean): void {
    if (side.isHeld === isHeld) return;
    side.isHeld = isHeld;
    side.stream?.setPaused(isHeld);
  }
}
