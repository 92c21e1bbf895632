/** How many connections and sessions may be open at a time, of all tunnels: each costs two descriptors. */
export class SessionCap {
  readonly #max: number;
  readonly #waiting = new Set<() => void>();
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Open ones. */
  get count(): number {
    return this.#count;
  }

  /** The limit. */
  get max(): number {
    return this.#max;
  }

  /** Counts one more. @returns Whether there was room. */
  enter(): boolean {
    if (this.#count >= this.#max) return false;
    this.#count++;
    return true;
  }

  /** One has ended: whoever waits for room is told, once. */
  leave(): void {
    this.#count--;
    if (this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const callback of waiting) callback();
  }

  /** Calls back once after the next one has ended. */
  whenLeft(callback: () => void): void {
    this.#waiting.add(callback);
  }

  /** Takes it back. */
  forget(callback: () => void): void {
    this.#waiting.delete(callback);
  }
}
