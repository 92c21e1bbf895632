import type { Clock } from "./clock.ts";
import { TimeoutError } from "./errors.ts";

/** A narrower signal with a time limit; disposing clears the timer and lets go of the parent. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
}

/** What {@linkcode openDeadline} needs. */
export interface DeadlineOptions {
  readonly clock: Clock;
  /** The wider signal; its reason is passed on unchanged. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a time limit inside a wider signal. Unlike `AbortSignal.timeout` nothing outlives the scope.
 *
 * @param limitMs Aborts with {@linkcode TimeoutError} after this many milliseconds.
 */
export function openDeadline(limitMs: number, options: DeadlineOptions): Deadline {
  const { clock, signal: parent } = options;
  const controller = new AbortController();
  const pass = (): void => controller.abort(parent?.reason);
  if (parent?.aborted) pass();
  parent?.addEventListener("abort", pass, { once: true });
  const timer = clock.schedule(limitMs, () => {
    controller.abort(new TimeoutError(`Cannot finish: ${limitMs} ms are over`));
  });
  return {
    signal: controller.signal,
    [Symbol.dispose](): void {
      timer[Symbol.dispose]();
      parent?.removeEventListener("abort", pass);
    },
  };
}
