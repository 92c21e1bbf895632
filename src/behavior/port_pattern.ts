import type { Sighting } from "./facts.ts";
import { REGULAR_DIFFERENCE_MAX } from "./frp_class.ts";
import type { Finding, PortAllocation } from "./nat_report.ts";
import { type Reason, reason } from "./reason.ts";

/** A socket and what a server saw of it. */
export type PortPair = Pick<Sighting, "local" | "seen">;

/** How a NAT gave ports to fresh sockets; the fields are those of {@linkcode TransportReport}. */
export interface PortPattern {
  /** Whether all kept their port. */
  readonly portPreservation: Finding;
  /** Why unknown. */
  readonly portPreservationReason?: Reason;
  /** Whether all kept even or odd. */
  readonly parity: Finding;
  /** Why unknown. */
  readonly parityReason?: Reason;
  /** In which order ports are given. */
  readonly allocation: PortAllocation;
  /** Why unknown. */
  readonly allocationReason?: Reason;
  /** From each external port to the next, where both have the same address. */
  readonly portDifferences: readonly number[];
}

/** Options for {@linkcode portPatternOf}. */
export interface PortPatternOptions {
  /** A socket asked earlier: it counts for what is kept, not for the order. */
  readonly earlier?: readonly PortPair[] | undefined;
}

/** Fewer kept ports could be luck (nat1_traversal asks as many). */
const PRESERVED_MIN = 3;
/** A random NAT keeps even or odd this often with a chance of 1 in 512. */
const PARITY_MIN = 9;
/** Below this nothing is said about the order. */
const ALLOCATION_MIN = 4;
/** Longer steps are no order. */
const STEP_MAX = 2048;
const STEPS_MIN = 3;
/** In a small block of ports chance grows eight times with one fall in 1 of 160 cases, four times without in 1 of 120. */
const WRAP_STEPS_MIN = 7;

/** Finds the pattern in a few fresh sockets of one server, in the order of asking. Pure. */
export function portPatternOf(samples: readonly PortPair[], options: PortPatternOptions = {}): PortPattern {
  const all = [...options.earlier ?? [], ...samples];
  const few = reason("few-samples", String(all.length));
  const isPreserved = all.every(({ local, seen }) => local.port === seen.port);
  const keepsParity = all.every(({ local, seen }) => (local.port - seen.port) % 2 === 0);
  const preservation = verdict(isPreserved, all.length, PRESERVED_MIN);
  const parity = verdict(keepsParity, all.length, isPreserved ? PRESERVED_MIN : PARITY_MIN);
  const allocation = allocationOf(samples);
  return {
    portPreservation: preservation,
    ...(preservation === "unknown" && { portPreservationReason: few }),
    parity,
    ...(parity === "unknown" && { parityReason: few }),
    allocation,
    ...(allocation === "unknown" && { allocationReason: reason("few-samples", String(samples.length)) }),
    portDifferences: differencesOf(samples),
  };
}

/** One that differs is enough for `no`, but `yes` takes several. */
function verdict(holds: boolean, count: number, min: number): Finding {
  if (count === 0) return "unknown";
  if (!holds) return "no";
  return count >= min ? "yes" : "unknown";
}

function differencesOf(samples: readonly PortPair[]): readonly number[] {
  return samples.slice(1).flatMap(({ seen }, i) => {
    const before = samples[i]?.seen;
    return before?.address === seen.address ? [seen.port - before.port] : [];
  });
}

function allocationOf(samples: readonly PortPair[]): PortAllocation {
  if (samples.length < PRESERVED_MIN) return "unknown";
  if (samples.every(({ local, seen }) => local.port === seen.port)) return "preserving";
  const differences = differencesOf(samples);
  if (differences.length + 1 < ALLOCATION_MIN) return "unknown";
  const isContiguous = [1, -1].some((sign) =>
    areSteps(differences, { max: REGULAR_DIFFERENCE_MAX, sign, exceptions: 1 })
  );
  if (isContiguous) return "contiguous";
  // Once it may have started again at the bottom of its range, if there are enough other steps.
  const exceptions = differences.length >= WRAP_STEPS_MIN ? 1 : 0;
  return areSteps(differences, { max: STEP_MAX, sign: 1, exceptions }) ? "increasing" : "random";
}

/** Whether all differences but the exceptions go one way, and not further than `max`. */
function areSteps(
  differences: readonly number[],
  options: { readonly max: number; readonly sign: number; readonly exceptions: number },
): boolean {
  const { max, sign, exceptions } = options;
  const steps = differences.filter((difference) => difference * sign > 0 && difference * sign <= max);
  return steps.length >= differences.length - exceptions && steps.length >= STEPS_MIN;
}

/** Whether a few more sockets would tell whether even and odd are kept: so far they were, perhaps by chance. */
export function needsMoreSamples(samples: readonly PortPair[]): boolean {
  const { parity, portPreservation } = portPatternOf(samples);
  return samples.length >= ALLOCATION_MIN && parity === "unknown" && portPreservation === "no";
}
