import { delay, systemClock } from "../../src/core/clock.ts";
import { openDeadline } from "../../src/core/deadline.ts";
import { errorMessage } from "../../src/core/errors.ts";
import type { Protocol } from "../../src/core/mapping.ts";
import { Lab } from "./lab.ts";
import type { CaseContext, LabCase, Measure } from "./lab_case.ts";
import { Porthole } from "./porthole.ts";

/** A case with one of its protocols. */
export interface Job {
  readonly labCase: LabCase;
  readonly protocol: Protocol;
}

/** How a job went. */
export interface Outcome extends Job {
  readonly measure: Measure;
  /** Why it failed; absent if it passed. */
  readonly failure?: string;
}

/** Options for {@linkcode runJobs}. */
export interface RunJobsOptions {
  /** How many labs at once. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
  readonly isKept: boolean;
  readonly onOutcome: (outcome: Outcome) => void;
}

/** No case needs longer; one that does hangs. */
const CASE_LIMIT_MS = 150_000;

/** Runs jobs, each in a lab of its own, the long ones first. Stops taking new ones once `signal` is aborted. */
export async function runJobs(jobs: readonly Job[], options: RunJobsOptions): Promise<readonly Outcome[]> {
  const queue = jobs.toSorted((a, b) => (b.labCase.expectedSeconds ?? 5) - (a.labCase.expectedSeconds ?? 5));
  const outcomes: Outcome[] = [];
  const work = async (): Promise<void> => {
    for (let job = queue.shift(); job && !options.signal.aborted; job = queue.shift()) {
      const outcome = await runJob(job, options);
      outcomes.push(outcome);
      options.onOutcome(outcome);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, work));
  return jobs.flatMap((job) =>
    outcomes.find((o) => o.labCase === job.labCase && o.protocol === job.protocol) ?? []
  );
}

async function runJob(job: Job, options: RunJobsOptions): Promise<Outcome> {
  const { labCase, protocol } = job;
  try {
    using limit = openDeadline(CASE_LIMIT_MS, { clock: systemClock, signal: options.signal });
    const { signal } = limit;
    await using stack = new AsyncDisposableStack();
    const { profile, lifetimeSeconds = 60, hairpins = false } = labCase;
    const lab = stack.use(
      await Lab.open({ profile, lifetimeSeconds, hairpins, signal, isKept: options.isKept }),
    );
    const context: CaseContext = {
      lab,
      protocol,
      start: (rest = {}) => stack.use(Porthole.start(lab, { ...rest, protocol })),
      pause: (delayMs) => delay(systemClock, delayMs, signal),
    };
    return { ...job, measure: await labCase.run(context) };
  } catch (error) {
    return { ...job, measure: {}, failure: describe(error) };
  }
}

/** Whole message: it holds what the program said, line by line. */
function describe(error: unknown): string {
  return error instanceof Error ? error.message : errorMessage(error);
}
