import { type Clock, delay } from "./clock.ts";
import { errorMessage } from "./errors.ts";
import type { Logger } from "./log.ts";

/** The part of a `Deno.serve` server that is needed here. */
export interface Serving {
  /** Rejects where the server ends by itself: when the process has no descriptor left for the next connection. */
  readonly finished: Promise<void>;
}

/** Options for {@linkcode keepServing}. */
export interface KeepServingOptions {
  /** Opens the server again, on the same port. */
  readonly open: () => Serving;
  readonly clock: Clock;
  readonly log: Logger;
  /** For the log: `the test page`. */
  readonly subject: string;
  /** Ends it; the server has the same signal. */
  readonly signal: AbortSignal;
}

/** A server that strangers have filled up ends; it is opened again after this, and again. */
const REOPEN_MS = 1_000;

/**
 * Minds an HTTP server until the signal is aborted and the server has ended; one that ends by itself is opened again
 * until that works. Nobody would otherwise hear of such an end, which is the end of the whole process. Never rejects.
 */
export async function keepServing(first: Serving, options: KeepServingOptions): Promise<void> {
  const { open, clock, log, subject, signal } = options;
  let server = first;
  for (;;) {
    try {
      await server.finished;
      return;
    } catch (error) {
      if (signal.aborted) return;
      log.warn(`Cannot go on serving ${subject}; it is opened again`, { reason: errorMessage(error) });
    }
    for (let isOpen = false; !isOpen;) {
      await delay(clock, REOPEN_MS, signal).catch(() => {});
      if (signal.aborted) return;
      try {
        server = open();
        isOpen = true;
      } catch (error) {
        log.debug(`Cannot open ${subject} again`, { reason: errorMessage(error) });
      }
    }
  }
}
