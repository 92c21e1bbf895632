import { type Family, formatAddress } from "../core/endpoint.ts";
import type { Cidr } from "./cidr.ts";
import type { NftObject } from "./nft_json.ts";

/** The table that is ours; every process has chains of its own in it. */
export const NFT_TABLE = { family: "inet", table: "porthole" } as const;

/** Blocks of one family as elements of a set. */
export function blocks(cidrs: readonly Cidr[], family: Family): unknown[] {
  const own = cidrs.filter((cidr) => cidr.family === family);
  // Overlapping elements are refused by the kernel: the widest one stands for those inside it.
  const outermost = own.filter((inner, i) =>
    !own.some((outer, j) =>
      i !== j && (outer.bits < inner.bits || (outer.bits === inner.bits && j < i)) && holds(outer, inner)
    )
  );
  // The whole family as one block: nft knows no prefix of no bits in older versions.
  const zero = outermost.find(({ bits }) => bits === 0);
  const halves = zero === undefined ? outermost : [0, 0x80].map((first) => ({
    ...zero,
    bits: 1,
    prefix: zero.prefix.map((_, i) => i === 0 ? first : 0),
  }));
  return halves.map(({ prefix, bits }) => ({ prefix: { addr: formatAddress(prefix), len: bits } }));
}

function holds(outer: Cidr, inner: Cidr): boolean {
  for (let i = 0; i < outer.bits; i++) {
    if (((outer.prefix[i >> 3] ?? 0) ^ (inner.prefix[i >> 3] ?? 0)) & (0x80 >> (i & 7))) return false;
  }
  return true;
}

/** Counts a flow under its key in a set; true once there are more than `limit`. */
export function countOver(set: string, elem: NftObject, options: { readonly limit: number }): NftObject {
  return { set: { op: "add", elem, set, stmt: [{ "ct count": { val: options.limit, inv: true } }] } };
}

/** Without the zone: rules know interfaces by other means. */
export function plain(address: string): string {
  return address.split("%")[0] ?? address;
}

/** Whether every address of this host is meant. */
export function isUnspecified(address: string): boolean {
  return address === "0.0.0.0" || address === "::";
}

/** nft's name of an IP version. */
export function ipOf(family: Family): "ip" | "ip6" {
  return family === 6 ? "ip6" : "ip";
}

/** A header's field. */
export function payload(protocol: string, field: string): NftObject {
  return { payload: { protocol, field } };
}

/** Condition. */
export function equal(left: NftObject, right: unknown): NftObject {
  return { match: { op: "==", left, right } };
}

/** Condition. */
export function notEqual(left: NftObject, right: unknown): NftObject {
  return { match: { op: "!=", left, right } };
}

/** Condition on a bit mask. */
export function isIn(left: NftObject, right: string): NftObject {
  return { match: { op: "in", left, right } };
}

/** Command: makes an object of our table, if it is not there. */
export function add(kind: string, value: object): NftObject {
  return { add: { [kind]: { ...NFT_TABLE, ...value } } };
}

/** Command: empties a chain of our table. */
export function flush(chain: string): NftObject {
  return { flush: { chain: { ...NFT_TABLE, name: chain } } };
}

/** Command: appends a rule to a chain of our table. */
export function rule(
  chain: string,
  expr: readonly NftObject[],
  options: { readonly comment?: string } = {},
): NftObject {
  return { add: { rule: { ...NFT_TABLE, chain, expr, ...options } } };
}
