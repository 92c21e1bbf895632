import { orAborted } from "../core/aborting.ts";
import { delay } from "../core/clock.ts";
import { type Endpoint, formatEndpoint } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import { type GatewayUrl, readGatewayUrl } from "./gateway_url.ts";
import type { RouterLink } from "./mapper.ts";
import { encodeSearch, readSsdpAnswer, SEARCH_TARGETS, SSDP_GROUP } from "./ssdp.ts";

/** Options for {@linkcode searchDevices}. */
export interface SearchOptions {
  /** Search by multicast too: some routers answer to nothing else. One that is further away cannot hear that. */
  readonly isNear: boolean;
  readonly signal: AbortSignal;
}

/** Again after this: the first datagrams may be lost while addresses are resolved. */
const AGAIN_MS = 500;
/** Devices wait up to MX, one second, before they answer a multicast search. */
const LIMIT_MS = 1_800;
/** After the first gateway's answer others of the same device follow at once. */
const MORE_ANSWERS_MS = 150;
/** A router with several devices in it has fewer. */
const MOST_LOCATIONS = 4;
const GATEWAY_TARGET = /:device:InternetGatewayDevice:\d+$/i;

/**
 * Searches the UPnP devices of exactly one router: what answers from another address, or points to one, is ignored.
 *
 * @returns Where their descriptions are, those that call themselves gateways first; none if nobody answered within 2 s.
 * @throws {Error} With the kernel's code if the socket cannot be opened.
 * @throws `signal.reason`, unchanged, if aborted.
 */
export async function searchDevices(
  link: RouterLink,
  options: SearchOptions,
): Promise<readonly GatewayUrl[]> {
  const { platform: { net, clock, log }, router, local, device, mark } = link;
  const { isNear, signal } = options;
  signal.throwIfAborted();
  const gateways = new Map<string, GatewayUrl>();
  /** They said "root device" only: a media server on the router may be the first to say that. */
  const others = new Map<string, GatewayUrl>();
  const first = Promise.withResolvers<void>();
  const take = (data: Uint8Array, from: Endpoint): void => {
    if (from.address !== router) return;
    const answer = readSsdpAnswer(data);
    const url = answer && readGatewayUrl(answer.location, router);
    if (url === undefined) return;
    const isGateway = GATEWAY_TARGET.test(answer?.target ?? "");
    const found = isGateway ? gateways : others;
    if (found.size < MOST_LOCATIONS) found.set(`${url.port}${url.path}`, url);
    if (isGateway) first.resolve();
  };
  using socket = await net.openDatagram({
    ...{ local: { address: local, port: 0 }, device, mark },
    onDatagram: take,
  });
  const send = (): void => {
    for (const to of [{ address: router, port: SSDP_GROUP.port }, ...(isNear ? [SSDP_GROUP] : [])]) {
      for (const target of SEARCH_TARGETS) {
        try {
          socket.send(encodeSearch(target, formatEndpoint(to)), to);
        } catch (error) {
          log.debug("Cannot search UPnP devices", { to: formatEndpoint(to), reason: errorMessage(error) });
        }
      }
    }
  };
  send();
  using _again = clock.schedule(AGAIN_MS, () => void (gateways.size === 0 && send()));
  using _limit = clock.schedule(LIMIT_MS, () => first.resolve());
  await orAborted(first.promise, signal);
  await delay(clock, MORE_ANSWERS_MS, signal);
  return [...new Map([...gateways, ...others]).values()].slice(0, MOST_LOCATIONS);
}
