import { addressBytes } from "../core/endpoint.ts";
import { addressText } from "./address_text.ts";
import { bytesOfText, concatBytes, textOfBytes, u16 } from "./byte_text.ts";
import { fieldBytes, quoteBytes } from "./character_string.ts";
import type { ServiceParams } from "./record_data.ts";

/** One service parameter as on the wire (RFC 9460, section 2.2). */
interface Param {
  readonly key: number;
  readonly value: Uint8Array;
}

/** Registered names (IANA, "DNS Service Bindings"); the last two keep their values as they are. */
const KEYS: ReadonlyMap<string, number> = new Map([
  ["mandatory", 0],
  ["alpn", 1],
  ["no-default-alpn", 2],
  ["port", 3],
  ["ipv4hint", 4],
  ["ech", 5],
  ["ipv6hint", 6],
  ["dohpath", 7],
  ["ohttp", 8],
]);
const KEY = { mandatory: 0, alpn: 1, noDefaultAlpn: 2, port: 3, ipv4hint: 4, ech: 5, ipv6hint: 6 } as const;

/** Parameters on the wire (RFC 9460, section 2.2). @throws {RangeError} If one has a value that it cannot have. */
export function encodeServiceParams(params: ServiceParams): Uint8Array<ArrayBuffer> {
  return concatBytes(
    paramsOf(params).flatMap(({ key, value }) => [u16(key), u16(value.length), value]),
  );
}

/** Parameters from the wire; `undefined` if they are malformed (RFC 9460, section 2.2). Total. */
export function decodeServiceParams(bytes: Uint8Array): ServiceParams | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const params: Param[] = [];
  for (let at = 0; at < bytes.length;) {
    if (at + 4 > bytes.length) return undefined;
    const end = at + 4 + view.getUint16(at + 2);
    if (end > bytes.length) return undefined;
    params.push({ key: view.getUint16(at), value: bytes.subarray(at + 4, end) });
    at = end;
  }
  return structured(params);
}

/** Parameters in presentation form, in the order of their keys, each after a space. @throws {RangeError} As encoding does. */
export function formatServiceParams(params: ServiceParams): string {
  return paramsOf(params).map((param) => ` ${paramText(param)}`).join("");
}

/** Parameters from fields in presentation form, in any order; `undefined` if one is malformed. Total. */
export function parseServiceParams(fields: readonly string[]): ServiceParams | undefined {
  const params = fields.map(parseParam);
  if (!params.every((param) => param !== undefined)) return undefined;
  return structured(params.sort((a, b) => a.key - b.key));
}

function paramsOf({ alpn, port, ipv4hint, ipv6hint, more = [] }: ServiceParams): readonly Param[] {
  const params = [
    ...(alpn === undefined ? [] : [{ key: KEY.alpn, value: alpnBytes(alpn) ?? refuse("alpn") }]),
    ...(port === undefined ? [] : [{ key: KEY.port, value: u16(port) }]),
    ...(ipv4hint === undefined
      ? []
      : [{ key: KEY.ipv4hint, value: hintBytes(ipv4hint, 4) ?? refuse("ipv4hint") }]),
    ...(ipv6hint === undefined
      ? []
      : [{ key: KEY.ipv6hint, value: hintBytes(ipv6hint, 16) ?? refuse("ipv6hint") }]),
    ...more.map((field) => parseParam(field) ?? refuse(field)),
  ].sort((a, b) => a.key - b.key);
  return structured(params) === undefined ? refuse("the parameters") : params;
}

function refuse(what: string): never {
  throw new RangeError(`Cannot encode service parameters: ${what} is not valid`);
}

