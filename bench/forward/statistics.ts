import { median } from "../figure.ts";
import type { Metric, Sample } from "./metrics.ts";

/** One round: what each subject showed, by name. */
export type Round = Readonly<Record<string, Sample>>;

/** A middle and how far the rounds went from it. */
export interface Summary {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
  /** In how many rounds it was measured. */
  readonly rounds: number;
}

/** Sums up values; `undefined` if there are none. */
export function summarize(values: readonly number[]): Summary | undefined {
  if (values.length === 0) return undefined;
  return {
    median: median(values),
    lowest: Math.min(...values),
    highest: Math.max(...values),
    rounds: values.length,
  };
}

/** What a subject showed, round by round; rounds without it are left out. */
export function valuesOf(rounds: readonly Round[], subject: string, metric: Metric): readonly number[] {
  return rounds.flatMap((round) => round[subject]?.[metric] ?? []).filter(Number.isFinite);
}

/**
 * One subject's value over another's of the same round: what the machine did to a round it did to both. A rate of 0
 * over 0 says nothing and is left out.
 */
export function ratiosOf(
  rounds: readonly Round[],
  metric: Metric,
  subjects: { readonly of: string; readonly to: string },
): readonly number[] {
  return rounds.flatMap((round) => {
    const [a, b] = [round[subjects.of]?.[metric], round[subjects.to]?.[metric]];
    if (a === undefined || b === undefined || (a === 0 && b === 0)) return [];
    const ratio = a / b;
    return Number.isNaN(ratio) ? [] : ratio;
  });
}

/** Half of the way from the lowest to the highest, of the median. */
export function spreadOf(values: readonly number[]): number {
  const summary = summarize(values);
  return summary ? (summary.highest - summary.lowest) / 2 / summary.median : NaN;
}
