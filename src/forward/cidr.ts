import { addressBytes, type Family, formatAddress } from "../core/endpoint.ts";

/** A block of addresses (RFC 4632, RFC 4291 section 2.3); the bits after the prefix are zero. */
export interface Cidr {
  readonly family: Family;
  /** 4 or 16 bytes. */
  readonly prefix: Uint8Array;
  /** Length of the prefix. */
  readonly bits: number;
}

/** `::ffff:0:0/96` holds the IPv4 addresses (RFC 4291, section 2.5.5.2). */
const MAPPED_BITS = 96;

/**
 * Parses `ADDRESS/BITS`, or one address alone. Bits after the prefix are dropped; blocks of IPv4-mapped addresses
 * become IPv4.
 *
 * @throws {SyntaxError} If it is something else.
 */
export function parseCidr(text: string): Cidr {
  const slash = text.indexOf("/");
  const address = slash < 0 ? text : text.slice(0, slash);
  const bytes = address.includes("%") ? undefined : addressBytes(address);
  if (bytes === undefined) {
    throw new SyntaxError(`Cannot parse CIDR "${text}": "${address}" is not an IP address`);
  }
  const most = bytes.length * 8;
  const bitsText = slash < 0 ? String(most) : text.slice(slash + 1);
  const bits = /^(0|[1-9]\d{0,2})$/.test(bitsText) ? Number(bitsText) : NaN;
  if (!(bits <= most)) {
    throw new SyntaxError(`Cannot parse CIDR "${text}": prefix length "${bitsText}" is not 0 to ${most}`);
  }
  const isMapped = bytes.length === 16 && bits >= MAPPED_BITS && isMappedIpv4(bytes);
  return isMapped
    ? { family: 4, prefix: masked(bytes.subarray(12), bits - MAPPED_BITS), bits: bits - MAPPED_BITS }
    : { family: bytes.length === 4 ? 4 : 6, prefix: masked(bytes, bits), bits };
}

/** Writes a block in its one spelling. */
export function formatCidr(cidr: Cidr): string {
  return `${formatAddress(cidr.prefix)}/${cidr.bits}`;
}

/** Whether the block holds an address as {@linkcode plainAddressBytes} gives it. */
export function cidrHolds(cidr: Cidr, address: Uint8Array): boolean {
  const { prefix, bits } = cidr;
  if (prefix.length !== address.length) return false;
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (prefix[i] !== address[i]) return false;
  const rest = bits & 7;
  return rest === 0 || (((prefix[whole] ?? 0) ^ (address[whole] ?? 0)) >> (8 - rest)) === 0;
}

/** Bytes of an address text, IPv4-mapped ones as the 4 bytes they stand for; `undefined` if it is none. */
export function plainAddressBytes(text: string): Uint8Array | undefined {
  const bytes = addressBytes(text);
  return bytes?.length === 16 && isMappedIpv4(bytes) ? bytes.subarray(12) : bytes;
}

function isMappedIpv4(bytes: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false;
  return bytes[10] === 0xff && bytes[11] === 0xff;
}

function masked(bytes: Uint8Array, bits: number): Uint8Array {
  return bytes.map((byte, i) => byte & (0xff << Math.min(8, Math.max(0, (i + 1) * 8 - bits))));
}
