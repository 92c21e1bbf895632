import { orAborted } from "../../core/aborting.ts";
import { backoffMs } from "../../core/backoff.ts";
import { type Endpoint, isSameEndpoint } from "../../core/endpoint.ts";
import type { Platform } from "../../core/platform.ts";
import type { Found } from "../found.ts";

/** Options for {@linkcode EndpointFollower}. */
export interface EndpointFollowerOptions {
  /** Timers and jitter. */
  readonly platform: Pick<Platform, "clock" | "random">;
  /** Looks it up; past caches if `isFresh`. */
  readonly find: (isFresh: boolean, signal: AbortSignal) => Promise<Found>;
  /** It was found first, or is elsewhere now (`previous` was the best endpoint). Must not block. */
  readonly onFound: (found: Found, previous: Endpoint | undefined) => void;
  /** It cannot be found now; said once for each reason until it is found again. Must not block. */
  readonly onTrouble: (error: unknown) => void;
}

/** Records are looked up again when their time is over, but not more often than this. */
const REFRESH_MS_MIN = 5000;
/** Where nobody says how long records may be kept: half of what porthole gives its own. */
const REFRESH_MS_DEFAULT = 30_000;
/** Nobody waits longer for a mapping that moved, whatever its records say. */
const REFRESH_MS_MAX = 300_000;
/** Looks past caches that keep giving the same answer grow this far apart. */
const FRESH_GAP_MS = { firstMs: 2000, maxMs: 60_000 } as const;

/**
 * Keeps known where a service is: looks again when the records are old, and past caches when somebody doubts them.
 * Without an answer the last one stays in use. Disposing ends it.
 */
export class EndpointFollower implements AsyncDisposable {
  readonly #options: EndpointFollowerOptions;
  readonly #closing = new AbortController();
  readonly #first = Promise.withResolvers<void>();
  #found: Found | undefined;
  #looking: { readonly isFresh: boolean; readonly done: Promise<void> } | undefined;
  #timer: Disposable | undefined;
  #failures = 0;
  #toldTrouble: string | undefined;
  /** Looks past caches in a row that changed nothing. */
  #idleDoubts = 0;
  #mayDoubtMs = -Infinity;

  /** Begins at once. */
  constructor(options: EndpointFollowerOptions) {
    this.#options = options;
    this.#look("cached");
  }

  /** Where it is; `undefined` until it was found. */
  get found(): Found | undefined {
    return this.#found;
  }

  /** Waits until it was found once. @throws `signal.reason` if aborted. */
  async current(signal: AbortSignal): Promise<Found> {
    while (this.#found === undefined) await orAborted(this.#first.promise, signal);
    return this.#found;
  }

  /**
   * Somebody could not get there. Looks past caches, unless that was done a moment ago; many may ask at once.
   *
   * @returns Where it is, as far as is known now.
   * @throws `signal.reason` if aborted.
   */
  async doubt(signal: AbortSignal): Promise<Found | undefined> {
    const { clock } = this.#options.platform;
    if (this.#looking?.isFresh !== true && clock.now() >= this.#mayDoubtMs) {
      await orAborted(this.#looking?.done ?? Promise.resolve(), signal);
      this.#look("fresh");
    }
    await orAborted(this.#looking?.done ?? Promise.resolve(), signal);
    return this.#found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new DOMException("Nobody follows it any more", "AbortError"));
    this.#timer?.[Symbol.dispose]();
    await this.#looking?.done;
  }

  #look(how: "cached" | "fresh"): void {
    const isFresh = how === "fresh";
    if (this.#closing.signal.aborted || this.#looking?.isFresh === true) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const done = this.#find(isFresh).finally(() => {
      if (this.#looking === looking) this.#looking = undefined;
    });
    const looking = this.#looking = { isFresh, done };
  }

  async #find(isFresh: boolean): Promise<void> {
    const { find } = this.#options;
    const { signal } = this.#closing;
    try {
      this.#take(await find(isFresh, signal), isFresh);
    } catch (error) {
      if (!signal.aborted) this.#fail(error, isFresh);
    }
  }

  #take(found: Found, isFresh: boolean): void {
    const previous = this.#found;
    const isSame = previous !== undefined && isSameList(previous.endpoints, found.endpoints);
    this.#failures = 0;
    this.#toldTrouble = undefined;
    this.#found = found;
    this.#noteDoubt(isFresh, isSame ? "same" : "other");
    this.#first.resolve();
    const ttlMs = found.ttlSeconds === undefined ? REFRESH_MS_DEFAULT : found.ttlSeconds * 1000;
    this.#lookAfter(Math.min(REFRESH_MS_MAX, Math.max(REFRESH_MS_MIN, ttlMs)));
    if (!isSame) this.#options.onFound(found, previous?.endpoints[0]);
  }

  #fail(error: unknown, isFresh: boolean): void {
    this.#noteDoubt(isFresh, "same");
    this.#failures++;
    this.#lookAfter(backoffMs(this.#failures, this.#options.platform.random, { firstMs: REFRESH_MS_MIN }));
    const reason = error instanceof Error ? error.message : String(error);
    if (reason === this.#toldTrouble) return;
    this.#toldTrouble = reason;
    this.#options.onTrouble(error);
  }

  /** The more often nothing has changed, the longer until a look past caches is worth it again. */
  #noteDoubt(isFresh: boolean, answer: "same" | "other"): void {
    const { clock, random } = this.#options.platform;
    if (answer === "other") this.#idleDoubts = 0;
    else if (isFresh) this.#idleDoubts++;
    else return;
    const gapMs = this.#idleDoubts === 0 ? 0 : backoffMs(this.#idleDoubts, random, FRESH_GAP_MS);
    this.#mayDoubtMs = clock.now() + gapMs;
  }

  #lookAfter(delayMs: number): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#options.platform.clock.schedule(delayMs, () => this.#look("cached"));
  }
}

function isSameList(a: readonly Endpoint[], b: readonly Endpoint[]): boolean {
  // Name servers rotate their answers; another order is no news.
  return a.length === b.length && a.every((one) => b.some((other) => isSameEndpoint(one, other)));
}
