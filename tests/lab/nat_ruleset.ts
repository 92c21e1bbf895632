import { NAT_INSIDE, NAT_OUTSIDE } from "./addresses.ts";

/** How the carrier's NAT of a lab behaves (RFC 4787); `none` routes IPv6 and IPv4 unchanged. */
export type NatProfile = "full-cone" | "address-restricted" | "port-restricted" | "symmetric" | "none";

/** What {@linkcode natRuleset} needs. */
export interface NatRulesetOptions {
  readonly profile: NatProfile;
  /** The public IPv4 address. */
  readonly external: string;
  /** Internal port to external port, one to one. */
  readonly ports: ReadonlyMap<number, number>;
  /** How long the cone remembers an idle mapping. */
  readonly lifetimeSeconds: number;
  /** Whether the inside reaches mapped endpoints of the outside (RFC 4787, section 6). */
  readonly hairpins: boolean;
}

/**
 * Ruleset of the carrier's NAT for `nft -f`; loading it replaces the earlier one and forgets what the cone had learned.
 *
 * The one-to-one map keeps mappings endpoint-independent with ports that are not preserved. What a NAT of
 * the kernel lets in is decided by conntrack alone, so the wider filterings are DNAT through a map that outbound
 * packets fill: a mark carries the key, as a dynamic map's key cannot be a lookup itself.
 *
 * Packets in the middle of a TCP connection that the NAT forgot are dropped silently, and so is whatever
 * nobody asked for: the usual and the hardest case.
 */
export function natRuleset(options: NatRulesetOptions): string {
  const { profile } = options;
  const lines = ["add table ip carrier", "delete table ip carrier", "table ip carrier {"];
  if (profile !== "none") {
    if (profile !== "symmetric") lines.push(...portMaps(options));
    if (profile === "full-cone" || profile === "address-restricted") lines.push(...coneMaps(options));
    lines.push(...forwardChain(options), ...sourceChain(options), ...inboundChain(options));
    lines.push(
      `chain own { type filter hook input priority filter; meta l4proto { tcp, udp } drop; }`,
    );
  }
  lines.push("}");
  return lines.join("\n") + "\n";
}

function portMaps(options: NatRulesetOptions): string[] {
  const pairs = [...options.ports];
  const forth = pairs.map(([inner, outer]) => `${inner} : ${outer}`).join(", ");
  const same = pairs.map(([, outer]) => `${outer} : ${outer}`).join(", ");
  return [
    `map ports { type inet_service : inet_service; elements = { ${forth} } }`,
    `map ext { type inet_service : mark; elements = { ${forth} } }`,
    `map same { type inet_service : mark; elements = { ${same} } }`,
  ];
}

function coneMaps(options: NatRulesetOptions): string[] {
  const flags = `flags dynamic,timeout; timeout ${options.lifetimeSeconds}s;`;
  return ["tcp", "udp"].flatMap((protocol) => [
    `map cone_${protocol} { type mark : ipv4_addr . inet_service; ${flags} }`,
    `set seen_${protocol} { type mark . ipv4_addr; ${flags} }`,
  ]);
}

/** Sees every packet, so that each outbound one refreshes its mapping. */
function forwardChain(options: NatRulesetOptions): string[] {
  const lines = ["chain learn { type filter hook forward priority filter;", "ct state invalid drop"];
  if (options.profile === "full-cone" || options.profile === "address-restricted") {
    for (const protocol of ["tcp", "udp"]) {
      lines.push(
        `iifname "${NAT_INSIDE}" meta l4proto ${protocol} meta mark set ${protocol} sport map @ext ` +
          `update @cone_${protocol} { meta mark : ip saddr . ${protocol} sport } ` +
          `update @seen_${protocol} { meta mark . ip daddr }`,
      );
    }
  }
  return [...lines, "}"];
}

function sourceChain(options: NatRulesetOptions): string[] {
  const lines = ["chain post { type nat hook postrouting priority srcnat;"];
  if (options.profile === "symmetric") lines.push(`oifname "${NAT_OUTSIDE}" masquerade fully-random`);
  else {
    for (const protocol of ["tcp", "udp"]) {
      const rule = `meta l4proto ${protocol} snat ip to ${options.external} : ${protocol} sport map @ports`;
      lines.push(`oifname "${NAT_OUTSIDE}" ${rule}`);
      if (options.hairpins) lines.push(`iifname "${NAT_INSIDE}" oifname "${NAT_INSIDE}" ${rule}`);
    }
  }
  return [...lines, "}"];
}

function inboundChain(options: NatRulesetOptions): string[] {
  if (options.profile !== "full-cone" && options.profile !== "address-restricted") return [];
  const lines = ["chain pre { type nat hook prerouting priority dstnat;"];
  const interfaces = options.hairpins ? [NAT_OUTSIDE, NAT_INSIDE] : [NAT_OUTSIDE];
  for (const protocol of ["tcp", "udp"]) {
    const isAllowed = options.profile === "address-restricted"
      ? `meta mark . ip saddr @seen_${protocol} `
      : "";
    for (const name of interfaces) {
      lines.push(
        `iifname "${name}" ip daddr ${options.external} meta l4proto ${protocol} ` +
          `meta mark set ${protocol} dport map @same ${isAllowed}dnat ip to meta mark map @cone_${protocol}`,
      );
    }
  }
  return [...lines, "}"];
}
