import type { Clock } from "../../core/clock.ts";
import type { RecordOwner } from "../listed_store.ts";
import type { ListedRecord } from "../plan_edits.ts";

/** The documentation speaks of 30 s. */
const DELAY_MS = 60_000;

/**
 * Records that were created a moment ago: DNSPod lists them with some delay ("if a new record is not found, try again
 * after 30 seconds"), and meanwhile one more would be created beside them. Each is forgotten as soon as it is listed, or
 * after a minute.
 */
export class FreshRecords {
  readonly #clock: Clock;
  #records: readonly {
    readonly owner: RecordOwner;
    readonly record: ListedRecord;
    readonly untilMs: number;
  }[] = [];

  /** Remembers nothing yet. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Remembers a record, new or changed. */
  add(owner: RecordOwner, record: ListedRecord): void {
    this.forget(record.id);
    this.#records = [...this.#records, { owner, record, untilMs: this.#clock.now() + DELAY_MS }];
  }

  /** Whether it is remembered. */
  has(id: string): boolean {
    return this.#records.some(({ record }) => record.id === id);
  }

  /** It is gone, or listed. */
  forget(id: string): void {
    this.#records = this.#records.filter(({ record }) => record.id !== id);
  }

  /** The list with those in it that it should have. */
  complete(owner: RecordOwner, listed: readonly ListedRecord[]): readonly ListedRecord[] {
    for (const { id } of listed) this.forget(id);
    this.#records = this.#records.filter(({ untilMs }) => this.#clock.now() < untilMs);
    const missing = this.#records.filter((one) =>
      one.owner.type === owner.type && one.owner.relative === owner.relative
    );
    return [...listed, ...missing.map(({ record }) => record)];
  }
}
