import { addressBytes, type Endpoint, formatAddress } from "../core/endpoint.ts";
import { StunDecodeError } from "./errors.ts";
import type { ReceivedAttribute, ReceivedMessage, StunAttribute } from "./message.ts";

/** Attribute types (RFC 8489 section 18.3, RFC 5780 section 9.1, RFC 3489 section 11.2). */
export const ATTRIBUTE = {
  mappedAddress: 0x0001,
  /** RFC 3489; honouring it would let anyone aim our answers at others. */
  responseAddress: 0x0002,
  changeRequest: 0x0003,
  /** RFC 3489's RESPONSE-ORIGIN. */
  sourceAddress: 0x0004,
  /** RFC 3489's OTHER-ADDRESS. */
  changedAddress: 0x0005,
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  unknownAttributes: 0x000a,
  reflectedFrom: 0x000b,
  realm: 0x0014,
  nonce: 0x0015,
  messageIntegritySha256: 0x001c,
  passwordAlgorithm: 0x001d,
  userhash: 0x001e,
  xorMappedAddress: 0x0020,
  /** RFC 5780, section 7.5. */
  responsePort: 0x0027,
  /** XOR-MAPPED-ADDRESS of drafts before RFC 5389. */
  oldXorMappedAddress: 0x8020,
  software: 0x8022,
  fingerprint: 0x8028,
  responseOrigin: 0x802b,
  otherAddress: 0x802c,
} as const;

/** What CHANGE-REQUEST asks for (RFC 5780, section 7.2). */
export interface ChangeRequest {
  readonly changesAddress: boolean;
  readonly changesPort: boolean;
}

/** A refusal as a server words it. */
export interface ErrorCode {
  /** 300 to 699. */
  readonly status: number;
  readonly reason: string;
}

/** The first attribute of a type; later ones of the same type do not count (RFC 8489, section 14). */
export function findAttribute(message: ReceivedMessage, type: number): ReceivedAttribute | undefined {
  return message.attributes.find((attribute) => attribute.type === type);
}

/** Applies the XOR of RFC 8489 section 14.2 in place; applying it twice gives the original. */
function mask(value: Uint8Array, id: Uint8Array): Uint8Array {
  for (let i = 2; i < value.length; i++) value[i] = (value[i] ?? 0) ^ (id[i < 4 ? i - 2 : i - 4] ?? 0);
  return value;
}

/** Encodes MAPPED-ADDRESS and its relatives; with `id` the XOR form. */
export function encodeAddress(type: number, endpoint: Endpoint, id?: Uint8Array): StunAttribute {
  const address = addressBytes(endpoint.address);
  if (address === undefined) {
    throw new TypeError(`Cannot encode STUN address: "${endpoint.address}" is not an IP address`);
  }
  const value = Uint8Array.of(0, address.length === 4 ? 1 : 2, endpoint.port >> 8, endpoint.port, ...address);
  return { type, value: id === undefined ? value : mask(value, id) };
}

/**
 * Decodes MAPPED-ADDRESS and its relatives (RFC 8489, sections 14.1 and 14.2); with `id` the XOR form.
 *
 * @throws {StunDecodeError} If family and length do not belong together.
 */
export function decodeAddress(attribute: ReceivedAttribute, id?: Uint8Array): Endpoint {
  const { value, offset } = attribute;
  const family = value[1];
  if (family !== 1 && family !== 2) {
    throw new StunDecodeError(`address family ${family ?? "missing"}`, offset + 5);
  }
  if (value.length !== (family === 1 ? 8 : 20)) {
    throw new StunDecodeError(`an address of ${value.length} bytes in family ${family}`, offset + 2);
  }
  const plain = id === undefined ? value : mask(value.slice(), id);
  const port = ((plain[2] ?? 0) << 8) | (plain[3] ?? 0);
  return { address: formatAddress(plain.subarray(4)), port };
}

