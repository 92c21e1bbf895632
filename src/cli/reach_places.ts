import { addressBytes, type Endpoint, type Family, familyOf, unspecifiedAddress } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";
import type { Platform } from "../core/platform.ts";
import type { HostPort } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import { askCaller, type ReflectorAccess } from "../reach/ask_reflector.ts";
import { WitnessError } from "../reach/ask_http.ts";
import { DEFAULT_STUN_TCP, DEFAULT_STUN_UDP } from "../stun/default_servers.ts";
import { lookUpReflexive } from "../stun/lookup.ts";
import { StunServerList } from "../stun/server_list.ts";
import type { ReachSpec } from "./reach_args.ts";

/** What {@linkcode findEndpoint} looks with. */
export interface FindEndpointOptions {
  readonly platform: Platform;
  readonly protocol: Protocol;
  /** IP version of names and of this host's public address. */
  readonly family: Family;
  /** STUN servers; empty: the built-in ones. */
  readonly stun: readonly HostPort[];
  /** Asked before STUN servers. */
  readonly reflector: ReflectorAccess | undefined;
  readonly signal: AbortSignal;
}

/**
 * The endpoint that was meant: names are resolved; a port alone is one of the address that this host has outside, as
 * the reflector sees it, or else a STUN server.
 *
 * @throws {ResolveError} If a name does not resolve.
 * @throws {NoStunServerError} If nobody knows the address of this host.
 * @throws `signal.reason` if aborted.
 */
export async function findEndpoint(spec: ReachSpec, options: FindEndpointOptions): Promise<Endpoint> {
  const { host, port } = spec;
  if (host !== undefined) return await resolvePlace({ host, port }, options);
  return { address: await outsideAddress(options), port };
}

/** What {@linkcode resolvePlace} resolves with. */
export interface ResolvePlaceOptions {
  readonly platform: Platform;
  readonly family: Family;
  readonly signal: AbortSignal;
}

/**
 * The first address of a host; an address is its own, of whatever IP version.
 *
 * @throws {ResolveError} If the name does not resolve.
 * @throws `signal.reason` if aborted.
 */
export async function resolvePlace(
  { host, port }: HostPort,
  { platform: { net }, family, signal }: ResolvePlaceOptions,
): Promise<Endpoint> {
  if (addressBytes(host) !== undefined) return { address: host, port };
  const [address] = await net.resolve(host, family, signal);
  if (address === undefined) throw new RangeError(`Cannot resolve ${host}: no address`);
  return { address, port };
}

async function outsideAddress(options: FindEndpointOptions): Promise<string> {
  const { platform, protocol, family, stun, reflector, signal } = options;
  if (reflector !== undefined) {
    try {
      const { address } = await askCaller(reflector);
      if (familyOf(address) === family) return address;
    } catch (error) {
      if (!(error instanceof WitnessError)) throw error;
      platform.log.debug("The reflector does not tell our address", { reason: errorMessage(error) });
    }
  }
  const usual = protocol === "tcp" ? DEFAULT_STUN_TCP : DEFAULT_STUN_UDP;
  const { first, second } = await lookUpReflexive({
    platform,
    protocol,
    servers: new StunServerList({ specs: stun.length > 0 ? stun : usual, family, platform }),
    local: { address: unspecifiedAddress(family), port: 0 },
    opinions: 1,
    reusePort: false,
    signal,
  });
  await second;
  return first.reflexive.address;
}
