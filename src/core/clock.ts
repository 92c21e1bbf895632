/** Time as handed in, so that tests advance it instead of sleeping. */
export interface Clock {
  /** Monotonic milliseconds; only differences mean something. */
  now(): number;
  /** Wall-clock time, for people and events. */
  date(): Date;
  /** Calls `callback` once after `delayMs`; disposing cancels. */
  schedule(delayMs: number, callback: () => void): Disposable;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  schedule(delayMs, callback): Disposable {
    const timer = setTimeout(callback, delayMs);
    return { [Symbol.dispose]: (): void => clearTimeout(timer) };
  },
};

/**
 * Waits.
 *
 * @throws `signal.reason`, unchanged, as soon as the signal is aborted.
 */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const timer = clock.schedule(delayMs, () => {
      signal?.removeEventListener("abort", stop);
      resolve();
    });
    function stop(): void {
      timer[Symbol.dispose]();
      reject(signal?.reason);
    }
    signal?.addEventListener("abort", stop, { once: true });
  });
}
