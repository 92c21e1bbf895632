/** Slots: beats of the loop, requests sent. */
const BEATS = 0;
const SENT = 1;

/** Signs of life and the count of requests, in memory that both threads see. */
export class WorkerVitals {
  /** For the object of the other thread. */
  readonly memory: SharedArrayBuffer;
  readonly #slots: Int32Array;

  /** @param memory Of the other thread's object; new if absent. */
  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(8)) {
    this.memory = memory;
    this.#slots = new Int32Array(memory);
  }

  /** Changes with each wake of the loop; wraps around. */
  get beats(): number {
    return Atomics.load(this.#slots, BEATS);
  }

  /** The loop is awake. */
  beat(): void {
    Atomics.add(this.#slots, BEATS, 1);
  }

  /** Requests posted so far: the Worker has to take so many before it waits again. */
  get sent(): number {
    return Atomics.load(this.#slots, SENT);
  }

  /** One was posted. */
  noteSent(): void {
    Atomics.add(this.#slots, SENT, 1);
  }
}
