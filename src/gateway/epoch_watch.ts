/** How a protocol's epoch is to be compared. */
export type EpochRule = "nat-pmp" | "pcp";

interface Reading {
  readonly epochSeconds: number;
  readonly nowMs: number;
}

/**
 * Tells from the epochs in a router's answers whether it has forgotten its mappings since the answer before. Pure but
 * for what it remembers.
 */
export class EpochWatch {
  readonly #rule: EpochRule;
  #last: Reading | undefined;

  /** Nothing was seen yet. */
  constructor(rule: EpochRule) {
    this.#rule = rule;
  }

  /**
   * Takes the epoch of an answer.
   *
   * @param nowMs Monotonic.
   * @returns Whether the router has restarted; `false` for the first answer.
   */
  note(epochSeconds: number, nowMs: number): boolean {
    const last = this.#last;
    this.#last = { epochSeconds, nowMs };
    if (last === undefined) return false;
    const clientSeconds = (nowMs - last.nowMs) / 1000;
    return this.#rule === "nat-pmp"
      ? isNatPmpRestart(last.epochSeconds, epochSeconds, clientSeconds)
      : isPcpRestart(last.epochSeconds, epochSeconds, clientSeconds);
  }
}

/** RFC 6886, section 3.6: more than 2 s behind a cautious estimate, as clocks of routers are slow at worst by 1/8. */
function isNatPmpRestart(before: number, now: number, clientSeconds: number): boolean {
  return now + 2 < before + clientSeconds * 7 / 8;
}

/** RFC 6887, section 8.5: back by more than a second, or clocks that differ by more than 1/16 and 2 s. */
function isPcpRestart(before: number, now: number, clientSeconds: number): boolean {
  if (now < before - 1) return true;
  const serverSeconds = now - before;
  return clientSeconds + 2 < serverSeconds - serverSeconds / 16 ||
    serverSeconds + 2 < clientSeconds - clientSeconds / 16;
}
