import type { Endpoint } from "../core/endpoint.ts";
import type { ClientRecord } from "./forwarder.ts";

/** Records on their way between threads: objects would cost ten times as much when they are cloned. */
export interface PackedRecords {
  readonly numbers: Float64Array;
  /** Each once; the numbers say which. */
  readonly texts: readonly string[];
}

const NUMBERS_PER_RECORD = 12;

/** For a number or text that is not there; none that is there is negative. */
const ABSENT = -1;

const STATES = ["opened", "closed", "refused"] as const;

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Collects records until they are sent. */
export class RecordPacker {
  readonly #numbers: Float64Array;
  readonly #texts: string[] = [];
  readonly #indices = new Map<string, number>();
  #length = 0;

  /** @param maxRecords How many fit. */
  constructor(maxRecords: number) {
    this.#numbers = new Float64Array(maxRecords * NUMBERS_PER_RECORD);
  }

  /** Whether there is nothing to send. */
  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Whether no more fits. */
  get isFull(): boolean {
    return this.#length === this.#numbers.length;
  }

  /** Appends one. @throws {RangeError} If it is full. */
  add(tunnelId: number, record: ClientRecord): void {
    if (this.isFull) throw new RangeError("Cannot pack record: there is no room");
    const numbers = this.#numbers;
    const at = this.#length;
    numbers[at] = tunnelId;
    numbers[at + 1] = STATES.indexOf(record.state);
    this.#addEndpoint(at + 2, record.client);
    this.#addEndpoint(at + 4, record.local);
    this.#addEndpoint(at + 6, record.target);
    numbers[at + 8] = record.bytesIn ?? ABSENT;
    numbers[at + 9] = record.bytesOut ?? ABSENT;
    numbers[at + 10] = record.durationMs ?? ABSENT;
    numbers[at + 11] = record.reason === undefined ? ABSENT : this.#indexOf(record.reason);
    this.#length = at + NUMBERS_PER_RECORD;
  }

  /** Gives what was collected and begins anew. */
  take(): PackedRecords {
    const packed = { numbers: this.#numbers.slice(0, this.#length), texts: this.#texts.splice(0) };
    this.#indices.clear();
    this.#length = 0;
    return packed;
  }

  #addEndpoint(at: number, endpoint: Endpoint | undefined): void {
    this.#numbers[at] = endpoint === undefined ? ABSENT : this.#indexOf(endpoint.address);
    this.#numbers[at + 1] = endpoint?.port ?? ABSENT;
  }

  #indexOf(text: string): number {
    const known = this.#indices.get(text);
    if (known !== undefined) return known;
    this.#indices.set(text, this.#texts.length);
    return this.#texts.push(text) - 1;
  }
}

/** Reads what a {@linkcode RecordPacker} gave, in order. */
export function unpackRecords(
  { numbers, texts }: PackedRecords,
  onRecord: (tunnelId: number, record: ClientRecord) => void,
): void {
  // Nearly all have the same target: one object serves them all.
  let lastTarget: Endpoint | undefined;
  const at = (index: number): number => numbers[index] ?? ABSENT;
  for (let i = 0; i + NUMBERS_PER_RECORD <= numbers.length; i += NUMBERS_PER_RECORD) {
    const record: Writable<ClientRecord> = {
      state: STATES[at(i + 1)] ?? "refused",
      client: { address: texts[at(i + 2)] ?? "", port: at(i + 3) },
    };
    const local = texts[at(i + 4)];
    if (local !== undefined) record.local = { address: local, port: at(i + 5) };
    const target = texts[at(i + 6)];
    if (target !== undefined) {
      if (lastTarget?.address !== target || lastTarget.port !== at(i + 7)) {
        lastTarget = { address: target, port: at(i + 7) };
      }
      record.target = lastTarget;
    }
    if (at(i + 8) >= 0) record.bytesIn = at(i + 8);
    if (at(i + 9) >= 0) record.bytesOut = at(i + 9);
    if (at(i + 10) >= 0) record.durationMs = at(i + 10);
    const reason = texts[at(i + 11)];
    if (reason !== undefined) record.reason = reason;
    onRecord(at(i), record);
  }
}
