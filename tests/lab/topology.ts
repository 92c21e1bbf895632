import {
  CARRIER_GATEWAY,
  EPHEMERAL_PORTS,
  EXTERNAL_ADDRESSES,
  HOST_ADDRESSES,
  INTERNET_GATEWAY,
  INTERNET_SIDE,
  KEEP_ALIVE,
  NAT_INSIDE,
  NAT_OUTSIDE,
  ROUTER_LAN,
  ROUTER_WAN,
  STUN_ADDRESSES,
  V6,
  VISITOR,
  VISITOR_GATEWAY,
} from "./addresses.ts";

/** The five network namespaces of a lab. */
export const ROLES = ["host", "router", "carrier", "internet", "visitor"] as const;
/** One of {@linkcode ROLES}. */
export type Role = (typeof ROLES)[number];
/** Name of each namespace. */
export type NamespaceNames = Readonly<Record<Role, string>>;

/**
 * Lines for `ip -batch` that make the wires between the namespaces.
 *
 * @param options `hasDelayLine` leaves the wire between carrier and internet to a delay line.
 */
export function wiring(names: NamespaceNames, options: { readonly hasDelayLine: boolean }): string[] {
  const wire = (a: Role, ifA: string, b: Role, ifB: string): string =>
    `link add name ${ifA} netns ${names[a]} type veth peer name ${ifB} netns ${names[b]}`;
  return [
    wire("host", "lan0", "router", "lan0"),
    wire("router", "wan0", "carrier", NAT_INSIDE),
    ...(options.hasDelayLine ? [] : [wire("carrier", NAT_OUTSIDE, "internet", INTERNET_SIDE)]),
    wire("internet", "vis0", "visitor", "vis0"),
  ];
}

/** Lines for `ip -batch` that make the namespaces. */
export function namespaces(names: NamespaceNames): string[] {
  return ROLES.map((role) => `netns add ${names[role]}`);
}

/** Lines for `ip -n NAMESPACE -batch` that give a namespace its addresses and routes. */
export function addressing(role: Role): string[] {
  return ["link set lo up", ...ADDRESSING[role]()];
}

function up(name: string, v4: string, v6: string): string[] {
  return [
    `address add ${v4}/24 dev ${name}`,
    `address add ${v6}/64 dev ${name} nodad`,
    `link set ${name} up`,
  ];
}

const ADDRESSING: Readonly<Record<Role, () => string[]>> = {
  host: () => [...up("lan0", HOST_ADDRESSES[0], V6.host), ...hostRoutes()],
  router: () => [
    ...up("lan0", ROUTER_LAN, V6.routerLan),
    ...up("wan0", ROUTER_WAN, V6.routerWan),
    `route add default via ${CARRIER_GATEWAY}`,
    `route add ::/0 via ${V6.carrierInside}`,
  ],
  carrier: () => [
    ...up(NAT_INSIDE, CARRIER_GATEWAY, V6.carrierInside),
    ...up(NAT_OUTSIDE, EXTERNAL_ADDRESSES[0], V6.carrierOutside),
    `route add default via ${INTERNET_GATEWAY}`,
    `route add ::/0 via ${V6.internet}`,
    `route add 2001:db8:9::/64 via ${V6.routerWan}`,
  ],
  internet: () => [
    ...up(INTERNET_SIDE, INTERNET_GATEWAY, V6.internet),
    ...up("vis0", VISITOR_GATEWAY, V6.visitorGateway),
    `route add 2001:db8:9::/64 via ${V6.carrierOutside}`,
    ...[...STUN_ADDRESSES, ...Object.values(KEEP_ALIVE).flat()].map((a) => `address add ${a}/32 dev lo`),
    ...[...V6.stun, ...V6.keepAlive].map((a) => `address add ${a}/128 dev lo nodad`),
  ],
  visitor: () => [
    ...up("vis0", VISITOR, V6.visitor),
    `route add default via ${VISITOR_GATEWAY}`,
    `route add ::/0 via ${V6.visitorGateway}`,
  ],
};

/** Routes of the host, again needed after its link or address was gone. */
export function hostRoutes(): string[] {
  return [`route replace default via ${ROUTER_LAN}`, `route replace ::/0 via ${V6.routerLan}`];
}

/** Kernel settings of a namespace, as `key=value`, before it has wires: those inherit some. */
export function settings(role: Role, lifetimeSeconds: number): string[] {
  // Without looking for duplicates, IPv6 works at once instead of after two seconds.
  return ["net.ipv6.conf.default.accept_dad=0", ...settingsOf(role, lifetimeSeconds)];
}

function settingsOf(role: Role, lifetimeSeconds: number): string[] {
  const forwarding = ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"];
  switch (role) {
    case "host":
      return [`net.ipv4.ip_local_port_range=${EPHEMERAL_PORTS.first} ${EPHEMERAL_PORTS.last}`];
    case "router":
      // A router that forgets nothing and judges nothing, so that only the carrier's NAT is measured.
      return [
        ...forwarding,
        "net.netfilter.nf_conntrack_tcp_be_liberal=1",
        "net.netfilter.nf_conntrack_udp_timeout=3600",
        "net.netfilter.nf_conntrack_udp_timeout_stream=3600",
      ];
    case "carrier":
      // Conntrack keeps flows beyond the cone's map, so both get one lifetime. Without tcp_loose=0 the packets of
      // a forgotten connection would make it anew.
      return [
        ...forwarding,
        "net.netfilter.nf_conntrack_tcp_loose=0",
        `net.netfilter.nf_conntrack_tcp_timeout_established=${lifetimeSeconds}`,
        `net.netfilter.nf_conntrack_udp_timeout=${lifetimeSeconds}`,
        `net.netfilter.nf_conntrack_udp_timeout_stream=${lifetimeSeconds}`,
      ];
    case "internet":
      return forwarding;
    case "visitor":
      return [];
  }
}

/** Ruleset of the customer's router: ports preserved, everything unasked-for goes to `host`. */
export function routerRuleset(host: string): string {
  return `add table ip home
delete table ip home
table ip home {
  chain post { type nat hook postrouting priority srcnat; oifname "wan0" snat ip to ${ROUTER_WAN}; }
  chain pre { type nat hook prerouting priority dstnat; iifname "wan0" meta l4proto { tcp, udp } dnat ip to ${host}; }
}
`;
}

/** Ruleset of the internet: servers whose address is in the set have fallen silent. */
export const INTERNET_RULESET = `table inet outage {
  set dead { type ipv4_addr; }
  chain in { type filter hook input priority filter; ip daddr @dead drop; }
  chain out { type filter hook output priority filter; ip saddr @dead drop; }
}
`;
