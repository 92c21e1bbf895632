import { type Endpoint, isSameEndpoint } from "../core/endpoint.ts";

/** After so many answers in a row that contradict the one before, servers are not compared with each other. */
const CONTRADICTIONS_TO_DISTRUST = 3;

interface Memory {
  readonly endpoint: Endpoint;
  /** From before the last change: another answer is expected next time. */
  readonly isStale: boolean;
}

/**
 * What the canary's servers said so far, and whether an answer is news. With endpoint-independent mapping every
 * server says the same, so any difference is news, unless the server always said that; otherwise a server is
 * compared with itself only.
 */
export class CanaryMemory {
  readonly #lastOf = new Map<string, Memory>();
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
    const isNewForAll = this.#last !== undefined && !isSameEndpoint(this.#last, reflexive);
    const isChange = own === undefined
      ? isNewForAll && this.isIndependent && !this.#isKnown(reflexive)
      : !isSameEndpoint(own.endpoint, reflexive) && (isNewForAll || !own.isStale);
    this.#contradictions = isNewForAll ? this.#contradictions + 1 : 0;
    if (isChange && this.isIndependent) {
      for (const [name, { endpoint }] of this.#lastOf) this.#lastOf.set(name, { endpoint, isStale: true });
    }
    this.#lastOf.set(server, { endpoint: reflexive, isStale: false });
    this.#last = reflexive;
    return isChange;
  }

  #isKnown(reflexive: Endpoint): boolean {
    return [...this.#lastOf.values()].some(({ endpoint }) => isSameEndpoint(endpoint, reflexive));
  }
}