/** The members of each parameter; `undefined` if a key is there twice or out of order, or a value is malformed. */
function structured(params: readonly Param[]): ServiceParams | undefined {
  const keys = params.map(({ key }) => key);
  if (keys.some((key, i) => i > 0 && key <= (keys[i - 1] ?? 0))) return undefined;
  if (!params.every((param) => isValid(param, keys))) return undefined;
  const valueOf = (key: number): Uint8Array | undefined => params.find((param) => param.key === key)?.value;
  const alpn = valueOf(KEY.alpn);
  const port = valueOf(KEY.port);
  const ipv4hint = valueOf(KEY.ipv4hint);
  const ipv6hint = valueOf(KEY.ipv6hint);
  const own: readonly number[] = [KEY.alpn, KEY.port, KEY.ipv4hint, KEY.ipv6hint];
  const more = params.filter(({ key }) => !own.includes(key)).map(paramText);
  return {
    ...(alpn && { alpn: alpnOf(alpn) ?? [] }),
    ...(port && { port: numbersOf(port)[0] ?? 0 }),
    ...(ipv4hint && { ipv4hint: addressesOf(ipv4hint, 4) }),
    ...(ipv6hint && { ipv6hint: addressesOf(ipv6hint, 16) }),
    ...(more.length > 0 && { more }),
  };
}

/** What RFC 9460 says of each value: section 7.1 (alpn), 7.2 (port), 7.3 (hints), 8 (mandatory). */
function isValid({ key, value }: Param, keys: readonly number[]): boolean {
  switch (key) {
    case KEY.mandatory: {
      const listed = numbersOf(value);
      const isRising = listed.every((one, i) => i === 0 || one > (listed[i - 1] ?? 0));
      const isKnown = listed.every((one) => one !== KEY.mandatory && keys.includes(one));
      return value.length > 0 && value.length % 2 === 0 && isRising && isKnown;
    }
    case KEY.alpn:
      return alpnOf(value) !== undefined;
    case KEY.noDefaultAlpn:
      return value.length === 0 && keys.includes(KEY.alpn);
    case KEY.port:
      return value.length === 2;
    case KEY.ipv4hint:
      return value.length > 0 && value.length % 4 === 0;
    case KEY.ipv6hint:
      return value.length > 0 && value.length % 16 === 0;
    case KEY.ech:
      return value.length > 0;
    default:
      return true;
  }
}

/** `key=value`, or `key` where there is no value. */
function paramText({ key, value }: Param): string {
  const name = keyName(key);
  if (value.length === 0) return name;
  switch (key) {
    case KEY.mandatory:
      return `${name}=${numbersOf(value).map(keyName).join(",")}`;
    case KEY.alpn:
      return `${name}=${fieldOf(listBytes((alpnOf(value) ?? []).map(bytesOfText)))}`;
    case KEY.port:
      return `${name}=${numbersOf(value)[0]}`;
    case KEY.ipv4hint:
      return `${name}=${addressesOf(value, 4).join(",")}`;
    case KEY.ech:
      return `${name}=${value.toBase64()}`;
    case KEY.ipv6hint:
      return `${name}=${addressesOf(value, 16).join(",")}`;
    default:
      return `${name}=${fieldOf(value)}`;
  }
}

function parseParam(field: string): Param | undefined {
  const [, name = "", text] = /^([a-z0-9-]{1,63})(?:=(.*))?$/s.exec(field) ?? [];
  const key = keyOf(name);
  const raw = text === undefined ? new Uint8Array() : fieldBytes(text);
  const value = key === undefined || raw === undefined ? undefined : valueBytes(key, raw);
  return key === undefined || value === undefined ? undefined : { key, value };
}

/** The value on the wire from what stands behind the `=`, its escapes already undone; `undefined` if malformed. */
function valueBytes(key: number, raw: Uint8Array): Uint8Array | undefined {
  const items = textOfBytes(raw).split(",");
  switch (key) {
    case KEY.mandatory: {
      const keys = items.map(keyOf);
      if (!keys.every((one) => one !== undefined)) return undefined;
      return concatBytes(keys.sort((a, b) => a - b).map(u16));
    }
    case KEY.alpn:
      return alpnBytes(listItems(raw).map(textOfBytes));
    case KEY.port: {
      const [port = ""] = items;
      return items.length === 1 && /^\d{1,5}$/.test(port) && Number(port) <= 65_535
        ? u16(Number(port))
        : undefined;
    }
    case KEY.ipv4hint:
      return hintBytes(items, 4);
    case KEY.ipv6hint:
      return hintBytes(items, 16);
    case KEY.ech:
      return base64Bytes(textOfBytes(raw));
    default:
      return raw;
  }
}

