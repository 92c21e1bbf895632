import type { RecordData } from "../dns/record_data.ts";
import { isSameRecordData } from "../dns/record_text.ts";
import type { RecordSet } from "./record_set.ts";

/** Whether both have the same records, whatever their order and spelling. Pure. */
export function isSameData(a: readonly RecordData[], b: readonly RecordData[]): boolean {
  return a.length === b.length && a.every((one) => b.some((other) => isSameRecordData(one, other)));
}

/** Whether both have the same records and, where there are some, the same TTL; of one name and type. Pure. */
export function isSameSet(a: RecordSet, b: RecordSet): boolean {
  return isSameData(a.data, b.data) && (a.data.length === 0 || a.ttlSeconds === b.ttlSeconds);
}
