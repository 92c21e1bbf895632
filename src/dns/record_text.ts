import { addressBytes } from "../core/endpoint.ts";
import { addressText } from "./address_text.ts";
import { textOfBytes } from "./byte_text.ts";
import { fieldBytes, quoteText, splitFields, splitText } from "./character_string.ts";
import { parseName } from "./name.ts";
import type { RecordData, RecordType } from "./record_data.ts";
import { formatServiceParams, parseServiceParams } from "./service_params.ts";

/**
 * The presentation form of a record's data (RFC 1035, section 5; RFC 9460, section 2.1): names end with a dot, TXT is
 * quoted, everything is ASCII. Pure.
 *
 * @throws {RangeError} If service parameters have values that they cannot have.
 */
export function formatRecordData(data: RecordData): string {
  switch (data.type) {
    case "A":
    case "AAAA":
      return data.address;
    case "SRV":
      return `${data.priority} ${data.weight} ${data.port} ${dotted(data.target)}`;
    case "TXT":
      return data.strings.length === 0 ? '""' : data.strings.map(quoteText).join(" ");
    case "HTTPS":
    case "SVCB":
      return `${data.priority} ${dotted(data.target)}${formatServiceParams(data.params)}`;
  }
}

/**
 * Reads a presentation form, as DNS servers and APIs give it: quotes or none around TXT, with or without a final dot,
 * any case. A TXT that does not start with a quote is taken as it is, whole; character strings that are too long are
 * cut. Total.
 *
 * @returns `undefined` if it is none of this type.
 */
export function parseRecordData(type: RecordType, text: string): RecordData | undefined {
  switch (type) {
    case "A":
    case "AAAA":
      return parseAddress(type, text.trim());
    case "SRV":
      return parseSrv(text);
    case "TXT":
      return parseTxt(text);
    case "HTTPS":
    case "SVCB":
      return parseBinding(type, text);
  }
}

/** Whether both are the same record, whatever their spelling: TXT counts by its joined content. Pure. */
export function isSameRecordData(a: RecordData, b: RecordData): boolean {
  return comparable(a) === comparable(b);
}

/** A name as presentation forms have it: with a final dot. */
function dotted(name: string): string {
  return name.endsWith(".") ? name : `${name}.`;
}

function comparable(data: RecordData): string {
  if (data.type === "TXT") return `TXT ${quoteText(data.strings.join(""))}`;
  return `${data.type} ${formatRecordData(data)}`;
}

function parseAddress(type: "A" | "AAAA", text: string): RecordData | undefined {
  const bytes = text.includes("%") ? undefined : addressBytes(text);
  if (bytes?.length !== (type === "A" ? 4 : 16)) return undefined;
  return { type, address: addressText(bytes) };
}

function parseSrv(text: string): RecordData | undefined {
  const [priority, weight, port, target, ...rest] = splitFields(text) ?? [];
  const numbers = { priority: parseShort(priority), weight: parseShort(weight), port: parseShort(port) };
  const name = parseName(target ?? "");
  if (name === undefined || rest.length > 0) return undefined;
  if (numbers.priority === undefined || numbers.weight === undefined || numbers.port === undefined) {
    return undefined;
  }
  const { priority: first, weight: share, port: at } = numbers;
  return { type: "SRV", priority: first, weight: share, port: at, target: name };
}

function parseTxt(text: string): RecordData | undefined {
  if (!/^\s*"/.test(text)) return { type: "TXT", strings: splitText(text) };
  // Some servers write quoted strings without a space between them.
  const apart = text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"/gs, "$& ");
  const strings = splitFields(apart)?.map((field) => fieldBytes(field));
  if (strings === undefined || !strings.every((bytes) => bytes !== undefined)) return undefined;
  return { type: "TXT", strings: strings.flatMap((bytes) => splitText(textOfBytes(bytes))) };
}

function parseBinding(type: "HTTPS" | "SVCB", text: string): RecordData | undefined {
  const [priorityText, targetText = "", ...fields] = splitFields(text) ?? [];
  const priority = parseShort(priorityText);
  const target = parseName(targetText);
  const params = parseServiceParams(fields);
  if (priority === undefined || target === undefined || params === undefined) return undefined;
  return { type, priority, target, params };
}

function parseShort(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
}