function hintBytes(items: readonly string[], bytes: 4 | 16): Uint8Array | undefined {
  const addresses = items.map((item) => item.includes("%") ? undefined : addressBytes(item));
  return addresses.every((address) => address?.length === bytes)
    ? concatBytes(addresses.filter((address) => address !== undefined))
    : undefined;
}

function base64Bytes(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    // The only thing it throws for.
    return undefined;
  }
}

/** RFC 9460, section 7.1.1: each with its length before it. */
function alpnBytes(ids: readonly string[]): Uint8Array | undefined {
  const items = ids.map(bytesOfText);
  if (!items.every(({ length }) => length > 0 && length < 256)) return undefined;
  return concatBytes(items.flatMap((item) => [Uint8Array.of(item.length), item]));
}

function alpnOf(value: Uint8Array): readonly string[] | undefined {
  const ids: string[] = [];
  for (let at = 0; at < value.length;) {
    const end = at + 1 + (value[at] ?? 0);
    if (end > value.length || end === at + 1) return undefined;
    ids.push(textOfBytes(value.subarray(at + 1, end)));
    at = end;
  }
  return ids.length === 0 ? undefined : ids;
}

/** RFC 9460, appendix A.1: commas and backslashes inside an item get a backslash. */
function listBytes(items: readonly Uint8Array[]): Uint8Array {
  const escaped = items.map((item) =>
    Uint8Array.from([...item].flatMap((byte) => byte === 0x2c || byte === 0x5c ? [0x5c, byte] : [byte]))
  );
  return concatBytes(escaped.flatMap((item, i) => i === 0 ? [item] : [Uint8Array.of(0x2c), item]));
}

/** The items of {@linkcode listBytes}. */
function listItems(list: Uint8Array): readonly Uint8Array[] {
  const items: number[][] = [[]];
  for (let i = 0; i < list.length; i++) {
    const byte = list[i] ?? 0;
    if (byte === 0x2c) items.push([]);
    else items.at(-1)?.push(byte === 0x5c ? list[++i] ?? byte : byte);
  }
  return items.map((item) => Uint8Array.from(item));
}

/** Plain where it can be, quoted where it has to be. */
function fieldOf(value: Uint8Array): string {
  const quoted = quoteBytes(value);
  const plain = quoted.slice(1, -1);
  return /^[A-Za-z0-9!#$%&'*+,./:<=>?@[\]^_`{|}~-]+$/.test(plain) ? plain : quoted;
}

function keyName(key: number): string {
  return KEYS.entries().find(([, number]) => number === key)?.[0] ?? `key${key}`;
}

/** `keyNNNNN` names every key, without leading zeros (RFC 9460, section 2.1). */
function keyOf(name: string): number | undefined {
  const number = /^key(0|[1-9]\d{0,4})$/.exec(name)?.[1];
  if (number === undefined) return KEYS.get(name);
  return Number(number) <= 65_535 ? Number(number) : undefined;
}

function numbersOf(value: Uint8Array): readonly number[] {
  return Array.from(
    { length: value.length >> 1 },
    (_, i) => (value[2 * i] ?? 0) << 8 | (value[2 * i + 1] ?? 0),
  );
}

function addressesOf(value: Uint8Array, bytes: 4 | 16): readonly string[] {
  return Array.from(
    { length: value.length / bytes },
    (_, i) => addressText(value.subarray(i * bytes, (i + 1) * bytes)),
  );
}
