/** Something with a time limit that may move. */
export interface Expiring {
  /** When its time is up, in monotonic milliseconds; `Infinity` takes it out. Never asked before its last answer. */
  deadlineMs(): number;
  /** Its time is up; it has left the wheel. */
  expire(nowMs: number): void;
}

/** Slots; what is further away goes round more than once. */
const SLOTS = 512;

/**
 * Time limits of many connections without a timer each. Coarse: an item expires up to one slot and one turn late,
 * never early. Activity costs nothing; the limit is only looked at when its slot comes.
 */
export class ExpiryWheel {
  readonly #slots: Set<Expiring>[] = Array.from({ length: SLOTS }, () => new Set<Expiring>());
  readonly #slotOf = new Map<Expiring, number>();
  readonly #slotMs: number;
  #slotNumber: number;

  /** @param slotMs Width of a slot. */
  constructor(nowMs: number, slotMs: number = 1000) {
    this.#slotMs = slotMs;
    this.#slotNumber = Math.floor(nowMs / slotMs);
  }

  /** How many there are. */
  get size(): number {
    return this.#slotOf.size;
  }

  /** Puts it in, or where its limit is now if that is sooner than it was. */
  add(item: Expiring): void {
    this.remove(item);
    const deadlineMs = item.deadlineMs();
    if (deadlineMs === Infinity) return;
    // Not the slot of this moment, which may have been looked at, and not further than one turn.
    const wanted = Math.ceil(deadlineMs / this.#slotMs);
    const number = Math.min(Math.max(wanted, this.#slotNumber + 1), this.#slotNumber + SLOTS);
    const slot = number % SLOTS;
    this.#slots[slot]?.add(item);
    this.#slotOf.set(item, slot);
  }

  /** Takes it out. */
  remove(item: Expiring): void {
    const slot = this.#slotOf.get(item);
    if (slot === undefined) return;
    this.#slots[slot]?.delete(item);
    this.#slotOf.delete(item);
  }

  /** Expires what is due; what had been active since goes on to its new slot. */
  advance(nowMs: number): void {
    const until = Math.floor(nowMs / this.#slotMs);
    const last = Math.min(until, this.#slotNumber + SLOTS);
    const first = this.#slotNumber + 1;
    if (until <= this.#slotNumber) return;
    this.#slotNumber = until;
    for (let number = first; number <= last; number++) {
      for (const item of [...this.#slots[number % SLOTS] ?? []]) {
        this.remove(item);
        if (item.deadlineMs() <= nowMs) item.expire(nowMs);
        else this.add(item);
      }
    }
  }
}
