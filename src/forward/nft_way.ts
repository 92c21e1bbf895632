import { addressBytes, type Endpoint, type Family, familyOf, formatEndpoint } from "../core/endpoint.ts";
import { isUnspecified } from "./nft_expr.ts";
import { NftError } from "./nft_json.ts";
import type { TargetWay } from "./nft_ruleset.ts";

/** An address of an interface of this host. */
export interface HostAddress {
  readonly device: string;
  readonly address: string;
  /** Length of the prefix of the link's network. */
  readonly prefixBits: number;
}

/** What {@linkcode chooseWay} looks at. */
export interface WayFacts {
  readonly internal: Endpoint;
  readonly addresses: readonly HostAddress[];
  /** The address this host sends from to reach the target; absent while there is no route. */
  readonly source: string | undefined;
  /** Whether the kernel passes packets on between interfaces, for the target's IP version. */
  readonly isForwardingOn: boolean;
  /** Whether packets from outside may be sent on to 127.0.0.0/8 (`route_localnet`). */
  readonly routesLoopback: boolean;
  /** Sockets of this host that take traffic of the tunnel's protocol, of both IP versions. */
  readonly listeners: readonly Endpoint[];
  /** `auto` masquerades only where the target's answers would not come back through us. */
  readonly masquerade: MasqueradeChoice;
}

/** Whether the target sees this host's address instead of the client's. */
export type MasqueradeChoice = "auto" | "always" | "never";

/**
 * Chooses how the kernel brings packets to a target.
 *
 * * An address of this host: DNAT to it, and the service sees the client.
 * * Loopback: the kernel drops packets from outside that go there, so they are sent to the internal address
 *   instead, where services on all addresses hear them; one that is bound to loopback only cannot be served.
 * * Another host: DNAT. A target answers to its own gateway, and only if that is us does the translation back take
 *   place. It is taken to be us for targets on a link of ours by which clients do not come in: we route for that
 *   link. Everything else (same link as the clients; behind another router) is masqueraded.
 *
 * @throws {NftError} "forward_loop", "nft_unsupported" or "nft_no_forwarding".
 */
export function chooseWay(target: Endpoint, facts: WayFacts): TargetWay {
  const { internal } = facts;
  const family = familyOf(target.address);
  const subject = `Cannot forward to ${formatEndpoint(target)} in the kernel`;
  if (family !== familyOf(internal.address)) {
    throw new NftError(
      "nft_unsupported",
      `${subject}: it does not translate between IPv${
        familyOf(internal.address)
      } and IPv${family}; use the relay`,
    );
  }
  const isLoopback = family === 6 ? target.address === "::1" : target.address.startsWith("127.");
  if (isLoopback) return wayToLoopback(target, facts, subject);
  const isOwn = facts.addresses.some(({ address }) => address === target.address);
  if (isOwn) {
    if (isAt(internal, target)) throw loopError(subject);
    return { kind: "dnat", to: target, masquerade: "never" };
  }
  if (!facts.isForwardingOn) throw forwardingError(subject, family);
  const link = facts.addresses.find(({ address }) => address === facts.source);
  return { kind: "dnat", to: target, device: link?.device, masquerade: masqueradeOf(target, facts, link) };
}

function wayToLoopback(target: Endpoint, facts: WayFacts, subject: string): TargetWay {
  const { internal, listeners, routesLoopback } = facts;
  if (familyOf(target.address) === 4 && routesLoopback) {
    return { kind: "dnat", to: target, masquerade: "never" };
  }
  if (target.port === internal.port) throw loopError(subject);
  const takers = listeners.filter(({ port }) => port === target.port);
  const isHeard = takers.some(({ address }) => isUnspecified(address) || address === internal.address);
  if (takers.length > 0 && !isHeard) {
    throw new NftError(
      "nft_unsupported",
      `${subject}: the service listens on loopback only, where the kernel lets nothing in from outside; ` +
        `have it listen on ${internal.address} or on all addresses, or use the relay`,
    );
  }
  // Redirecting takes some address of the link instead, which a UDP service need not answer from.
  return isUnspecified(internal.address)
    ? { kind: "redirect", port: target.port }
    : { kind: "dnat", to: { address: internal.address, port: target.port }, masquerade: "never" };
}

function masqueradeOf(
  target: Endpoint,
  { masquerade, internal, addresses }: WayFacts,
  link: HostAddress | undefined,
): "always" | "same-link" | "never" {
  if (masquerade !== "auto") return masquerade;
  const isOnLink = link !== undefined && isInNetwork(target.address, link);
  const uplinks = addresses.filter(({ address }) => address === internal.address).map(({ device }) => device);
  return isOnLink && uplinks.length > 0 && !uplinks.includes(link.device) ? "same-link" : "always";
}

function isAt(internal: Endpoint, target: Endpoint): boolean {
  return target.port === internal.port &&
    (target.address === internal.address || isUnspecified(internal.address));
}

function isInNetwork(address: string, { address: base, prefixBits }: HostAddress): boolean {
  const [a, b] = [addressBytes(address), addressBytes(base)];
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  for (let i = 0; i < prefixBits; i++) {
    if (((a[i >> 3] ?? 0) ^ (b[i >> 3] ?? 0)) & (0x80 >> (i & 7))) return false;
  }
  return true;
}

function loopError(subject: string): NftError {
  return new NftError("forward_loop", `${subject}: that is the tunnel's own port`);
}

function forwardingError(subject: string, family: Family): NftError {
  const cure = family === 4
    ? "sysctl -w net.ipv4.ip_forward=1 turns it on"
    : "sysctl -w net.ipv6.conf.all.forwarding=1 turns it on (hosts that take their address from router " +
      "advertisements then also need accept_ra=2)";
  return new NftError(
    "nft_no_forwarding",
    `${subject}: IPv${family} forwarding is off on this host; ${cure}, or use the relay`,
  );
}
