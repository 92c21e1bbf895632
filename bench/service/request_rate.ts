/** How requests are spread over time. */
export interface RequestRate {
  readonly perMinute: number;
  /** Most requests in any one second, wherever it starts. */
  readonly busiestSecond: number;
  /** Requests in an average second. */
  readonly meanSecond: number;
}

/**
 * The rate within a span of time.
 *
 * @param times When requests arrived, in milliseconds, in any order; those outside the span do not count.
 */
export function requestRate(
  times: readonly number[],
  span: { readonly fromMs: number; readonly toMs: number },
): RequestRate {
  const inside = times.filter((at) => at >= span.fromMs && at < span.toMs).toSorted((a, b) => a - b);
  let busiestSecond = 0;
  let oldest = 0;
  for (const [i, at] of inside.entries()) {
    while (at - (inside[oldest] ?? at) >= 1000) oldest++;
    busiestSecond = Math.max(busiestSecond, i - oldest + 1);
  }
  const seconds = (span.toMs - span.fromMs) / 1000;
  return { perMinute: inside.length / seconds * 60, busiestSecond, meanSecond: inside.length / seconds };
}
