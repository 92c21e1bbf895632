/**
 * Where everything is in a lab. Documentation and private ranges only, inside namespaces only.
 *
 * ```text
 * host ─ lan0 ─ router ─ wan0 ─ carrier ─ out0 ─ internet ─ vis0 ─ visitor
 * 192.168.9.2   .9.1 100.64.0.2  .0.1 203.0.113.1   198.51.100.x    192.0.2.2
 * ```
 * The router preserves ports and hands everything unasked-for to the host (a DMZ host), so that the carrier's
 * NAT alone decides.
 */

/** Interface of the carrier's NAT towards its customers. */
export const NAT_INSIDE = "cust0";
/** Interface of the carrier's NAT towards the internet. */
export const NAT_OUTSIDE = "out0";

/** Interface of the internet towards the carrier. */
export const INTERNET_SIDE = "nat0";

/** The host that runs porthole; the second one is what it gets by a new lease. */
export const HOST_ADDRESSES = ["192.168.9.2", "192.168.9.77"] as const;
/** The router's LAN side. */
export const ROUTER_LAN = "192.168.9.1";
/** The router's address in the carrier's network (RFC 6598). */
export const ROUTER_WAN = "100.64.0.2";
/** The carrier's gateway. */
export const CARRIER_GATEWAY = "100.64.0.1";
/** Public addresses of the carrier's NAT; the second one is what it changes to. */
export const EXTERNAL_ADDRESSES = ["203.0.113.1", "203.0.113.2"] as const;
/** The internet's router on the carrier's link. */
export const INTERNET_GATEWAY = "203.0.113.254";
/** Where strangers come from. */
export const VISITOR = "192.0.2.2";
/** The visitor's gateway. */
export const VISITOR_GATEWAY = "192.0.2.254";

/** Addresses of the STUN servers; the first two belong to one RFC 5780 server. */
export const STUN_ADDRESSES = [
  "198.51.100.1",
  "198.51.100.2",
  "198.51.100.3",
  "198.51.100.4",
  "198.51.100.5",
] as const;
/** Port of every STUN server; the RFC 5780 server also has the one after it. */
export const STUN_PORT = 3478;

/** Keep-alive hosts by how they behave. */
export const KEEP_ALIVE = {
  /** Two that keep connections open for an hour. */
  steady: ["198.51.100.11", "198.51.100.12"],
  /** Two that close after each answer. */
  closing: ["198.51.100.13", "198.51.100.14"],
  /** Two that close idle connections after 5 s. */
  impatient: ["198.51.100.15", "198.51.100.16"],
  /** Two that answer 503 and 400. */
  erring: ["198.51.100.17", "198.51.100.18"],
} as const;

/** IPv6, routed without any NAT (RFC 3849). */
export const V6 = {
  host: "2001:db8:9::2",
  routerLan: "2001:db8:9::1",
  routerWan: "2001:db8:64::2",
  carrierInside: "2001:db8:64::1",
  carrierOutside: "2001:db8:113::1",
  internet: "2001:db8:113::ff",
  stun: ["2001:db8:100::3", "2001:db8:100::4"],
  keepAlive: ["2001:db8:100::11", "2001:db8:100::12"],
  visitorGateway: "2001:db8:2::ff",
  visitor: "2001:db8:2::2",
} as const;

/** Ports that the NAT maps, one to one, to {@linkcode EXTERNAL_PORTS}; a block as carriers assign (RFC 7422). */
export const INTERNAL_PORTS = { first: 20_000, count: 4096 } as const;
/** First of the external ports. */
export const EXTERNAL_PORTS = { first: 40_000, count: 4096 } as const;
/** What the host's system takes for port 0: inside the mapped block, apart from the ports that cases name. */
export const EPHEMERAL_PORTS = { first: 21_000, last: 24_000 } as const;
/** The port that cases open, by protocol, so that both can run in one lab. */
export const CASE_PORT = 20_123;
