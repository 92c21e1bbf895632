import {
  type Descriptor,
  Epoll,
  EPOLLET,
  EpollEvents,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  type EventFd,
} from "../../ffi/mod.ts";

/** Who is told that a descriptor is ready. */
export interface LoopHandler {
  /** @param events Bits of EPOLL*. @param fd Which of its descriptors. */
  onEvents(events: number, nowMs: number, fd: number): void;
}

/** Who is told about once a second, for limits of time. */
export interface LoopTicker {
  tick(nowMs: number): void;
}

/** The data plane's loop as relays see it. Everything runs on the Worker's thread; nothing may block. */
export interface LoopHost {
  /**
   * Begins to watch; the descriptor stays its owner's.
   *
   * @param events Bits of EPOLL*. Default: edge-triggered EPOLLIN, EPOLLOUT and EPOLLRDHUP.
   * @throws {SystemError}
   */
  add(fd: number, handler: LoopHandler, events?: number): void;
  /** Ends watching: no event of this batch comes any more. Has to come before its owner closes it. */
  remove(fd: number): void;
  /**
   * Ends watching and closes at the end of the batch: a number that is used again inside a batch would get the
   * old one's events.
   */
  close(descriptor: Descriptor): void;
  /** Monotonic milliseconds, taken once per batch. */
  nowMs(): number;
  /** Calls back after this round's events, in order; called during such a round it is for the next one. */
  defer(callback: () => void): void;
  /** Calls back once, some milliseconds from now; disposing cancels. For few and short times: each wake looks at all. */
  after(delayMs: number, callback: () => void): Disposable;
  /** Told about once a second until removed. */
  addTicker(ticker: LoopTicker): void;
  /** Ticks at least four times within `limitMs` from now on, where that is a short one. */
  tickWithin(limitMs: number): void;
  removeTicker(ticker: LoopTicker): void;
}

/** Default interest: everything, told when it changes, so that nothing is ever changed again. */
const ALL_EDGES = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

/** Events taken from the kernel at once. */
const EVENTS_PER_BATCH = 256;

/** Longest time between ticks: idle limits are whole seconds anyway. */
const TICK_MS = 1000;

/** No thread of ours should tick faster, however short the limits. */
const TICK_MS_MIN = 50;

interface LoopTimer extends Disposable {
  readonly atMs: number;
  readonly callback: () => void;
}

/** Options for {@linkcode DataLoop}. */
export interface DataLoopOptions {
  /** Rung by others to have the loop return; belongs to them. */
  readonly bell: EventFd | number;
  /** Called once per wake, before its events. */
  readonly onWake?: (() => void) | undefined;
  /** Monotonic milliseconds. @default {performance.now} */
  readonly now?: () => number;
}

/**
 * One blocking epoll loop. Deferred work (bulk) runs round-robin with a look at the kernel between the rounds, so
 * interactive connections come first. Disposing closes the epoll; descriptors belong to who added them.
 */
export class DataLoop implements LoopHost, Disposable {
  readonly #epoll = new Epoll();
  readonly #events = new EpollEvents(EVENTS_PER_BATCH);
  readonly #handlers: (LoopHandler | undefined)[] = [];
  readonly #tickers = new Set<LoopTicker>();
  readonly #timers = new Set<LoopTimer>();
  readonly #closing: Descriptor[] = [];
  readonly #bellFd: number;
  readonly #onWake: (() => void) | undefined;
  readonly #now: () => number;
  #deferred: (() => void)[] = [];
  #nowMs: number;
  #tickMs = TICK_MS;
  #lastTickMs: number;
  #isBellRung = false;

  /** @throws {SystemError} */
  constructor(options: DataLoopOptions) {
    this.#onWake = options.onWake;
    this.#now = options.now ?? ((): number => performance.now());
    this.#nowMs = this.#lastTickMs = this.#now();
    this.#bellFd = typeof options.bell === "number" ? options.bell : options.bell.descriptor.number;
    this.#epoll.addNumber(this.#bellFd, EPOLLIN, this.#bellFd);
  }

