/** Takes events of a {@linkcode Feed}; must not block. */
export type Reader<T> = (event: T) => void;

/**
 * One writer, many readers. Each reader sees the events in order; `emit` never waits, and a reader that throws
 * hurts neither the writer nor the other readers.
 */
export class Feed<T> {
  readonly #readers = new Set<Reader<T>>();
  readonly #onFault: (error: unknown) => void;

  /** @param onFault Told what a reader threw. */
  constructor(onFault: (error: unknown) => void) {
    this.#onFault = onFault;
  }

  /** Hands `event` to every reader. */
  emit(event: T): void {
    for (const reader of this.#readers) {
      try {
        reader(event);
      } catch (error) {
        this.#onFault(error);
      }
    }
  }

  /** Adds a reader; disposing removes it. */
  subscribe(reader: Reader<T>): Disposable {
    this.#readers.add(reader);
    return { [Symbol.dispose]: (): void => void this.#readers.delete(reader) };
  }
}
