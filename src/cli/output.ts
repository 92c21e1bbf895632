/** Where bytes go; `Deno.stdout` is one. */
export interface ByteSink {
  write(bytes: Uint8Array): Promise<number>;
}

/** Options for {@linkcode Output}. */
export interface OutputOptions {
  readonly sink: ByteSink;
  /** Called once when writing failed, mostly because nobody reads any more; what comes later is dropped. */
  readonly onClosed?: ((error: unknown) => void) | undefined;
  /** A reader that is behind by more than this loses lines; nothing ever waits for it. @default {1_048_576} */
  readonly maxPendingBytes?: number;
}

/** Lines written by one call. */
const MOST_AT_ONCE = 256;

/**
 * Writes lines in order without ever making the caller wait: a keep-alive must not depend on whoever reads
 * our stdout.
 */
export class Output {
  readonly #sink: ByteSink;
  readonly #onClosed: ((error: unknown) => void) | undefined;
  readonly #maxPendingBytes: number;
  readonly #queue: Uint8Array[] = [];
  #pendingBytes = 0;
  #dropped = 0;
  #isClosed = false;
  #writing: Promise<void> | undefined;

  constructor(options: OutputOptions) {
    const { sink, onClosed, maxPendingBytes = 1_048_576 } = options;
    this.#sink = sink;
    this.#onClosed = onClosed;
    this.#maxPendingBytes = maxPendingBytes;
  }

  /** Lines lost so far because the reader was too slow. */
  get droppedLines(): number {
    return this.#dropped;
  }

  /** Queues one line; the newline is added. */
  line(text: string): void {
    if (this.#isClosed) return;
    const bytes = new TextEncoder().encode(`${text}\n`);
    if (this.#pendingBytes + bytes.length > this.#maxPendingBytes) {
      this.#dropped++;
      return;
    }
    this.#queue.push(bytes);
    this.#pendingBytes += bytes.length;
    this.#writing ??= this.#drain();
  }

  /** Queues a value as one line of JSON. */
  json(value: unknown): void {
    this.line(JSON.stringify(value));
  }

  /** Waits until everything queued is written, or nobody reads any more. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async #drain(): Promise<void> {
    await Promise.resolve(); // So that #writing is set before it can be cleared.
    try {
      while (this.#queue.length > 0) {
        // Lines that came together go together.
        const bytes = joined(this.#queue.splice(0, MOST_AT_ONCE));
        for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await this.#sink.write(rest));
        this.#pendingBytes -= bytes.length;
      }
    } catch (error) {
      this.#isClosed = true;
      this.#queue.length = 0;
      this.#onClosed?.(error);
    } finally {
      this.#writing = undefined;
    }
  }
}

function joined(lines: readonly Uint8Array[]): Uint8Array {
  const [first] = lines;
  if (lines.length === 1 && first !== undefined) return first;
  const bytes = new Uint8Array(lines.reduce((sum, line) => sum + line.length, 0));
  let at = 0;
  for (const line of lines) {
    bytes.set(line, at);
    at += line.length;
  }
  return bytes;
}

/** Whether writing failed because the reader went away (`| head -1`), which is no fault. */
export function isBrokenPipe(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe;
}
