/** Counters of a tunnel at one moment. */
export interface CounterSample {
  /** Monotonic milliseconds. */
  readonly atMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Average rates, in bytes per second. */
export interface Rates {
  readonly bytesInPerSecond: number;
  readonly bytesOutPerSecond: number;
}

const STILL: Rates = { bytesInPerSecond: 0, bytesOutPerSecond: 0 };
/** Long enough to be calm, short enough to show that a transfer ended. */
const WINDOW_MS = 15_000;

/**
 * Adds a sample and forgets those that are too old to count. Counters that went back belong to a forwarder that
 * started anew, so everything before them is forgotten.
 *
 * @returns The samples to keep, oldest first; at most those of 15 seconds and one before.
 */
export function addSample(samples: readonly CounterSample[], next: CounterSample): readonly CounterSample[] {
  const last = samples.at(-1);
  if (last === undefined || next.bytesIn < last.bytesIn || next.bytesOut < last.bytesOut) return [next];
  if (next.atMs <= last.atMs) return [...samples.slice(0, -1), next];
  const kept = samples.filter(({ atMs }) => next.atMs - atMs <= WINDOW_MS);
  // After a pause (the machine slept) the last one is all there is to compare with.
  return [...(kept.length === 0 ? [last] : kept), next];
}

/** The average from the oldest sample to the newest; 0 while there are fewer than two. */
export function ratesOf(samples: readonly CounterSample[]): Rates {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return STILL;
  const seconds = (last.atMs - first.atMs) / 1000;
  return {
    bytesInPerSecond: Math.round((last.bytesIn - first.bytesIn) / seconds),
    bytesOutPerSecond: Math.round((last.bytesOut - first.bytesOut) / seconds),
  };
}
