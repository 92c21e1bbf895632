import type { Random } from "./random.ts";

/** Options for {@linkcode backoffMs}. */
export interface BackoffOptions {
  /** Upper bound of the first wait, in milliseconds. @default {1000} */
  readonly firstMs?: number;
  /** Upper bound of every wait, in milliseconds. @default {60_000} */
  readonly maxMs?: number;
}

/**
 * How long to wait before the next try: between half of the doubling bound and the bound, so that many
 * processes behind one failed helper spread out but none waits for nothing.
 *
 * @param failures Failures in a row so far, from 1.
 * @returns Milliseconds.
 */
export function backoffMs(failures: number, random: Random, options: BackoffOptions = {}): number {
  const { firstMs = 1000, maxMs = 60_000 } = options;
  const bound = Math.min(maxMs, firstMs * 2 ** Math.min(Math.max(failures, 1) - 1, 30));
  return bound * (0.5 + random.fraction() / 2);
}
