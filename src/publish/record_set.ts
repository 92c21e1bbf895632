import type { RecordData, RecordType } from "../dns/record_data.ts";

/** All records of one owner name and type (RFC 9499). */
export interface RecordSet {
  /** Canonical owner name, whole, without a final dot. */
  readonly name: string;
  readonly type: RecordType;
  readonly ttlSeconds: number;
  /** Each of `type`; never two the same; empty: there is no such record set. */
  readonly data: readonly RecordData[];
}
