import { formatTable } from "../tests/lab/table.ts";

/** One measured number beside its aim. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** At most this is wanted; absent where none was set. */
  readonly aim?: number;
  /** What it was measured from, or how it compares. */
  readonly remark?: string;
}

/** All figures as a table: value, aim, how many times the aim it is, and whether that is met. */
export function formatFigures(figures: readonly Figure[]): string {
  const rows = figures.map(({ name, value, unit, aim, remark }) => [
    name,
    format(value),
    unit,
    aim === undefined ? "" : `≤ ${aim}`,
    aim === undefined ? "" : `${(value / aim).toFixed(2)} ×`,
    aim === undefined ? "" : value <= aim ? "met" : "NOT MET",
    remark ?? "",
  ]);
  return formatTable(["figure", "measured", "unit", "aim", "of aim", "", "remark"], rows);
}

function format(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** The middle one of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}
