import type { Clock } from "../../core/clock.ts";
import { TaskGroup } from "../../core/task_group.ts";
import { type Bracket, bracketOf, type TrialOutcome } from "./bracket.ts";
import { type Batch, type BatchSizes, planSearch, type SearchPlan } from "./search.ts";

/** A mapping of a socket of its own, left alone. Disposing closes the socket. */
export interface Trial extends Disposable {
  /** When the mapping was last used, on the clock of the run. */
  readonly sinceMs: number;
  /** Settles if it ends by itself while nobody looks at it; may never. */
  readonly ended: Promise<TrialOutcome>;
  /** Looks whether the mapping still lives; once. */
  check(signal: AbortSignal): Promise<TrialOutcome>;
}

/** Makes trials. */
export interface TrialBench {
  /** How many each batch makes. */
  readonly sizes: BatchSizes;
  /**
   * Makes so many mappings at once; fewer where servers do not answer.
   *
   * @throws `signal.reason` if aborted; nothing is left open then.
   */
  open(count: number, signal: AbortSignal): Promise<readonly Trial[]>;
}

/** Options for {@linkcode SearchRun}. */
export interface SearchRunOptions {
  /** Makes the mappings. */
  readonly bench: TrialBench;
  /** Time. */
  readonly clock: Clock;
  /** The longest wait, in milliseconds. */
  readonly maxMs: number;
  /** Told after each outcome. */
  readonly onOutcome?: ((bracket: Bracket) => void) | undefined;
}

interface Entry {
  readonly id: number;
  readonly batch: Batch;
  readonly trial: Trial;
}

/** Performs what {@linkcode planSearch} decides; decides nothing. */
export class SearchRun {
  /** What came of the trials, in the order of their ends. */
  readonly outcomes: TrialOutcome[] = [];
  readonly #options: SearchRunOptions;
  readonly #opened: Batch[] = [];
  readonly #idle = new Map<number, Entry>();
  #isOpening = false;
  #checking = 0;
  #lastId = 0;
  #wake: PromiseWithResolvers<void> = Promise.withResolvers();

  /** Makes nothing yet. */
  constructor(options: SearchRunOptions) {
    this.#options = options;
  }

  /** How many mappings were made. */
  get trialCount(): number {
    return this.#lastId;
  }

  /**
   * Runs until nothing is left to be found out.
   *
   * @throws `signal.reason` if aborted; what was found until then stays, and nothing is left open.
   */
  async run(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const wake = (): void => this.#rouse();
    signal.addEventListener("abort", wake, { once: true });
    try {
      await using group = new TaskGroup(signal);
      group.signal.addEventListener("abort", wake, { once: true });
      for (let plan = this.#plan(); !plan.isDone; plan = this.#plan()) {
        if (plan.open !== undefined) this.#open(plan.open, group);
        if (plan.check !== undefined) this.#check(plan.check.id, group);
        if (plan.open === undefined && plan.check === undefined) await this.#rest(plan.nextMs);
        signal.throwIfAborted();
        if (group.signal.aborted) await group.join();
      }
    } finally {
      signal.removeEventListener("abort", wake);
      for (const { trial } of this.#idle.values()) trial[Symbol.dispose]();
      this.#idle.clear();
    }
  }

  #plan(): SearchPlan {
    const { clock, maxMs, bench: { sizes } } = this.#options;
    return planSearch({
      ...{ nowMs: clock.now(), maxMs, sizes, opened: this.#opened, isOpening: this.#isOpening },
      idle: [...this.#idle.values()].map(({ id, batch, trial }) => ({ id, batch, sinceMs: trial.sinceMs })),
      checking: this.#checking,
      outcomes: this.outcomes,
    });
  }

  async #rest(untilMs: number | undefined): Promise<void> {
    const { clock } = this.#options;
    using timers = new DisposableStack();
    if (untilMs !== undefined) timers.use(clock.schedule(untilMs - clock.now(), () => this.#rouse()));
    await this.#wake.promise;
    this.#wake = Promise.withResolvers();
  }

  #rouse(): void {
    this.#wake.resolve();
  }

  #open(batch: Batch, group: TaskGroup): void {
    this.#opened.push(batch);
    this.#isOpening = true;
    group.spawn(async (signal) => {
      const trials = await this.#options.bench.open(this.#options.bench.sizes[batch], signal);
      for (const trial of trials) this.#add({ id: ++this.#lastId, batch, trial }, group);
      this.#isOpening = false;
      this.#rouse();
    });
  }

  #add(entry: Entry, group: TaskGroup): void {
    this.#idle.set(entry.id, entry);
    entry.trial.ended.then((outcome) => {
      if (group.signal.aborted || !this.#idle.delete(entry.id)) return;
      entry.trial[Symbol.dispose]();
      this.#note(outcome);
    });
  }

  #check(id: number, group: TaskGroup): void {
    const entry = this.#idle.get(id);
    if (entry === undefined) return;
    this.#idle.delete(id);
    this.#checking++;
    group.spawn(async (signal) => {
      using trial = entry.trial;
      const outcome = await trial.check(signal);
      this.#checking--;
      this.#note(outcome);
    });
  }

  #note(outcome: TrialOutcome): void {
    this.outcomes.push(outcome);
    this.#options.onOutcome?.(bracketOf(this.outcomes));
    this.#rouse();
  }
}
