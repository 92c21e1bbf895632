import { type Metric, METRICS } from "./metrics.ts";
import { ratiosOf, type Round, summarize, type Summary, valuesOf } from "./statistics.ts";

/** What the forwarder is to reach, in the same run as its peers. */
export interface Goal {
  readonly metric: Metric;
  /** The peer it is compared with; absent: an absolute figure. */
  readonly peer?: string;
  /** Compared with the peer's best round instead of the same round's. */
  readonly isToBest?: boolean;
  readonly sense: "at most" | "at least";
  readonly limit: number;
}

/** The goals of the forwarder's issue. */
export const GOALS: readonly Goal[] = [
  ...(["cpuUp1", "cpuDown1", "cpuUp8", "cpuDown8"] as const).flatMap((metric): Goal[] => [
    { metric, peer: "haproxy", sense: "at most", limit: 0.4 },
    { metric, peer: "nginx", sense: "at most", limit: 0.5 },
  ]),
  { metric: "gbpsUp1", peer: "haproxy", sense: "at least", limit: 1.4 },
  { metric: "gbpsDown1", peer: "haproxy", sense: "at least", limit: 1.4 },
  { metric: "connectionsPerSecond", peer: "haproxy", sense: "at least", limit: 1 },
  { metric: "cpuPerConnectionUs", peer: "haproxy", sense: "at most", limit: 0.8 },
  { metric: "pingP50Us", peer: "haproxy", isToBest: true, sense: "at most", limit: 1.2 },
  { metric: "pacedP99Us", peer: "haproxy", sense: "at most", limit: 1 },
  { metric: "idleRssMebibytes", sense: "at most", limit: 75 },
  { metric: "idleDescriptors", sense: "at most", limit: 2 },
  ...([64, 1200] as const).flatMap((bytes): Goal[] => [
    { metric: `udp${bytes}LosslessKpps`, peer: "nginx", sense: "at least", limit: 2 },
    { metric: `udp${bytes}CpuUs`, peer: "nginx", sense: "at most", limit: 0.6 },
    { metric: `udp${bytes}FloodCpuUs`, peer: "nginx", sense: "at most", limit: 0.6 },
  ]),
];

/** The goals of the kernel method: within 5 % of plain routing. Its new connections cost conntrack's work as well. */
export const KERNEL_GOALS: readonly Goal[] = [
  { metric: "gbpsUp1", peer: "routed", sense: "at least", limit: 0.95 },
  { metric: "gbpsDown1", peer: "routed", sense: "at least", limit: 0.95 },
  { metric: "gbpsUp8", peer: "routed", sense: "at least", limit: 0.95 },
  { metric: "pingP50Us", peer: "routed", sense: "at most", limit: 1.05 },
];

/** How a goal was met. */
export interface Verdict {
  readonly goal: Goal;
  readonly text: string;
  readonly measured: Summary | undefined;
  readonly outcome: "met" | "NOT MET" | "not measured";
}

/** Judges a goal by the median over the rounds. @param name The subject whose goals these are. */
export function judge(goal: Goal, rounds: readonly Round[], name: string): Verdict {
  const measured = summarize(measuredValues(goal, rounds, name));
  const text = METRICS[goal.metric] +
    (goal.peer === undefined ? "" : ` ÷ ${goal.peer}'s${goal.isToBest ? " best" : ""}`);
  if (measured === undefined) return { goal, text, measured, outcome: "not measured" };
  const isMet = goal.sense === "at most" ? measured.median <= goal.limit : measured.median >= goal.limit;
  return { goal, text, measured, outcome: isMet ? "met" : "NOT MET" };
}

function measuredValues(
  { metric, peer, isToBest, sense }: Goal,
  rounds: readonly Round[],
  of: string,
): readonly number[] {
  if (peer === undefined) return valuesOf(rounds, of, metric);
  if (!isToBest) return ratiosOf(rounds, metric, { of, to: peer });
  const peers = valuesOf(rounds, peer, metric);
  if (peers.length === 0) return [];
  const best = sense === "at most" ? Math.min(...peers) : Math.max(...peers);
  return valuesOf(rounds, of, metric).map((value) => value / best);
}
