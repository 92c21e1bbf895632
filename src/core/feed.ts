/** Takes events of a {@linkcode Feed}; must not block. */
export type Reader<T> = (event: T) => void;

/**
 * One writer, many readers. Each reader sees the events in order; `emit` never waits, and a reader that throws
 * hurts neither the writer nor the other readers.
 */
export class Feed<T> {
  readonly #readers = new Set<Reader<T>>();
  readonly #onFault: (error: unknown) => void;
  readonly #waiting: T[] = [];
  #isHanding = false;

  /** @param onFault Told what a reader threw. */
  constructor(onFault: (error: unknown) => void) {
    this.#onFault = onFault;
  }

  /** Hands `event` to every reader. */
  emit(event: T): void {
    this.#waiting.push(event);
    // A reader that emits must not let the readers after it see its event first.
    if (this.#isHanding) return;
    this.#isHanding = true;
    try {
      for (const next of this.#waiting) this.#hand(next);
    } finally {
      this.#waiting.length = 0;
      this.#isHanding = false;
    }
  }

  #hand(event: T): void {
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
