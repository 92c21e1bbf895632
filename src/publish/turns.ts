import { Gate } from "../core/gate.ts";

/**
 * Makes those who want the same thing take turns, in the order they came: publishers of one process that write into one
 * record, for example. Shared by handing one object to all of them.
 */
export class Turns {
  readonly #gates = new Map<string, { readonly gate: Gate; users: number }>();

  /**
   * Runs `task` as soon as nobody else with this key is at it.
   *
   * @throws `signal.reason` if aborted while it waits; what `task` throws otherwise.
   */
  async take<T>(key: string, task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const turn = this.#gates.get(key) ?? { gate: new Gate(1), users: 0 };
    this.#gates.set(key, turn);
    turn.users++;
    try {
      return await turn.gate.run(task, signal);
    } finally {
      if (--turn.users === 0) this.#gates.delete(key);
    }
  }
}
