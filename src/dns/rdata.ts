import type { RecordData, RecordType } from "./record_data.ts";

/** Numbers of the types (IANA). */
export const TYPE_NUMBERS: Readonly<Record<RecordType, number>> = {
  A: 1,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  SVCB: 64,
  HTTPS: 65,
};

/** Encodes the data of a record; names are not compressed. */
export function encodeRdata(_data: RecordData): Uint8Array<ArrayBuffer> {
  throw new TypeError("Cannot encode record: not built yet");
}

/** Decodes the data of a record as `DnsRecord.rdata` has it; `undefined` if it is malformed. Total. */
export function decodeRdata(_type: RecordType, _rdata: Uint8Array): RecordData | undefined {
  return undefined;
}
