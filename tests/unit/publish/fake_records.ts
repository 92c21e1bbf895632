import type { RecordType } from "../../../src/dns/record_data.ts";

/** A record at a fake provider, in the provider's spelling. */
export interface FakeRecord {
  readonly id: number;
  /** Below the zone, `@` or empty for the zone itself. */
  readonly name: string;
  readonly type: RecordType | "CNAME" | "MX";
  readonly value: string;
  readonly ttlSeconds: number;
  /** Empty: the default line. */
  readonly line: string;
  readonly isPaused: boolean;
}

/** The records of a fake provider; each change is in `writes`. */
export class FakeRecords {
  #records: readonly FakeRecord[] = [];
  #lastId = 1000;
  /** As in `create A mc`, refused ones left out. */
  readonly writes: string[] = [];

  get all(): readonly FakeRecord[] {
    return this.#records;
  }

  /** Puts records there as somebody else would. */
  seed(records: readonly (Pick<FakeRecord, "name" | "type" | "value"> & Partial<FakeRecord>)[]): void {
    const whole = records.map((record) => ({
      ...{ id: ++this.#lastId, ttlSeconds: 600, line: "", isPaused: false },
      ...record,
    }));
    this.#records = [...this.#records, ...whole];
  }

  clear(): void {
    this.#records = [];
  }

  create(record: Omit<FakeRecord, "id" | "line" | "isPaused">): number {
    this.writes.push(`create ${record.type} ${record.name}`);
    this.seed([record]);
    return this.#lastId;
  }

  /** @returns Whether there was such a record. */
  update(id: number, changes: Partial<FakeRecord>): boolean {
    const old = this.#records.find((record) => record.id === id);
    if (old === undefined) return false;
    this.writes.push(`update ${old.type} ${old.name}`);
    this.#records = this.#records.map((record) => record === old ? { ...old, ...changes } : record);
    return true;
  }

  /** @returns Whether there was such a record. */
  remove(id: number): boolean {
    const old = this.#records.find((record) => record.id === id);
    if (old === undefined) return false;
    this.writes.push(`remove ${old.type} ${old.name}`);
    this.#records = this.#records.filter((record) => record !== old);
    return true;
  }

  /** Another record of that name, type, line and value. */
  hasTwin(record: Pick<FakeRecord, "name" | "type" | "value">, id?: number): boolean {
    return this.#records.some((other) =>
      other.id !== id && other.line === "" && other.name === record.name && other.type === record.type &&
      other.value === record.value
    );
  }
}
