/** Options for {@linkcode RateLimit}. */
export interface RateLimitOptions {
  /** How many may come at once after a pause. */
  readonly burst: number;
  /** How many a second in the long run. */
  readonly perSecond: number;
  /** Sources remembered; beyond that the one that was quiet longest is forgotten. @default {4096} */
  readonly mostSources?: number | undefined;
}

interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

/** Token buckets, one for each source; all start full. Its memory is bounded. */
export class RateLimit {
  readonly #options: RateLimitOptions;
  /** The longest quiet ones first. */
  readonly #buckets = new Map<string, Bucket>();

  /** Every bucket is full at first. @throws {RangeError} If the burst or the rate is not above zero. */
  constructor(options: RateLimitOptions) {
    const { burst, perSecond } = options;
    if (!(burst >= 1 && perSecond > 0)) {
      throw new RangeError(`Cannot limit to ${perSecond} per second, ${burst} at once: not above zero`);
    }
    this.#options = options;
  }

  /** Takes one. @returns 0 if it was granted, else the milliseconds until one would be. */
  take(source: string, nowMs: number): number {
    const { burst, perSecond, mostSources = 4096 } = this.#options;
    const before = this.#buckets.get(source);
    // A clock that steps back neither grants nor takes.
    const atMs = Math.max(nowMs, before?.atMs ?? nowMs);
    const since = atMs - (before?.atMs ?? atMs);
    const tokens = Math.min(burst, (before?.tokens ?? burst) + since * perSecond / 1000);
    const isGranted = tokens >= 1;
    this.#buckets.delete(source);
    this.#buckets.set(source, { tokens: isGranted ? tokens - 1 : tokens, atMs });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > mostSources && oldest !== undefined) this.#buckets.delete(oldest);
    return isGranted ? 0 : Math.ceil((1 - tokens) * 1000 / perSecond);
  }
}
