import { ATTRIBUTE } from "./attributes.ts";
import { decodeMessage, encodeMessage, type StunMessage } from "./message.ts";

/** XORed into the CRC so that it differs from the one of other protocols (RFC 8489, section 14.7). */
const FINGERPRINT_XOR = 0x5354554e;
/** Header and value of the attribute. */
const FINGERPRINT_BYTES = 8;

/** CRC-32 of ITU V.42, bit by bit: a message is short and rarely has one. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** Encodes a message with FINGERPRINT as its last attribute. */
export function encodeWithFingerprint(message: StunMessage): Uint8Array<ArrayBuffer> {
  const placeholder = { type: ATTRIBUTE.fingerprint, value: new Uint8Array(4) };
  const bytes = encodeMessage({ ...message, attributes: [...message.attributes, placeholder] });
  const crc = crc32(bytes.subarray(0, bytes.length - FINGERPRINT_BYTES));
  new DataView(bytes.buffer).setUint32(bytes.length - 4, (crc ^ FINGERPRINT_XOR) >>> 0);
  return bytes;
}

/**
 * Looks at the FINGERPRINT of a message.
 *
 * @returns `"absent"`, `"valid"`, or `"invalid"` if it is wrong or not the last attribute.
 * @throws {StunDecodeError} If the bytes are not a message.
 */
export function checkFingerprint(bytes: Uint8Array): "absent" | "valid" | "invalid" {
  const { attributes } = decodeMessage(bytes);
  const found = attributes.find(({ type }) => type === ATTRIBUTE.fingerprint);
  if (found === undefined) return "absent";
  if (found !== attributes.at(-1) || found.value.length !== 4) return "invalid";
  const stated = new DataView(found.value.buffer, found.value.byteOffset).getUint32(0);
  return ((crc32(bytes.subarray(0, found.offset)) ^ FINGERPRINT_XOR) >>> 0) === stated ? "valid" : "invalid";
}
