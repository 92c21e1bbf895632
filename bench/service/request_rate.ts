import type { StunRequest } from "./world_process.ts";

/** How requests are spread over time and servers. */
export interface RequestRate {
  readonly perMinute: number;
  /** Requests in an average second. */
  readonly meanSecond: number;
  /** Most requests in any one second, wherever it starts. */
  readonly busiestSecond: number;
  /** What the server that was asked most was asked in a minute. */
  readonly busiestServer: number;
}

/**
 * The rate within a span of time.
 *
 * @param requests In the order they arrived; those outside the span do not count.
 */
export function requestRate(
  requests: readonly StunRequest[],
  span: { readonly fromMs: number; readonly toMs: number },
): RequestRate {
  const inside = requests.filter(({ atMs }) => atMs >= span.fromMs && atMs < span.toMs);
  const seconds = (span.toMs - span.fromMs) / 1000;
  const ofServers = Map.groupBy(inside, ({ server }) => server).values().map(({ length }) => length);
  return {
    perMinute: inside.length / seconds * 60,
    meanSecond: inside.length / seconds,
    busiestSecond: busiestSecond(inside.map(({ atMs }) => atMs)),
    busiestServer: Math.max(0, ...ofServers) / seconds * 60,
  };
}

/** @param times In milliseconds, ascending. */
function busiestSecond(times: readonly number[]): number {
  let most = 0;
  let oldest = 0;
  for (const [i, at] of times.entries()) {
    while (at - (times[oldest] ?? at) >= 1000) oldest++;
    most = Math.max(most, i - oldest + 1);
  }
  return most;
}
