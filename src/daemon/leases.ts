/** A shared thing, held by whoever disposes this last. */
export interface Lease<T> extends AsyncDisposable {
  readonly value: T;
}

interface Shared<T> {
  readonly value: Promise<T>;
  holders: number;
}

/** Things made once for each key and closed with the last of their holders. */
export class Leases<T extends Partial<AsyncDisposable>> {
  readonly #shared = new Map<string, Shared<T>>();

  /**
   * Holds the thing of `key`, made by `make` if nobody holds it yet.
   *
   * @throws What `make` throws; the next holder tries anew.
   */
  async take(key: string, make: () => Promise<T>): Promise<Lease<T>> {
    const shared = this.#shared.get(key) ?? { value: make(), holders: 0 };
    this.#shared.set(key, shared);
    shared.holders++;
    try {
      return { value: await shared.value, [Symbol.asyncDispose]: () => this.#giveBack(key, shared) };
    } catch (error) {
      if (this.#shared.get(key) === shared) this.#shared.delete(key);
      throw error;
    }
  }

  async #giveBack(key: string, shared: Shared<T>): Promise<void> {
    shared.holders--;
    if (shared.holders > 0) return;
    if (this.#shared.get(key) === shared) this.#shared.delete(key);
    await (await shared.value)[Symbol.asyncDispose]?.();
  }
}
