import type { RecordData } from "../dns/record_data.ts";
import { isSameRecordData } from "../dns/record_text.ts";

/** A record of one owner name and type, as a provider's API lists it. */
export interface ListedRecord {
  /** What the API calls it by. */
  readonly id: string;
  /** `undefined` if nobody here can read it. */
  readonly data: RecordData | undefined;
  /** `undefined` if the provider keeps none. */
  readonly ttlSeconds: number | undefined;
  /** Kept by the provider, but not served. */
  readonly isPaused?: boolean;
}

/** One request that changes records. */
export type RecordEdit =
  | { readonly kind: "update"; readonly old: ListedRecord; readonly data: RecordData }
  | { readonly kind: "create"; readonly data: RecordData }
  | { readonly kind: "remove"; readonly old: ListedRecord };

/** What the records of one owner name and type have to become. */
export interface WantedRecords {
  /** Never two the same. */
  readonly data: readonly RecordData[];
  /** Of all of them. */
  readonly ttlSeconds: number;
}

/**
 * The fewest requests that make the listed records exactly the wanted ones, in an order in which the name always has
 * one: changes, then what is new, then what has to go. Pure.
 */
export function planEdits(listed: readonly ListedRecord[], wanted: WantedRecords): readonly RecordEdit[] {
  const spare = [...listed];
  const takeSpare = (fits: (record: ListedRecord) => boolean): ListedRecord | undefined => {
    const index = spare.findIndex(fits);
    return index < 0 ? undefined : spare.splice(index, 1)[0];
  };
  const edits: RecordEdit[] = [];
  const missing: RecordData[] = [];
  for (const data of wanted.data) {
    const isIt = (record: ListedRecord): boolean => isSame(record, data);
    if (takeSpare((record) => isIt(record) && isServed(record, wanted)) !== undefined) continue;
    const old = takeSpare(isIt);
    if (old === undefined) missing.push(data);
    else edits.push({ kind: "update", old, data });
  }
  const created: RecordEdit[] = [];
  for (const data of missing) {
    const old = spare.shift();
    if (old === undefined) created.push({ kind: "create", data });
    else edits.push({ kind: "update", old, data });
  }
  return [...edits, ...created, ...spare.map((old): RecordEdit => ({ kind: "remove", old }))];
}

function isSame({ data }: ListedRecord, wanted: RecordData): boolean {
  return data !== undefined && isSameRecordData(data, wanted);
}

function isServed({ ttlSeconds, isPaused }: ListedRecord, wanted: WantedRecords): boolean {
  return isPaused !== true && (ttlSeconds === undefined || ttlSeconds === wanted.ttlSeconds);
}
