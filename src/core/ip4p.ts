import { addressBytes, type Endpoint, formatAddress } from "./endpoint.ts";

/**
 * Encodes an IPv4 endpoint as IP4P in natmap's spelling: an IPv6 text of 2001::/16, 64 zero bits, port, IPv4,
 * groups padded to four digits (`2001::38a4:cb00:710a`).
 *
 * @throws {TypeError} If the endpoint is not IPv4.
 */
export function encodeIp4p(endpoint: Endpoint): string {
  const bytes = addressBytes(endpoint.address);
  if (bytes?.length !== 4) throw new TypeError(`Cannot encode ${endpoint.address} as IP4P: not IPv4`);
  const port = endpoint.port.toString(16).padStart(4, "0");
  const hex = bytes.toHex();
  return `2001::${port}:${hex.slice(0, 4)}:${hex.slice(4)}`;
}

/** Decodes any spelling of an IP4P address; `undefined` if it is another IPv6 address or none at all. */
export function decodeIp4p(text: string): Endpoint | undefined {
  const bytes = text.includes(":") ? addressBytes(text) : undefined;
  if (bytes === undefined || bytes[0] !== 0x20 || bytes[1] !== 0x01) return undefined;
  if (bytes.subarray(2, 10).some((b) => b !== 0)) return undefined;
  return {
    address: formatAddress(bytes.subarray(12)),
    port: ((bytes[10] ?? 0) << 8) | (bytes[11] ?? 0),
  };
}
