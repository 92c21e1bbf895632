/** Reads of this size show whether a direction is bulk; one buffer per Worker, none per connection. */
export const COPY_BYTES = 65_536;

/** So many full reads in a row make a direction bulk: 128 KiB are more than a request or a web page. */
const FULL_READS_FOR_BULK = 2;

/** A splice below it costs more in calls than it saves in copying. */
const SMALL_SPLICE_BYTES = 8192;

/** So many small splices in a row end bulk. */
const SMALL_SPLICES_FOR_COPY = 8;

/**
 * What to do next in one direction: `copy` receives into the shared buffer and sends at once, `flush` sends what a
 * blocked sink left over, `fill` moves from the source into an empty pipe, `drain` from the pipe into the sink,
 * `finish` ends the sink's stream (FIN), `wait` is for an event, `ended` for ever.
 */
export type HalfStep = "copy" | "flush" | "fill" | "drain" | "finish" | "wait" | "ended";

/**
 * One direction of a relayed connection, from a source to a sink: knows nothing of sockets, only what became of the
 * steps it asked for. Bytes are read only when the sink takes some, so what is held is one read at most; the sink's
 * stream is ended only after the last byte.
 */
export class RelayHalf {
  #isBulk = false;
  #isReadable = false;
  #isWritable = false;
  #hasHangup = false;
  #hasEof = false;
  #isEnded = false;
  #isPipe = false;
  #pendingBytes = 0;
  #fullReads = 0;
  #smallReads = 0;

  /** Whether it waits for its turn among the bulky ones. */
  get isBulk(): boolean {
    return this.#isBulk;
  }

  /** The source's peer has ended its side; what it sent before may still have to be read. */
  get hasHangup(): boolean {
    return this.#hasHangup;
  }

  /** The sink's stream was ended. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Bytes read and not yet taken by the sink. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Whether an error of the source would not be met by reading soon: there is nothing to read, or no room. */
  get isDeafToSource(): boolean {
    return this.#hasEof || !this.#isWritable;
  }

  /** What to do now. */
  step(): HalfStep {
    if (this.#isEnded) return "ended";
    if (this.#pendingBytes > 0) {
      if (!this.#isWritable) return "wait";
      return this.#isPipe ? "drain" : "flush";
    }
    if (this.#hasEof) return this.#isWritable ? "finish" : "wait";
    if (!this.#isReadable || !this.#isWritable) return "wait";
    return this.#isBulk ? "fill" : "copy";
  }

  /**
   * The source has something, or says so.
   *
   * @param hasHangup The peer ended its side: no further event will come, so it is read to the end from now on.
   */
  sourceReady(hasHangup: boolean): void {
    this.#isReadable = true;
    if (hasHangup) this.#hasHangup = true;
  }

  /** The sink takes bytes, as far as is known. */
  sinkReady(): void {
    this.#isWritable = true;
  }

  /** The source had nothing (EAGAIN). */
  sourceEmpty(): void {
    this.#isReadable = false;
  }

  /** The sink took nothing (EAGAIN). */
  sinkBlocked(): void {
    this.#isWritable = false;
  }

  /** Bytes that come before the first of the source. */
  preload(bytes: number): void {
    this.#pendingBytes += bytes;
  }

  /**
   * A receive of `copy`, or of `fill` without a pipe, gave `count` of `asked` bytes; 0 is the end of the stream. A
   * short one emptied the source, which will say so when there is more, unless it has nothing more to say.
   */
  received(count: number, asked: number): void {
    if (this.#noteEnd(count)) return;
    this.#isPipe = false;
    this.#pendingBytes = count;
    if (count < asked && !this.#hasHangup) this.#isReadable = false;
    if (this.#isBulk) return this.#noteBulk(count);
    this.#fullReads = count === asked ? this.#fullReads + 1 : 0;
    if (this.#fullReads < FULL_READS_FOR_BULK) return;
    this.#isBulk = true;
    this.#smallReads = 0;
  }

  /** `fill` moved `count` bytes into the pipe; 0 is the end of the stream. A short one says nothing. */
  filled(count: number): void {
    if (this.#noteEnd(count)) return;
    this.#isPipe = true;
    this.#pendingBytes = count;
    this.#noteBulk(count);
  }

  /** The sink took `count` of a send; less than there was means that it has no more room. */
  sent(count: number): void {
    this.#take(count);
    if (this.#pendingBytes > 0) this.#isWritable = false;
  }

  /** The sink took `count` bytes of the pipe; less than there was says nothing. */
  drained(count: number): void {
    this.#take(count);
  }

  /** `finish` was done. */
  finished(): void {
    this.#isEnded = true;
  }

  #take(count: number): void {
    if (count > this.#pendingBytes) {
      throw new RangeError(`Cannot take ${count} bytes: ${this.#pendingBytes} are pending`);
    }
    this.#pendingBytes -= count;
  }

  #noteEnd(count: number): boolean {
    if (count > 0) return false;
    this.#hasEof = true;
    return true;
  }

  #noteBulk(count: number): void {
    this.#smallReads = count < SMALL_SPLICE_BYTES ? this.#smallReads + 1 : 0;
    if (this.#smallReads < SMALL_SPLICES_FOR_COPY) return;
    this.#isBulk = false;
    this.#fullReads = 0;
  }
}
