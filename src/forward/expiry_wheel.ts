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
  /** The number of its slot, not yet modulo. */
  readonly #numberOf = new Map<Expiring, number>();
  readonly #slotMs: number;
  #slotNumber: number;

  /** @param slotMs Width of a slot. */
  constructor(nowMs: number, slotMs: number = 1000) {
    this.#slotMs = slotMs;
    this.#slotNumber = Math.floor(nowMs / slotMs);
  }

  /** How many there are. */
  get size(): number {
    return this.#numberOf.size;
  }

  /** Puts it in, or where its limit is now if that is sooner than it was: a later one is met when it is looked at. */
  add(item: Expiring): void {
    const deadlineMs = item.deadlineMs();
    if (deadlineMs === Infinity) return this.remove(item);
    // Not the slot of this moment, which may have been looked at, and not further than one turn.
    const wanted = Math.ceil(deadlineMs / this.#slotMs);
    const number = Math.min(Math.max(wanted, this.#slotNumber + 1), this.#slotNumber + SLOTS);
    const known = this.#numberOf.get(item);
    if (known !== undefined && known <= number) return;
    if (known !== undefined) this.#slots[known % SLOTS]?.delete(item);
    this.#slots[number % SLOTS]?.add(item);
    this.#numberOf.set(item, number);
  }

  /** Takes it out. */
  remove(item: Expiring): void {
    const number = this.#numberOf.get(item);
    if (number === undefined) return;
    this.#slots[number % SLOTS]?.delete(item);
    this.#numberOf.delete(item);
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
