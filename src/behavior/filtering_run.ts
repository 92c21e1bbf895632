import type { Clock } from "../core/clock.ts";
import type { HostPort } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import { TaskGroup } from "../core/task_group.ts";
import type { Sighting } from "./facts.ts";
import type { FilteringResult } from "./filtering_probe.ts";
import { hasUsableAlternate } from "./mapping_plan.ts";
import type { ProbeContext } from "./probe_context.ts";
import { probeUdpFiltering } from "./probe_filtering.ts";

/** What is known of probing the filtering, at some moment. */
export interface FilteringState {
  /** Servers with RFC 5780 that were not probed yet. */
  readonly waiting: number;
  /** Since when each probe under way runs, as far as that is ago. */
  readonly runningForMs: readonly number[];
  /** Verdicts so far. */
  readonly results: readonly FilteringResult[];
  /** No more servers will come. */
  readonly isClosed: boolean;
  /** The mapping depends on the destination: what one server cannot tell, others cannot either. */
  readonly isDependent: boolean;
}

/** What to do next. */
export interface FilteringPlan {
  /** Whether to probe one more server, or would if there were one. */
  readonly wantsServer: boolean;
  /** There is a verdict, or nobody left to ask. */
  readonly isDone: boolean;
}

/** A server that honours CHANGE-REQUEST has shown it by now; beside one that has not, another one is probed. */
export const PATIENCE_MS = 1400;
const AT_ONCE = 2;
/** Servers probed in all. */
const PROBES_MAX = 4;

/** Decides whether to probe one more server. Pure. */
export function planFiltering(state: FilteringState): FilteringPlan {
  const { runningForMs, results } = state;
  const isConclusive = results.some(({ filtering }) => filtering !== "unknown");
  const probes = results.length + runningForMs.length;
  const isHopeless = results.some(({ code }) => code === "mapping-varies");
  const hasRoom = runningForMs.length < AT_ONCE && runningForMs.every((ms) => ms >= PATIENCE_MS);
  const isSettled = isConclusive || isHopeless;
  const wantsServer = !isSettled && hasRoom && probes < (state.isDependent ? 1 : PROBES_MAX);
  const hasNone = state.isClosed && state.waiting === 0;
  const isIdle = runningForMs.length === 0 && (!wantsServer || hasNone);
  return { wantsServer, isDone: isSettled || isIdle };
}

/** Probes the filtering of servers as they turn up, until one of them gives a verdict. */
export class FilteringRun {
  /** Verdicts in the order of ending. */
  readonly results: FilteringResult[] = [];
  readonly #context: ProbeContext;
  readonly #clock: Clock;
  readonly #waiting: Sighting[] = [];
  readonly #running = new Map<Sighting, number>();
  readonly #done: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #isDependent: () => boolean;
  #isClosed = false;
  #group: TaskGroup | undefined;

  /**
   * Probes nobody yet.
   *
   * @param isDependent Tells whether the mapping is known to depend on the destination by now.
   */
  constructor(context: ProbeContext, isDependent: () => boolean) {
    this.#context = context;
    this.#isDependent = isDependent;
    this.#clock = context.platform.clock;
  }

  /** Whether a server with RFC 5780 would be probed at once. */
  get wantsServer(): boolean {
    return this.#plan.wantsServer && this.#waiting.length === 0;
  }

  /** Whether a probe is under way, after which another server may be wanted. */
  get isBusy(): boolean {
    return !this.#plan.isDone && this.#running.size + this.#waiting.length > 0;
  }

  /** Takes a server that answered. */
  offer(sighting: Sighting): void {
    if (!hasUsableAlternate(sighting)) return;
    this.#waiting.push(sighting);
    this.#advance();
  }

  /** No more servers will come. */
  close(): void {
    this.#isClosed = true;
    this.#advance();
  }

  /**
   * Runs until there is a verdict or nobody left to ask.
   *
   * @throws `signal.reason` if aborted; what was found until then stays.
   */
  async run(signal: AbortSignal): Promise<void> {
    const stop = (): void => this.#done.reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    using timers = new DisposableStack();
    await using group = new TaskGroup(signal);
    this.#group = group;
    const look = (): void => {
      timers.use(this.#clock.schedule(PATIENCE_MS / 4, look));
      this.#advance();
    };
    try {
      signal.throwIfAborted();
      look();
      await this.#done.promise;
    } finally {
      this.#group = undefined;
      signal.removeEventListener("abort", stop);
    }
  }

  get #plan(): FilteringPlan {
    const now = this.#clock.now();
    return planFiltering({
      waiting: this.#waiting.length,
      runningForMs: [...this.#running.values()].map((sinceMs) => now - sinceMs),
      results: this.results,
      isClosed: this.#isClosed,
      isDependent: this.#isDependent(),
    });
  }

  #advance(): void {
    const { wantsServer, isDone } = this.#plan;
    if (isDone) return this.#done.resolve();
    if (wantsServer && this.#group !== undefined) this.#probe(this.#group);
  }

  #probe(group: TaskGroup): void {
    const next = this.#waiting.shift();
    if (next === undefined) return;
    const { server, spec } = next;
    const { platform, address: localAddress, device, mark } = this.#context;
    this.#running.set(next, this.#clock.now());
    group.spawn(async (signal) => {
      try {
        const result = await probeUdpFiltering({ platform, server, localAddress, device, mark, signal });
        this.results.push(result);
        this.#note(result, spec);
      } catch (error) {
        if (signal.aborted) throw error;
        this.#context.note({
          ...{ purpose: "filtering", asked: server, server: spec },
          ...{ outcome: "failed", note: errorMessage(error) },
        });
      }
      this.#running.delete(next);
      this.#advance();
    });
  }

  #note(result: FilteringResult, server: HostPort | undefined): void {
    const { filtering, evidence, reason } = result;
    this.#context.note({
      purpose: "filtering",
      asked: evidence.server,
      server,
      outcome: evidence.reflexive === undefined ? "silent" : "answered",
      seen: evidence.reflexive,
      otherAddress: evidence.alternate,
      note: reason === undefined ? filtering : `${filtering}: ${reason}`,
    });
  }
}
