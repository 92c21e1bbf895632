import type { ByteSink } from "./output.ts";

/** Options for {@linkcode ProgressLine}. */
export interface ProgressLineOptions {
  readonly sink: ByteSink;
  /** Nothing is ever written if this is not a terminal. */
  readonly isTerminal: boolean;
}

/** One line on a terminal that is written over, and is gone afterwards. Never makes the caller wait. */
export class ProgressLine implements AsyncDisposable {
  readonly #options: ProgressLineOptions;
  #writing: Promise<void> = Promise.resolve();
  #isShown = false;

  constructor(options: ProgressLineOptions) {
    this.#options = options;
  }

  /** Shows a text in place of the one before. */
  show(text: string): void {
    this.#isShown = true;
    this.#write(`\r${text}\x1b[K`);
  }

  /** Clears the line; resolves when that is written. */
  async clear(): Promise<void> {
    if (this.#isShown) this.#write("\r\x1b[K");
    this.#isShown = false;
    await this.#writing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.clear();
  }

  #write(text: string): void {
    const { sink, isTerminal } = this.#options;
    if (!isTerminal) return;
    this.#writing = this.#writing.then(async () => {
      const bytes = new TextEncoder().encode(text);
      for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await sink.write(rest));
    }).catch(() => {
      // Nobody looks any more, and it was only for looking at.
    });
  }
}
