import { addressBytes } from "./endpoint.ts";

/**
 * What kind of address it is, as far as reachability goes: `fake-ip` is 198.18.0.0/15 (RFC 2544), which
 * transparent proxies hand out; `cgn` is 100.64.0.0/10 (RFC 6598); `private` is RFC 1918 and RFC 4193.
 */
export type AddressScope =
  | "global"
  | "private"
  | "cgn"
  | "fake-ip"
  | "loopback"
  | "link-local"
  | "documentation"
  | "unspecified"
  | "multicast";

interface Block {
  readonly prefix: Uint8Array;
  readonly bits: number;
  readonly scope: AddressScope;
}

/** First matching row wins; IANA special-purpose registries (RFC 6890). */
const IPV4_BLOCKS: readonly Block[] = blocksOf([
  ["0.0.0.0", 8, "unspecified"],
  ["10.0.0.0", 8, "private"],
  ["100.64.0.0", 10, "cgn"],
  ["127.0.0.0", 8, "loopback"],
  ["169.254.0.0", 16, "link-local"],
  ["172.16.0.0", 12, "private"],
  ["192.0.2.0", 24, "documentation"],
  ["192.168.0.0", 16, "private"],
  ["198.18.0.0", 15, "fake-ip"],
  ["198.51.100.0", 24, "documentation"],
  ["203.0.113.0", 24, "documentation"],
  ["224.0.0.0", 3, "multicast"],
]);
const IPV6_BLOCKS: readonly Block[] = blocksOf([
  ["::", 128, "unspecified"],
  ["::1", 128, "loopback"],
  ["fc00::", 7, "private"],
  ["fe80::", 10, "link-local"],
  ["2001:db8::", 32, "documentation"],
  ["ff00::", 8, "multicast"],
]);

function blocksOf(rows: readonly (readonly [string, number, AddressScope])[]): readonly Block[] {
  return rows.flatMap(([text, bits, scope]): readonly Block[] => {
    const prefix = addressBytes(text);
    return prefix === undefined ? [] : [{ prefix, bits, scope }];
  });
}

function hasPrefix(bytes: Uint8Array, prefix: Uint8Array, bits: number): boolean {
  for (let i = 0; i < bits; i++) {
    const mask = 0x80 >> (i & 7);
    if (((bytes[i >> 3] ?? 0) ^ (prefix[i >> 3] ?? 0)) & mask) return false;
  }
  return true;
}

/**
 * Scope of a canonical address.
 *
 * @throws {TypeError} If the text is not an IP address.
 */
export function scopeOf(address: string): AddressScope {
  const bytes = addressBytes(address);
  if (bytes === undefined) throw new TypeError(`Cannot tell the scope of "${address}": not an IP address`);
  const blocks = bytes.length === 4 ? IPV4_BLOCKS : IPV6_BLOCKS;
  return blocks.find(({ prefix, bits }) => hasPrefix(bytes, prefix, bits))?.scope ?? "global";
}
