import { GOALS, judge, KERNEL_GOALS, type Verdict } from "./goals.ts";
import { type Metric, METRICS } from "./metrics.ts";
import { type Round, spreadOf, summarize, valuesOf } from "./statistics.ts";

/** Everything a report tells. */
export interface BenchReport {
  /** Kernel, cores, versions, plan. */
  readonly environment: Readonly<Record<string, string>>;
  /** Names in the order of columns; the first is the one with goals. */
  readonly subjects: readonly string[];
  readonly rounds: readonly Round[];
  /** Rounds of the kernel method; empty if it was not measured. */
  readonly kernelRounds: readonly Round[];
  /** Gates that failed, starvation, subjects that are absent, and so on. */
  readonly remarks: readonly string[];
}

/** Beyond this, the machine was not quiet enough for figures to be kept. */
const NOISE_LIMIT = 0.25;

/** A report as Markdown. */
export function formatReport(report: BenchReport): string {
  const { environment, subjects, rounds, kernelRounds } = report;
  const remarks = [...report.remarks, ...noise(rounds)];
  return [
    ...Object.entries(environment).map(([key, value]) => `- ${key}: ${value}`),
    "",
    "## Goals",
    "",
    ...verdictLines(GOALS.map((goal) => judge(goal, rounds, "porthole"))),
    "",
    "## Figures",
    "",
    "Medians over the rounds; they belong to this machine, only ratios carry over to others.",
    "",
    ...figureLines(subjects, rounds),
    "",
    ...kernelLines(kernelRounds),
    ...(remarks.length === 0 ? [] : ["## Remarks", "", ...remarks.map((remark) => `- ${remark}`), ""]),
  ].join("\n");
}

function kernelLines(rounds: readonly Round[]): string[] {
  if (rounds.length === 0) return [];
  return [
    "## Kernel method",
    "",
    "Client, forwarder and server in namespaces joined by veth pairs; `--method nftables` against plain routing.",
    "",
    ...verdictLines(KERNEL_GOALS.map((goal) => judge(goal, rounds, "nftables"))),
    "",
    ...figureLines(Object.keys(rounds[0] ?? {}).sort(), rounds),
    "",
  ];
}

function verdictLines(judged: readonly Verdict[]): string[] {
  const count = (wanted: Verdict["outcome"]): number =>
    judged.filter(({ outcome }) => outcome === wanted).length;
  return [
    `${count("met")} met, ${count("NOT MET")} not met, ${
      count("not measured")
    } not measured. Ratios are medians of ` +
    "the rounds' own ratios; in brackets the lowest and the highest.",
    "",
    ...table(
      ["Figure", "Measured", "Goal", ""],
      judged.map(({ text, goal, measured, outcome }) => [
        text,
        measured === undefined
          ? ""
          : `${format(measured.median)} (${format(measured.lowest)} to ${format(measured.highest)})`,
        `${goal.sense === "at most" ? "≤" : "≥"} ${goal.limit}`,
        outcome,
      ]),
    ),
  ];
}

function figureLines(subjects: readonly string[], rounds: readonly Round[]): string[] {
  const rows = (Object.keys(METRICS) as Metric[]).map((metric) => [
    METRICS[metric],
    ...subjects.map((name) => {
      const summary = summarize(valuesOf(rounds, name, metric));
      return summary === undefined ? "" : format(summary.median);
    }),
  ]);
  return table(["", ...subjects], rows.filter((row) => row.slice(1).some((cell) => cell !== "")));
}

/** Whether even traffic without a forwarder differed so much between rounds that the figures are not worth keeping. */
export function isNoisy(rounds: readonly Round[]): boolean {
  return spreadOf(valuesOf(rounds, "direct", "gbpsUp1")) > NOISE_LIMIT;
}

function noise(rounds: readonly Round[]): readonly string[] {
  if (!isNoisy(rounds)) return [];
  const spread = spreadOf(valuesOf(rounds, "direct", "gbpsUp1"));
  return [
    `The machine was busy: even direct throughput spread by ± ${
      (spread * 100).toFixed(0)
    } % over the rounds.`,
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => i === 0 ? "---" : "--:")), ...rows.map(line)];
}

function format(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : `${value}`;
  return value >= 1000
    ? value.toFixed(0)
    : value >= 100
    ? value.toFixed(0)
    : value >= 10
    ? value.toFixed(1)
    : value.toFixed(2);
}
