/** What the owner of a mapping can ask its keeper for while it runs. */
export class KeeperControl {
  #lookUp: (() => Promise<void>) | undefined;

  /**
   * Looks the mapping up at its STUN servers now; resolves when they answered or nobody does. Does nothing while
   * there is nothing to look up.
   */
  async verify(): Promise<void> {
    await this.#lookUp?.();
  }

  /** For the keeper. Disposing takes the connection back. */
  connect(lookUp: () => Promise<void>): Disposable {
    this.#lookUp = lookUp;
    return { [Symbol.dispose]: (): void => void (this.#lookUp = undefined) };
  }
}
