import { setImmediate } from "node:timers";
import type { Clock } from "../../src/core/clock.ts";

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** Lets everything run that waits for nothing but its turn: promises already settled, and what follows. */
export function settle(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** A clock that stands still until a test advances it. */
export class FakeClock implements Clock {
  readonly #timers = new Set<Timer>();
  readonly #startMs: number;
  #nowMs = 0;

  /** @param start Wall-clock time at `now() === 0`. */
  constructor(start: Date = new Date("2026-11-21T02:00:00.000Z")) {
    this.#startMs = start.getTime();
  }

  /** Timers that wait; a test that leaves some has a leak. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#nowMs;
  }

  date(): Date {
    return new Date(this.#startMs + this.#nowMs);
  }

  schedule(delayMs: number, callback: () => void): Disposable {
    const timer: Timer = { dueMs: this.#nowMs + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    return { [Symbol.dispose]: (): void => void this.#timers.delete(timer) };
  }

  /** Runs what is due within `ms`, in order of time and then of scheduling; settles before and after each. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.callback();
      await settle();
    }
    this.#nowMs = untilMs;
  }

  #next(untilMs: number): Timer | undefined {
    let best: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs <= untilMs && (best === undefined || timer.dueMs < best.dueMs)) best = timer;
    }
    return best;
  }
}
