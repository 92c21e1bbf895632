import type { Clock } from "../../../core/clock.ts";
import { delay } from "../../../core/clock.ts";

/** Deno's debugger; `node:inspector` is one. */
export interface Debugger {
  /** Where it listens; `undefined` if it does not. */
  url(): string | undefined;
  /** Closes its port. */
  close(): void;
}

/** Deno opens the port a moment after the signal. */
const LOOK_MS = 10;
const LOOKS = 100;

/**
 * Closes the debugger's port that Deno opens on SIGUSR1, as Node does, even where a program listens to that signal
 * itself: whoever turns our debug lines on has not asked to let local users into the process.
 */
export async function closeDebugger(clock: Clock, inspector?: Debugger): Promise<void> {
  const debug = inspector ?? await import("node:inspector");
  for (let look = 0; look < LOOKS; look++) {
    if (debug.url() !== undefined) return debug.close();
    await delay(clock, LOOK_MS);
  }
}
