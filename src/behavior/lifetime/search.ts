import { type Bracket, bracketOf, type TrialOutcome } from "./bracket.ts";

/** Which batch of mappings a trial belongs to; each batch is made at one time. */
export type Batch = 0 | 1 | 2;

/** A mapping that was made and is left alone until it is looked at, once. */
export interface IdleTrial {
  /** Unique. */
  readonly id: number;
  /** The batch it was made with. */
  readonly batch: Batch;
  /** When it was last used, on the clock of {@linkcode SearchState.nowMs}. */
  readonly sinceMs: number;
}

/** How many mappings each batch makes. */
export type BatchSizes = readonly [number, number, number];

/** A search, at some moment; a value. */
export interface SearchState {
  /** Now, in milliseconds. */
  readonly nowMs: number;
  /** The longest wait. */
  readonly maxMs: number;
  /** Sizes of the batches. */
  readonly sizes: BatchSizes;
  /** Batches that were asked for so far. */
  readonly opened: readonly Batch[];
  /** Whether a batch is being made just now. */
  readonly isOpening: boolean;
  /** Trials that nobody has looked at yet. */
  readonly idle: readonly IdleTrial[];
  /** Trials being looked at. */
  readonly checking: number;
  /** What came of the others. */
  readonly outcomes: readonly TrialOutcome[];
}

/** What to do next. */
export interface SearchPlan {
  /** Make this batch of mappings. */
  readonly open?: Batch | undefined;
  /** Look at this trial now. */
  readonly check?: IdleTrial | undefined;
  /** Nothing changes before this moment unless a trial ends. */
  readonly nextMs?: number | undefined;
  /** Nothing is left to be found out. */
  readonly isDone: boolean;
}

/** The shortest first wait: below it a lifetime would be of no use anyway. */
const FIRST_MS = 7_000;
/** The last wait of the first batch; beyond it the second one, begun later, goes on. */
const FIRST_BATCH_MS = 68_500;
/** The answer may be this wide, or this part of the lifetime. */
const RESOLUTION_MS = 2_000;
const RESOLUTION_PART = 0.03;
/** Looking takes time too, which widens the answer. */
const RESOLUTION_MARGIN = 0.75;
/** Above this the recommendation is the same, so a third round of waiting is not worth its time. */
const PATIENT_MS = 600_000;
/** A wait that is due within so little is due. */
const SLACK_MS = 5;

const WAIT: SearchPlan = { isDone: false };
const DONE: SearchPlan = { isDone: true };

/** How wide the interval around a lifetime may be in the end, in milliseconds. */
export function resolutionMs(aliveMs: number): number {
  return Math.max(RESOLUTION_MS, aliveMs * RESOLUTION_PART);
}

/** The waits of the first batch: each a fixed part longer than the one before. */
export function firstWaits(count: number, maxMs: number): readonly number[] {
  const first = Math.min(FIRST_MS, maxMs / 5);
  const last = Math.min(FIRST_BATCH_MS, maxMs);
  const ratio = (last / first) ** (1 / Math.max(1, count - 1));
  return Array.from({ length: count }, (_, i) => i === count - 1 ? last : first * ratio ** i);
}

/**
 * Decides what to do next to find how long an idle mapping lives. Pure.
 *
 * The first batch is looked at after waits that grow geometrically. The second is made when the fifth wait was
 * survived, or at the first death: it is then young enough to search between the longest wait survived and the shortest
 * one that was not, which is why the whole takes little longer than the answer. Where the first batch survived
 * altogether, the second one goes on up to the maximum, and the third one searches in between. A death is confirmed by
 * another mapping of the same age where there is one.
 */
export function planSearch(state: SearchState): SearchPlan {
  const { opened, outcomes, checking, isOpening, maxMs } = state;
  const bracket = bracketOf(outcomes);
  if (!opened.includes(0)) return { open: 0, isDone: false };
  if (isOpening) return WAIT;
  const confirming = checking === 0 ? confirmation(state, bracket) : undefined;
  if (confirming !== undefined) return { check: confirming, isDone: false };
  if (bracket.deadMs !== undefined) return narrow(state, bracket.aliveMs, bracket.deadMs);
  if (bracket.aliveMs >= maxMs - SLACK_MS) return checking > 0 ? WAIT : DONE;
  return widen(state, bracket.aliveMs);
}

