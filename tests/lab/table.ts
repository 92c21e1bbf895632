import type { Outcome } from "./run_cases.ts";

const HEAD = ["profile", "protocol", "case", "seconds", "", "remark"];

/** The outcomes as one table, failures explained below, and the counts on a line of their own. */
export function formatOutcomes(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ labCase, protocol, measure, failure }) => [
    labCase.profile,
    protocol,
    labCase.name,
    measure.seconds?.toFixed(2) ?? "",
    failure === undefined ? "pass" : "FAIL",
    measure.note ?? "",
  ]);
  const failed = outcomes.filter(({ failure }) => failure !== undefined);
  const reports = failed.map(({ labCase, protocol, failure }) =>
    `\nFAIL ${labCase.profile} ${protocol} ${labCase.name}\n  ${failure}`
  );
  const counts = `${outcomes.length - failed.length} passed, ${failed.length} failed`;
  return [formatTable(HEAD, rows), ...reports, "", counts, ""].join("\n");
}

/** Columns as wide as their widest cell; numbers to the right. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const isNumeric = head.map((_, column) => rows.some((row) => /^[\d.]+$/.test(row[column] ?? "")));
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return isNumeric[column] ? cell.padStart(width) : cell.padEnd(width);
    }).join("  ").trimEnd();
  return [line(head), widths.map((width) => "─".repeat(width)).join("  "), ...rows.map(line)].join("\n");
}
