import { type Endpoint, isSameEndpoint } from "../core/endpoint.ts";

/** After so many answers in a row that contradict the one before, servers are not compared with each other. */
const CONTRADICTIONS_TO_DISTRUST = 3;

/**
 * What the canary's servers said so far, and whether an answer is news. With endpoint-independent mapping every
 * server says the same, so any difference is news; otherwise a server is compared with itself only.
 */
export class CanaryMemory {
  readonly #lastOf = new Map<string, Endpoint>();
  #last: Endpoint | undefined;
  #contradictions = 0;

  /** Whether servers agree with each other, as far as seen. */
  get isIndependent(): boolean {
    return this.#contradictions < CONTRADICTIONS_TO_DISTRUST;
  }

  /**
   * Takes in an answer.
   *
   * @param server Which server, by any stable name.
   * @returns Whether the external endpoint of the canary has changed.
   */
  accept(server: string, reflexive: Endpoint): boolean {
    const own = this.#lastOf.get(server);
    const isNewForServer = own !== undefined && !isSameEndpoint(own, reflexive);
    const isNewForAll = this.#last !== undefined && !isSameEndpoint(this.#last, reflexive);
    const isChange = isNewForServer || (isNewForAll && own === undefined && this.isIndependent);
    this.#contradictions = isNewForAll ? this.#contradictions + 1 : 0;
    // What others said before a change is out of date: their next answer must not count as another change.
    if (isChange && this.isIndependent) this.#lastOf.clear();
    this.#lastOf.set(server, reflexive);
    this.#last = reflexive;
    return isChange;
  }
}
