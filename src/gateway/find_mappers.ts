import { orAborted } from "../core/aborting.ts";
import { familyOf } from "../core/endpoint.ts";
import type { GatewayWay } from "../core/mapping.ts";
import { GatewayError, moreTelling } from "./errors.ts";
import type { Mapper, MapperHandlers, RouterLink } from "./mapper.ts";
import { NatPmpMapper } from "./natpmp.ts";
import { PcpMapper } from "./pcp.ts";
import { UpnpMapper } from "./upnp.ts";

/** Options for {@linkcode findMappers}. */
export interface FindMappersOptions extends MapperHandlers {
  /** Protocols to try, the best one first. */
  readonly ways: readonly GatewayWay[];
  /** The router is in our own network: UPnP may search it by multicast too. */
  readonly isNear: boolean;
  /** Wait for every protocol instead of the best one that answers soon. @default {false} */
  readonly waitsForAll?: boolean | undefined;
  readonly signal: AbortSignal;
}

/** How long a better protocol may answer later than another one and still win. */
const HEAD_START_MS = 400;

/**
 * Tries all protocols at once.
 *
 * @returns Those that answered, in the order of `ways`; at least one. It ends when none that is still awaited could
 *   be better, or 0.4 s after the first answer, or after some seconds of silence.
 * @throws {GatewayError} If none answered.
 * @throws `signal.reason`, unchanged, if aborted.
 */
export async function findMappers(link: RouterLink, options: FindMappersOptions): Promise<readonly Mapper[]> {
  const { waitsForAll = false, signal } = options;
  signal.throwIfAborted();
  // Over IPv6 only PCP is there: NAT-PMP has no IPv6, and UPnP's firewall control is another service.
  const isIpv6 = familyOf(link.router) === 6;
  const ways = options.ways.filter((way) => !isIpv6 || way === "pcp");
  const found = new Map<GatewayWay, Mapper>();
  const failed = new Map<GatewayWay, unknown>();
  const ended = new AbortController();
  const pass = (): void => ended.abort(signal.reason);
  signal.addEventListener("abort", pass, { once: true });
  const decided = Promise.withResolvers<void>();
  using timers = new DisposableStack();
  const decide = (): void => {
    const settled = (way: GatewayWay): boolean => found.has(way) || failed.has(way);
    const best = ways.findIndex((way) => found.has(way));
    if (ways.every(settled)) return decided.resolve();
    if (best < 0 || waitsForAll) return;
    if (ways.slice(0, best).every(settled)) return decided.resolve();
    timers.use(link.platform.clock.schedule(HEAD_START_MS, () => decided.resolve()));
  };
  const probing = ways.map(async (way) => {
    try {
      found.set(way, await probe(way, link, { ...options, signal: ended.signal }));
    } catch (error) {
      failed.set(way, error);
    }
    decide();
  });
  decide();
  try {
    await orAborted(decided.promise, signal);
  } finally {
    signal.removeEventListener("abort", pass);
    ended.abort(new DOMException("Another protocol was taken", "AbortError"));
    await Promise.all(probing);
  }
  const mappers = ways.flatMap((way) => found.get(way) ?? []);
  if (mappers.length > 0) return mappers;
  throw noneAnswered(link, [...failed.values()]);
}

async function probe(way: GatewayWay, link: RouterLink, options: FindMappersOptions): Promise<Mapper> {
  const { signal } = options;
  switch (way) {
    case "upnp":
      return await UpnpMapper.find(link, options);
    case "pcp":
      return await isThere(new PcpMapper(link, options), signal);
    case "nat-pmp":
      return await isThere(new NatPmpMapper(link, options), signal);
  }
}

/** That it says no to this one question does not mean that it is not there. */
async function isThere(mapper: Mapper, signal: AbortSignal): Promise<Mapper> {
  try {
    await mapper.externalAddress(signal);
  } catch (error) {
    if (!(error instanceof GatewayError) || error.fault !== "refused") throw error;
  }
  return mapper;
}

function noneAnswered({ router }: RouterLink, failures: readonly unknown[]): GatewayError {
  let cause: GatewayError | undefined;
  for (const failure of failures) if (failure instanceof GatewayError) cause = moreTelling(cause, failure);
  if (cause !== undefined && cause.fault !== "silent") return cause;
  return new GatewayError("it answers neither PCP nor NAT-PMP nor UPnP", { fault: "silent", router, cause });
}