/** Somebody of the same age as the one that died alone. */
function confirmation(state: SearchState, { deadMs, deaths }: Bracket): IdleTrial | undefined {
  if (deadMs === undefined || deaths !== 1) return undefined;
  return state.idle.find(({ sinceMs }) => state.nowMs - sinceMs >= deadMs);
}

/** Searches between survival and death. */
function narrow(state: SearchState, aliveMs: number, deadMs: number): SearchPlan {
  const { idle, nowMs, checking, opened } = state;
  const width = deadMs - aliveMs;
  if (width <= resolutionMs(aliveMs)) return checking > 0 ? WAIT : DONE;
  const young = idle.filter(({ sinceMs }) => nowMs - sinceMs < deadMs - RESOLUTION_MS / 4);
  const oldestMs = Math.min(...young.map(({ sinceMs }) => sinceMs));
  const next = young.find(({ sinceMs }) => sinceMs === oldestMs);
  if (next === undefined) {
    if (checking > 0) return WAIT;
    const unopened = ([1, 2] as const).find((batch) => !opened.includes(batch));
    // What is left to gain would not pay for waiting once more.
    const isWorthIt = width > 1.25 * resolutionMs(aliveMs) && aliveMs < PATIENT_MS;
    return unopened === undefined || !isWorthIt ? DONE : { open: unopened, isDone: false };
  }
  // No more are used than are needed; those that are too old for the lower part are looked at where they are.
  const needed = Math.ceil(width / (resolutionMs(aliveMs) * RESOLUTION_MARGIN)) - 1;
  const count = Math.max(1, Math.min(young.length, needed));
  const waitMs = aliveMs + width / (count + 1);
  // Each is looked at by itself, so that a death spares the others.
  if (checking > 0) return WAIT;
  return due(next, waitMs, nowMs);
}

/** Looks for the first death. */
function widen(state: SearchState, aliveMs: number): SearchPlan {
  const { idle, nowMs, checking, opened, maxMs, sizes } = state;
  const waits = firstWaits(sizes[0], maxMs);
  const first = idle.filter(({ batch }) => batch === 0);
  const isHalfway = aliveMs >= (waits[4] ?? 0) - SLACK_MS;
  if (isHalfway && !opened.includes(1)) return { open: 1, isDone: false };
  const [oldest] = first;
  if (oldest !== undefined) {
    const last = waits.at(-1) ?? maxMs;
    const next = aliveMs === 0 ? waits[0] ?? maxMs : aliveMs * (last / aliveMs) ** (1 / first.length);
    return checking > 0 ? WAIT : due(oldest, next, nowMs);
  }
  if (checking > 0) return WAIT;
  const unopened = ([1, 2] as const).find((batch) => !opened.includes(batch));
  const others = idle.filter(({ batch }) => batch === 1);
  if (unopened === 2 && others.length > 0 && maxMs <= PATIENT_MS) return { open: 2, isDone: false };
  // The third batch is for searching in between, unless the second one was lost.
  const rest = others.length > 0 ? others : idle;
  const [next] = rest;
  if (next === undefined) return unopened === undefined ? DONE : { open: unopened, isDone: false };
  const lowMs = Math.max(aliveMs, FIRST_MS / 7);
  const waitMs = rest.length === 1 ? maxMs : lowMs * (maxMs / lowMs) ** (1 / rest.length);
  return due(next, Math.min(maxMs, waitMs), nowMs);
}

function due(trial: IdleTrial, waitMs: number, nowMs: number): SearchPlan {
  const atMs = trial.sinceMs + waitMs;
  return atMs <= nowMs + SLACK_MS ? { check: trial, isDone: false } : { nextMs: atMs, isDone: false };
}
