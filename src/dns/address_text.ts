import { formatAddress } from "../core/endpoint.ts";

/** The canonical spelling of an address in a record; unlike everywhere else an IPv4-mapped one stays IPv6. */
export function addressText(bytes: Uint8Array): string {
  const text = formatAddress(bytes);
  return bytes.length === 16 && !text.includes(":") ? `::ffff:${text}` : text;
}
