import type { DescriptorObserver } from "../../ffi/mod.ts";

/**
 * Which descriptors the Worker holds, in memory that outlives it: one bit each. What a dead Worker left behind is
 * closed by the main thread from it.
 */
export class FdLedger implements DescriptorObserver {
  /** For the object of the other thread. */
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  /** @param room Descriptors 0 to `room` - 1, or the memory of the other thread's object. */
  constructor(room: number | SharedArrayBuffer) {
    this.memory = typeof room === "number" ? new SharedArrayBuffer(Math.ceil(room / 32) * 4) : room;
    this.#words = new Int32Array(this.memory);
  }

  opened(fd: number): void {
    // Beyond the room nothing is noted: the session cap keeps numbers below it.
    if (fd >> 5 < this.#words.length) Atomics.or(this.#words, fd >> 5, 1 << (fd & 31));
  }

  closed(fd: number): boolean {
    if (fd >> 5 >= this.#words.length) return true;
    const bit = 1 << (fd & 31);
    return (Atomics.and(this.#words, fd >> 5, ~bit) & bit) !== 0;
  }

  /** The numbers noted, ascending. Ends of dead Workers take them; the notes are gone then. */
  takeAll(): number[] {
    const fds: number[] = [];
    for (let i = 0; i < this.#words.length; i++) this.#takeWord(i, fds);
    return fds;
  }

  /** Takes about `count` of the highest numbers while their owner closes the lowest; none are left if it is empty. */
  takeHighest(count: number): number[] {
    const fds: number[] = [];
    for (let i = this.#words.length - 1; i >= 0 && fds.length < count; i--) this.#takeWord(i, fds);
    return fds;
  }

  #takeWord(index: number, into: number[]): void {
    // A look costs a tenth of an exchange, and most words of a large room are empty.
    if (this.#words[index] === 0) return;
    const word = Atomics.exchange(this.#words, index, 0);
    for (let bit = 0; bit < 32; bit++) {
      if ((word & (1 << bit)) !== 0) into.push(index * 32 + bit);
    }
  }
}
