import type { ForwardCounters } from "./forwarder.ts";

/** What relays count into. */
export interface RelayCounters {
  /** Bytes from clients to the target, and back. */
  count(inBytes: number, outBytes: number): void;
  /** A connection or session began. */
  opened(): void;
  /** It ended. */
  closed(): void;
  /** One was turned away. */
  refused(): void;
}

/** Slots of one tunnel: active, opened, refused, bytesIn, bytesOut. */
const SLOTS = 5;

/**
 * One tunnel's counters in memory that two threads share: the Worker writes, everybody reads, nobody is woken.
 * Each slot is an aligned 64-bit word, which x86-64 and arm64 never tear; whole up to 2^53.
 */
export class SharedCounters implements RelayCounters {
  /** For the object of the other thread. */
  readonly memory: SharedArrayBuffer;
  readonly #slots: Float64Array;

  /** @param memory Of the other thread's object; new if absent. */
  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(SLOTS * 8)) {
    this.memory = memory;
    this.#slots = new Float64Array(memory);
  }

  count(inBytes: number, outBytes: number): void {
    this.#add(3, inBytes);
    this.#add(4, outBytes);
  }

  opened(): void {
    this.#add(0, 1);
    this.#add(1, 1);
  }

  closed(): void {
    this.#add(0, -1);
  }

  refused(): void {
    this.#add(2, 1);
  }

  /** What was active ended together with the Worker. */
  clearActive(): void {
    this.#slots[0] = 0;
  }

  /** The values of this moment. */
  read(): ForwardCounters {
    const [active = 0, opened = 0, refused = 0, bytesIn = 0, bytesOut = 0] = this.#slots;
    return { active, opened, refused, bytesIn, bytesOut };
  }

  #add(slot: number, value: number): void {
    this.#slots[slot] = (this.#slots[slot] ?? 0) + value;
  }
}
