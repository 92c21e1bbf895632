import { addressBytes } from "../core/endpoint.ts";
import { addressText } from "./address_text.ts";
import { bytesOfText, concatBytes, textOfBytes, u16 } from "./byte_text.ts";
import { encodeName, type NameRead, readName } from "./name.ts";
import type { RecordData, RecordType } from "./record_data.ts";
import { decodeServiceParams, encodeServiceParams } from "./service_params.ts";

/** Numbers of the types (IANA). */
export const TYPE_NUMBERS: Readonly<Record<RecordType, number>> = {
  A: 1,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  SVCB: 64,
  HTTPS: 65,
};

/**
 * Encodes the data of a record; names are not compressed.
 *
 * @throws {RangeError} If it has values that the record cannot have: no address of this type, a character string of more
 *   than 255 bytes, no domain name, malformed service parameters.
 */
export function encodeRdata(data: RecordData): Uint8Array<ArrayBuffer> {
  switch (data.type) {
    case "A":
    case "AAAA": {
      const bytes = addressBytes(data.address);
      if (bytes?.length !== (data.type === "A" ? 4 : 16)) {
        throw new RangeError(`Cannot encode ${data.type} record: "${data.address}" is no address for it`);
      }
      return new Uint8Array(bytes);
    }
    case "SRV":
      return concatBytes([
        ...[data.priority, data.weight, data.port].map(u16),
        encodeName(data.target),
      ]);
    case "TXT":
      return concatBytes((data.strings.length === 0 ? [""] : data.strings).flatMap(encodeString));
    case "HTTPS":
    case "SVCB":
      return concatBytes([u16(data.priority), encodeName(data.target), encodeServiceParams(data.params)]);
  }
}

/** Decodes the data of a record as `DnsRecord.rdata` has it; `undefined` if it is malformed. Total. */
export function decodeRdata(type: RecordType, rdata: Uint8Array): RecordData | undefined {
  switch (type) {
    case "A":
    case "AAAA":
      return rdata.length === (type === "A" ? 4 : 16) ? { type, address: addressText(rdata) } : undefined;
    case "SRV": {
      const target = readTarget(rdata, 6);
      if (target?.end !== rdata.length) return undefined;
      const [priority = 0, weight = 0, port = 0] = [0, 2, 4].map((at) => shortAt(rdata, at));
      return { type, priority, weight, port, target: target.name };
    }
    case "TXT":
      return decodeTxt(rdata);
    case "HTTPS":
    case "SVCB": {
      const target = readTarget(rdata, 2);
      const params = target && decodeServiceParams(rdata.subarray(target.end));
      return params && { type, priority: shortAt(rdata, 0), target: target.name, params };
    }
  }
}

function encodeString(text: string): readonly Uint8Array[] {
  const bytes = bytesOfText(text);
  if (bytes.length > 255) {
    throw new RangeError(`Cannot encode TXT record: a string of ${bytes.length} bytes, 255 are possible`);
  }
  return [Uint8Array.of(bytes.length), bytes];
}

function decodeTxt(rdata: Uint8Array): RecordData | undefined {
  const strings: string[] = [];
  for (let at = 0; at < rdata.length;) {
    const end = at + 1 + (rdata[at] ?? 0);
    if (end > rdata.length) return undefined;
    strings.push(textOfBytes(rdata.subarray(at + 1, end)));
    at = end;
  }
  return strings.length === 0 ? undefined : { type: "TXT", strings };
}

/** The root is `.` in the data of records. */
function readTarget(rdata: Uint8Array, offset: number): NameRead | undefined {
  // Cut off, so that no pointer can lead out of it: names in rdata are not compressed here.
  const target = readName(rdata.subarray(offset), 0);
  return target && { name: target.name === "" ? "." : target.name, end: offset + target.end };
}

function shortAt(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] ?? 0) << 8 | (bytes[offset + 1] ?? 0);
}
