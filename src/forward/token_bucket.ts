/** How much may pass at once: a tenth of a second's worth, so that a limit is not a row of long stops. */
const BURST_SECONDS = 0.1;
/** Less at once would cost more calls than it moves bytes. */
const MIN_BURST_BYTES = 4096;

/** What sums of fractions may miss by. */
const SLACK = 1e-6;

/** A rate limit; over any time `t` no more than one burst plus `t` times the rate passes. Starts full. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #atMs: number;

  /**
   * @param perSecond Bytes (or whatever is counted) per second.
   * @param burst What may pass at once after a pause.
   * @throws {RangeError} If the rate or the burst is not above zero.
   */
  constructor(
    perSecond: number,
    nowMs: number,
    burst: number = Math.max(MIN_BURST_BYTES, perSecond * BURST_SECONDS),
  ) {
    if (!(perSecond > 0 && burst > 0)) {
      throw new RangeError(`Cannot limit to ${perSecond} per second, ${burst} at once: not above zero`);
    }
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#atMs = nowMs;
  }

  /** Takes up to `wanted`. @returns What was granted: a whole number, perhaps 0. */
  take(wanted: number, nowMs: number): number {
    this.#refill(nowMs);
    const granted = Math.max(0, Math.min(wanted, Math.floor(this.#tokens + SLACK)));
    this.#tokens -= granted;
    return granted;
  }

  /** Takes all or nothing: for datagrams. More than one burst passes when the bucket is full, and is paid off after. */
  takeWhole(wanted: number, nowMs: number): boolean {
    this.#refill(nowMs);
    if (this.#tokens + SLACK < Math.min(wanted, this.#burst)) return false;
    this.#tokens -= wanted;
    return true;
  }

  /**
   * Takes what has passed already, perhaps more than there is.
   *
   * @returns Milliseconds until the debt is paid; 0 if there is none.
   */
  spend(spent: number, nowMs: number): number {
    this.#refill(nowMs);
    this.#tokens -= spent;
    return this.waitMs(0, nowMs);
  }

  /** Returns what was granted and then not used. */
  giveBack(unused: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + unused);
  }

  /** Milliseconds until `wanted`, or one burst if that is less, can be taken; 0 if it can be now. */
  waitMs(wanted: number, nowMs: number): number {
    this.#refill(nowMs);
    const missing = Math.min(wanted, this.#burst) - this.#tokens;
    return missing <= SLACK ? 0 : Math.ceil(missing / this.#perMs);
  }

  #refill(nowMs: number): void {
    if (nowMs <= this.#atMs) return; // a clock that steps back grants nothing
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
  }
}
