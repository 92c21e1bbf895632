import type { StreamConnection, StreamHandlers } from "../../src/core/net.ts";

/** Handlers that remember what they were told, for tests. */
export class StreamRecorder implements StreamHandlers {
  /** Set by whoever accepts. */
  connection: StreamConnection | undefined;
  /** Bytes received so far. */
  byteCount = 0;
  /** Sum of all bytes received. */
  checksum = 0;
  /** How often the end was told. */
  endCount = 0;
  #text = "";
  readonly #end = Promise.withResolvers<Error | undefined>();
  readonly #decoder = new TextDecoder();
  readonly #waiting: { readonly isMet: () => boolean; readonly resolve: () => void }[] = [];

  /** What was received, as text. */
  get text(): string {
    return this.#text;
  }

  /** Resolves with what onEnd was given. */
  get ended(): Promise<Error | undefined> {
    return this.#end.promise;
  }

  readonly onData = (data: Uint8Array): void => {
    this.byteCount += data.length;
    for (const byte of data) this.checksum += byte;
    if (this.byteCount < 100_000) this.#text += this.#decoder.decode(data);
    for (const waiter of this.#waiting) if (waiter.isMet()) waiter.resolve();
  };

  readonly onEnd = (error?: Error): void => {
    this.endCount++;
    this.#end.resolve(error);
  };

  /** Resolves once so many bytes have come. */
  async bytes(count: number): Promise<void> {
    const isMet = (): boolean => this.byteCount >= count;
    if (isMet()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ isMet, resolve });
    await promise;
  }
}
