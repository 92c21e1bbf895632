import { StunDecodeError } from "./errors.ts";

/** First four bytes of the id of every message since RFC 5389 (RFC 8489, section 5). */
export const MAGIC_COOKIE = 0x2112a442;
/** Length of the fixed header. */
export const HEADER_BYTES = 20;
/** Nobody needs more for Binding; whatever is longer is not for us. */
export const MAX_MESSAGE_BYTES = 2048;
/** Ends the walk through messages made of thousands of empty attributes. */
export const MAX_ATTRIBUTES = 64;
/** The only method we speak (RFC 8489, section 3). */
export const BINDING_METHOD = 0x001;

/** Class of a message (RFC 8489, section 5). */
export type MessageClass = "request" | "indication" | "success" | "error";

const CLASSES: readonly MessageClass[] = ["request", "indication", "success", "error"];

/** One attribute as it goes on the wire, without padding. */
export interface StunAttribute {
  /** 0 to 0xffff; below 0x8000 a receiver has to understand it. */
  readonly type: number;
  readonly value: Uint8Array;
}

/** One attribute as it came. */
export interface ReceivedAttribute extends StunAttribute {
  /** Where its header starts in the message, in bytes. */
  readonly offset: number;
}

/** What {@linkcode encodeMessage} needs. */
export interface StunMessage {
  readonly class: MessageClass;
  /** 12 bits. */
  readonly method: number;
  /**
   * 16 bytes: the cookie and the 96-bit transaction ID, or the 128-bit ID of RFC 3489. Classic servers echo all
   * of it, so comparing all of it is right for both.
   */
  readonly id: Uint8Array;
  readonly attributes: readonly StunAttribute[];
}

/** A decoded message; it owns its bytes. */
export interface ReceivedMessage extends StunMessage {
  /** Whether the id begins with the magic cookie; without it the message is classic (RFC 3489). */
  readonly hasCookie: boolean;
  readonly attributes: readonly ReceivedAttribute[];
}

function uint16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

/** Whether 16 id bytes begin with the magic cookie. */
export function beginsWithCookie(id: Uint8Array): boolean {
  return id[0] === 0x21 && id[1] === 0x12 && id[2] === 0xa4 && id[3] === 0x42;
}

/** The 14-bit type field of a class and a method (RFC 8489, figure 3). */
export function messageType(messageClass: MessageClass, method: number): number {
  const bits = CLASSES.indexOf(messageClass);
  return ((method & 0xf80) << 2) | ((method & 0x070) << 1) | (method & 0x00f) |
    ((bits & 2) << 7) | ((bits & 1) << 4);
}

/**
 * Checks a header and tells how long the whole message is.
 *
 * @param bytes At least {@linkcode HEADER_BYTES}.
 * @returns Header and attributes together, in bytes.
 * @throws {StunDecodeError} If it cannot be STUN, or is longer than {@linkcode MAX_MESSAGE_BYTES}.
 */
export function messageBytes(bytes: Uint8Array): number {
  if (bytes.length < HEADER_BYTES) throw new StunDecodeError("the header is cut", bytes.length);
  if (((bytes[0] ?? 0) & 0xc0) !== 0) throw new StunDecodeError("the first two bits are not zero", 0);
  const length = uint16(bytes, 2);
  if (length % 4 !== 0) throw new StunDecodeError(`length ${length} is not a multiple of 4`, 2);
  if (HEADER_BYTES + length > MAX_MESSAGE_BYTES) throw new StunDecodeError(`length ${length} is too long`, 2);
  return HEADER_BYTES + length;
}

/**
 * Decodes one message. Total: any bytes give a message or {@linkcode StunDecodeError}. Unknown attributes are
 * kept; what attributes mean is not looked at here.
 *
 * @throws {StunDecodeError} If these are not exactly the bytes of one message (RFC 8489, section 5 and 14).
 */
export function decodeMessage(bytes: Uint8Array): ReceivedMessage {
  const total = messageBytes(bytes);
  if (total !== bytes.length) {
    throw new StunDecodeError(`${bytes.length} bytes where the header tells ${total}`, 2);
  }
  const type = uint16(bytes, 0);
  const id = bytes.slice(4, HEADER_BYTES);
  const attributes: ReceivedAttribute[] = [];
  for (let offset = HEADER_BYTES; offset < total;) {
    if (attributes.length === MAX_ATTRIBUTES) throw new StunDecodeError("too many attributes", offset);
    const start = offset + 4;
    const end = start + uint16(bytes, offset + 2);
    if (end > total) throw new StunDecodeError("an attribute reaches past the end", offset);
    attributes.push({ type: uint16(bytes, offset), value: bytes.slice(start, end), offset });
    offset = start + Math.ceil((end - start) / 4) * 4;
  }
  return {
    class: CLASSES[((type >> 7) & 2) | ((type >> 4) & 1)] ?? "request",
    method: (type & 0x000f) | ((type & 0x00e0) >> 1) | ((type & 0x3e00) >> 2),
    id,
    hasCookie: beginsWithCookie(id),
    attributes,
  };
}

/**
 * Encodes one message; padding is zero.
 *
 * @throws {RangeError} If the id has not 16 bytes or the whole would exceed {@linkcode MAX_MESSAGE_BYTES}.
 */
export function encodeMessage(message: StunMessage): Uint8Array<ArrayBuffer> {
  const { class: messageClass, method, id, attributes } = message;
  if (id.length !== 16) throw new RangeError(`Cannot encode STUN message: the id has ${id.length} bytes`);
  const length = attributes.reduce((sum, { value }) => sum + 4 + Math.ceil(value.length / 4) * 4, 0);
  if (HEADER_BYTES + length > MAX_MESSAGE_BYTES) {
    throw new RangeError(`Cannot encode STUN message: ${HEADER_BYTES + length} bytes are too many`);
  }
  const bytes = new Uint8Array(HEADER_BYTES + length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, messageType(messageClass, method));
  view.setUint16(2, length);
  bytes.set(id, 4);
  let offset = HEADER_BYTES;
  for (const { type, value } of attributes) {
    view.setUint16(offset, type);
    view.setUint16(offset + 2, value.length);
    bytes.set(value, offset + 4);
    offset += 4 + Math.ceil(value.length / 4) * 4;
  }
  return bytes;
}

/** A new 16-byte id: cookie, then 12 bytes from `randomBytes`, which have to be unpredictable. */
export function createMessageId(randomBytes: (length: number) => Uint8Array): Uint8Array<ArrayBuffer> {
  const id = new Uint8Array(16);
  new DataView(id.buffer).setUint32(0, MAGIC_COOKIE);
  id.set(randomBytes(12), 4);
  return id;
}
