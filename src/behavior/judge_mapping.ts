import { scopeOf } from "../core/address_scope.ts";
import type { NatBehavior } from "../core/behavior.ts";
import { type Endpoint, formatEndpoint, isSameEndpoint } from "../core/endpoint.ts";
import type { Sighting, TransportFacts } from "./facts.ts";
import { type Reason, reason } from "./reason.ts";

/** What sightings of one socket tell. */
export interface MappingVerdict {
  /** Mapping behaviour. */
  readonly mapping: NatBehavior;
  /** Why unknown, or what was not told apart. */
  readonly reason?: Reason;
  /** What most servers saw, else the first. */
  readonly external?: Endpoint;
  /** A server that says otherwise than at least two others: a liar, or a proxy on the way to it. */
  readonly dissenter?: Sighting;
}

/** What {@linkcode judgeMapping} looks at. */
export type MappingFacts = Pick<TransportFacts, "internal" | "sightings" | "alternates">;

/** Whether a transparent proxy made it up: its addresses come from 198.18.0.0/15. */
export function isFake({ server, seen }: Pick<Sighting, "server" | "seen">): boolean {
  return scopeOf(server.address) === "fake-ip" || scopeOf(seen.address) === "fake-ip";
}

/**
 * One sighting for each server address, the first one. Servers at one address are one opinion: with another port they
 * tell address-dependent from address-and-port-dependent, never independent from dependent.
 */
export function opinionsOf({ sightings, alternates }: MappingFacts): readonly Sighting[] {
  const opinions = new Map<string, Sighting>();
  for (const sighting of [...sightings, ...alternates]) {
    if (!opinions.has(sighting.server.address)) opinions.set(sighting.server.address, sighting);
  }
  return [...opinions.values()];
}

/** Opinions by the endpoint seen, the commonest first. */
export function groupsOf(opinions: readonly Sighting[]): readonly (readonly Sighting[])[] {
  const groups = new Map<string, Sighting[]>();
  for (const opinion of opinions) {
    const key = formatEndpoint(opinion.seen);
    groups.set(key, [...groups.get(key) ?? [], opinion]);
  }
  return [...groups.values()].sort((a, b) => b.length - a.length);
}

/**
 * Mapping behaviour by RFC 5780, section 4.3, from several servers: the primary endpoint of each, alternate address
 * and alternate port where they have them. Pure.
 *
 * One server against at least two that agree is outvoted, unless only the address differs: a NAT whose mappings depend
 * on the destination may give two servers the same address by chance, but hardly the same port.
 */
export function judgeMapping(facts: MappingFacts): MappingVerdict {
  const all = opinionsOf(facts);
  const opinions = all.filter((opinion) => !isFake(opinion));
  const groups = groupsOf(opinions);
  const [common, ...rest] = groups;
  const [first] = common ?? [];
  if (common === undefined || first === undefined) {
    const [fake] = all;
    if (fake === undefined) return { mapping: "unknown", reason: reason("no-answer") };
    return { mapping: "unknown", reason: reason("fake-ip"), external: fake.seen };
  }
  const external = first.seen;
  const others = rest.flat();
  const [other] = others;
  // Another address with the same port is none that a liar makes up: a NAT with several addresses, or several uplinks.
  const isOutvoted = others.length === 1 && common.length >= 2 && other?.seen.port !== external.port;
  if (other !== undefined && !isOutvoted) return { ...judgeDependence(facts), external };
  const found = { external, ...(other && { dissenter: other }) };
  if (isSameEndpoint(external, facts.internal)) return { ...found, mapping: "none" };
  if (common.length >= 2) return { ...found, mapping: "endpoint-independent" };
  return { ...found, mapping: "unknown", reason: reason("few-answers", "1") };
}

/** The mapping depends on the destination: on its address alone, or also on its port? */
function judgeDependence({ sightings, alternates }: MappingFacts): MappingVerdict {
  const all = [...sightings, ...alternates].filter((one) => !isFake(one));
  let hasPair = false;
  for (const [i, one] of all.entries()) {
    for (const other of all.slice(i + 1)) {
      if (one.server.address !== other.server.address || one.server.port === other.server.port) continue;
      hasPair = true;
      if (!isSameEndpoint(one.seen, other.seen)) return { mapping: "address-and-port-dependent" };
    }
  }
  if (hasPair) return { mapping: "address-dependent" };
  return { mapping: "address-and-port-dependent", reason: reason("not-told-apart") };
}
