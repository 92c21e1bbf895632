import { releaseFilePages, releaseHeap } from "../../ffi/mod.ts";
import type { Clock } from "../core/clock.ts";

/** Options for {@linkcode keepMemoryLean}. */
export interface LeanMemoryOptions {
  readonly clock: Clock;
  /** What /proc/self/smaps says. @default reads it */
  readonly readSmaps?: (() => string) | undefined;
}

/** By then everything stands, and the code that it took is not needed again. */
const FIRST_MS = 10_000;
/** Takes 4 ms. */
const EVERY_MS = 30_000;

/**
 * Gives memory back that a long-running process does not use: pages of programs and libraries that only its start, or a burst, needed, and
 * free memory of the C library. Half of such a process's resident memory was found to be that. Disposing ends it.
 */
export function keepMemoryLean(options: LeanMemoryOptions): Disposable {
  const { clock, readSmaps = (): string => Deno.readTextFileSync("/proc/self/smaps") } = options;
  let timer: Disposable | undefined;
  const trim = (): void => {
    try {
      releaseFilePages(readSmaps());
      releaseHeap();
    } catch {
      // No /proc, or no permission to read it: it only costs memory.
      return;
    }
    timer = clock.schedule(EVERY_MS, trim);
  };
  timer = clock.schedule(FIRST_MS, trim);
  return { [Symbol.dispose]: () => timer?.[Symbol.dispose]() };
}