  add(fd: number, handler: LoopHandler, events: number = ALL_EDGES): void {
    this.#epoll.addNumber(fd, events, fd);
    this.#handlers[fd] = handler;
  }

  remove(fd: number): void {
    if (this.#handlers[fd] === undefined) return;
    this.#handlers[fd] = undefined;
    this.#epoll.removeNumber(fd);
  }

  close(descriptor: Descriptor): void {
    // Closing the only descriptor of a socket takes it out of the epoll; no call for that.
    this.#handlers[descriptor.number] = undefined;
    this.#closing.push(descriptor);
  }

  nowMs(): number {
    return this.#nowMs;
  }

  defer(callback: () => void): void {
    this.#deferred.push(callback);
  }

  addTicker(ticker: LoopTicker): void {
    this.#tickers.add(ticker);
  }

  removeTicker(ticker: LoopTicker): void {
    this.#tickers.delete(ticker);
  }

  tickWithin(limitMs: number): void {
    this.#tickMs = Math.max(TICK_MS_MIN, Math.min(this.#tickMs, limitMs / 4));
  }

  after(delayMs: number, callback: () => void): Disposable {
    const timer: LoopTimer = {
      atMs: this.#nowMs + delayMs,
      callback,
      [Symbol.dispose]: (): void => void this.#timers.delete(timer),
    };
    this.#timers.add(timer);
    return timer;
  }

  /** Serves descriptors until the bell has rung. @throws {SystemError} */
  runUntilBell(): void {
    this.#isBellRung = false;
    while (!this.#isBellRung) this.turn(this.#timeoutMs());
  }

  /** One wait and what came of it; for tests and {@linkcode DataLoop.runUntilBell}. */
  turn(timeoutMs: number): void {
    const count = this.#epoll.wait(this.#events, timeoutMs);
    this.#nowMs = this.#now();
    this.#onWake?.();
    for (let i = 0; i < count; i++) this.#dispatch(this.#events.idAt(i), this.#events.eventsAt(i));
    this.#runDeferred();
    if (this.#timers.size > 0) this.#runTimers();
    if (this.#nowMs - this.#lastTickMs >= this.#tickMs) this.#tick();
    this.closeNow();
  }

  [Symbol.dispose](): void {
    this.closeNow();
    this.#epoll[Symbol.dispose]();
  }

  #dispatch(fd: number, events: number): void {
    if (fd === this.#bellFd) this.#isBellRung = true;
    else this.#handlers[fd]?.onEvents(events, this.#nowMs, fd);
  }

  #runDeferred(): void {
    if (this.#deferred.length === 0) return;
    const due = this.#deferred;
    this.#deferred = [];
    for (const callback of due) callback();
  }

  #runTimers(): void {
    for (const timer of [...this.#timers]) {
      if (timer.atMs > this.#nowMs || !this.#timers.delete(timer)) continue;
      timer.callback();
    }
  }

  #tick(): void {
    this.#lastTickMs = this.#nowMs;
    for (const ticker of this.#tickers) ticker.tick(this.#nowMs);
  }

  /** Closes what {@linkcode DataLoop.close} took; outside of a batch nothing has to wait. */
  closeNow(): void {
    if (this.#closing.length === 0) return;
    for (const descriptor of this.#closing) descriptor[Symbol.dispose]();
    this.#closing.length = 0;
  }

  #timeoutMs(): number {
    if (this.#deferred.length > 0) return 0;
    let atMs = this.#tickers.size > 0 ? this.#lastTickMs + this.#tickMs : Infinity;
    for (const timer of this.#timers) atMs = Math.min(atMs, timer.atMs);
    return atMs === Infinity ? -1 : Math.max(0, Math.ceil(atMs - this.#nowMs));
  }
}