/** Encodes CHANGE-REQUEST. */
export function encodeChangeRequest(change: ChangeRequest): StunAttribute {
  const flags = (change.changesAddress ? 4 : 0) | (change.changesPort ? 2 : 0);
  return { type: ATTRIBUTE.changeRequest, value: Uint8Array.of(0, 0, 0, flags) };
}

/** Decodes CHANGE-REQUEST. @throws {StunDecodeError} If it has not four bytes. */
export function decodeChangeRequest(attribute: ReceivedAttribute): ChangeRequest {
  const { value, offset } = attribute;
  if (value.length !== 4) throw new StunDecodeError(`CHANGE-REQUEST of ${value.length} bytes`, offset + 2);
  const flags = value[3] ?? 0;
  return { changesAddress: (flags & 4) !== 0, changesPort: (flags & 2) !== 0 };
}

/** Encodes RESPONSE-PORT (RFC 5780, section 7.5). */
export function encodeResponsePort(port: number): StunAttribute {
  return { type: ATTRIBUTE.responsePort, value: Uint8Array.of(port >> 8, port, 0, 0) };
}

/** Decodes RESPONSE-PORT; its padding may count as value. @throws {StunDecodeError} If there is no port in it. */
export function decodeResponsePort(attribute: ReceivedAttribute): number {
  const { value, offset } = attribute;
  const port = ((value[0] ?? 0) << 8) | (value[1] ?? 0);
  const isWhole = value.length === 2 || value.length === 4;
  if (!isWhole || port === 0) throw new StunDecodeError(`RESPONSE-PORT ${value.toHex()}`, offset + 4);
  return port;
}

/** Encodes ERROR-CODE (RFC 8489, section 14.8). */
export function encodeErrorCode(error: ErrorCode): StunAttribute {
  const reason = new TextEncoder().encode(error.reason);
  const value = Uint8Array.of(0, 0, Math.trunc(error.status / 100), error.status % 100, ...reason);
  return { type: ATTRIBUTE.errorCode, value };
}

/** Decodes ERROR-CODE. @throws {StunDecodeError} If class or number are out of range. */
export function decodeErrorCode(attribute: ReceivedAttribute): ErrorCode {
  const { value, offset } = attribute;
  const hundreds = (value[2] ?? 0) & 7;
  const number = value[3] ?? 0;
  if (value.length < 4 || hundreds < 3 || hundreds > 6 || number > 99) {
    throw new StunDecodeError("ERROR-CODE is out of range", offset + 4);
  }
  return { status: hundreds * 100 + number, reason: decodeText(value.subarray(4)) };
}

/** Encodes UNKNOWN-ATTRIBUTES (RFC 8489, section 14.9). */
export function encodeUnknownAttributes(types: readonly number[]): StunAttribute {
  const value = Uint8Array.from(types.flatMap((type) => [type >> 8, type & 0xff]));
  return { type: ATTRIBUTE.unknownAttributes, value };
}

/** Decodes UNKNOWN-ATTRIBUTES. @throws {StunDecodeError} If its length is odd. */
export function decodeUnknownAttributes(attribute: ReceivedAttribute): readonly number[] {
  const { value, offset } = attribute;
  if (value.length % 2 !== 0) throw new StunDecodeError("UNKNOWN-ATTRIBUTES of odd length", offset + 2);
  const types: number[] = [];
  for (let i = 0; i < value.length; i += 2) types.push(((value[i] ?? 0) << 8) | (value[i + 1] ?? 0));
  return types;
}

/** Encodes SOFTWARE. */
export function encodeSoftware(text: string): StunAttribute {
  return { type: ATTRIBUTE.software, value: new TextEncoder().encode(text) };
}

/** RFC 8489 allows 127 characters in texts. */
const MAX_TEXT_CHARACTERS = 127;

/** Text from a stranger, fit for a terminal: control characters are gone, and it is short. */
export function decodeText(value: Uint8Array): string {
  const text = new TextDecoder().decode(value).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "").trim();
  return [...text].slice(0, MAX_TEXT_CHARACTERS).join("");
}
