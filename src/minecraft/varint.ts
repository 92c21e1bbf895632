import { MinecraftDecodeError } from "./errors.ts";

/** Seven bits a byte for 32 bits. */
const MOST_BYTES = 5;

/** A number read from bytes, and how many it took. */
export interface DecodedVarint {
  readonly value: number;
  readonly length: number;
}

/**
 * Writes a VarInt of the Java protocol: 32 bits in two's complement, seven bits a byte, least significant first.
 *
 * @throws {RangeError} If it is no signed 32-bit integer.
 */
export function encodeVarint(value: number): Uint8Array {
  if ((value | 0) !== value) throw new RangeError(`Cannot encode ${value}: not a signed 32-bit integer`);
  const bytes: number[] = [];
  let rest = value >>> 0;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Uint8Array.from([...bytes, rest]);
}

/**
 * Reads a VarInt.
 *
 * @returns `undefined` if the bytes end before it does.
 * @throws {MinecraftDecodeError} If it is longer than five bytes.
 */
export function decodeVarint(bytes: Uint8Array, offset = 0): DecodedVarint | undefined {
  let value = 0;
  for (let length = 1; length <= MOST_BYTES; length++) {
    const byte = bytes[offset + length - 1];
    if (byte === undefined) return undefined;
    value |= (byte & 0x7f) << (7 * (length - 1));
    if ((byte & 0x80) === 0) return { value, length };
  }
  throw new MinecraftDecodeError("motd parse fail.", "a number is too long");
}
