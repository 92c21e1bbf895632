import type { RecordData, RecordType } from "./record_data.ts";

/** The presentation form of a record's data (RFC 1035, section 5; RFC 9460, section 2.1): names end with a dot. Pure. */
export function formatRecordData(data: RecordData): string {
  throw new TypeError(`Cannot format ${data.type}: not built yet`);
}

/**
 * Reads a presentation form, as DNS servers and APIs give it: quotes or none around TXT, with or without a final dot,
 * any case. Total.
 *
 * @returns `undefined` if it is none of this type.
 */
export function parseRecordData(_type: RecordType, _text: string): RecordData | undefined {
  return undefined;
}

/** Whether both are the same record, whatever their spelling: TXT counts by its joined content. Pure. */
export function isSameRecordData(a: RecordData, b: RecordData): boolean {
  return formatRecordData(a) === formatRecordData(b);
}
