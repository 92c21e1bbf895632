import { EXTERNAL_PORTS, INTERNAL_PORTS } from "./addresses.ts";

/** A random one-to-one map of internal to external ports that can be dealt anew. */
export class PortBlock {
  readonly #order: readonly number[];
  #offset = 0;

  constructor() {
    const order = Array.from({ length: EXTERNAL_PORTS.count }, (_, i) => EXTERNAL_PORTS.first + i);
    for (let i = order.length - 1; i > 0; i--) {
      const j = Math.floor(Math.random() * (i + 1));
      [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
    }
    this.#order = order;
  }

  /** Deals all ports anew: none keeps its external port. */
  deal(): void {
    this.#offset += 1 + Math.floor(Math.random() * (INTERNAL_PORTS.count - 1));
  }

  /** Internal port to external port. */
  get ports(): ReadonlyMap<number, number> {
    return new Map(
      this.#order.map((_, i) => {
        const outer = this.#order[(i + this.#offset) % this.#order.length] ?? 0;
        return [INTERNAL_PORTS.first + i, outer];
      }),
    );
  }
}
