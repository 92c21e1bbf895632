import type { Clock } from "../../core/clock.ts";

/** Options for {@linkcode repeatUntil}. */
export interface RepeatOptions<T> {
  /** Time. */
  readonly clock: Clock;
  /** What ends it. */
  readonly arrival: Promise<T>;
  /** How often to send at the most. */
  readonly times: number;
  /** Between two of them, in milliseconds. */
  readonly everyMs: number;
  /** How long after the last one something may still arrive, in milliseconds. */
  readonly patienceMs: number;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/**
 * Sends the same thing again and again until something arrives.
 *
 * @returns `undefined` if nothing did.
 * @throws `signal.reason` if aborted.
 */
export async function repeatUntil<T>(send: () => void, options: RepeatOptions<T>): Promise<T | undefined> {
  const { clock, arrival, times, everyMs, patienceMs, signal } = options;
  signal.throwIfAborted();
  const over = Promise.withResolvers<undefined>();
  const stop = (): void => over.reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  using timers = new DisposableStack();
  send();
  for (let i = 1; i < times; i++) timers.use(clock.schedule(i * everyMs, send));
  const endMs = (times - 1) * everyMs + patienceMs;
  timers.use(clock.schedule(endMs, () => over.resolve(undefined)));
  try {
    return await Promise.race([arrival, over.promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
