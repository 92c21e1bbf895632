import { scopeOf } from "../../core/address_scope.ts";
import { type Endpoint, isSameEndpoint } from "../../core/endpoint.ts";
import type { Net } from "../../core/net.ts";

/**
 * The endpoints that do not lead back to the port itself, where each connection would open the next one; records can
 * say anything. Pure.
 */
export function withoutOwn(endpoints: readonly Endpoint[], listen: Endpoint): readonly Endpoint[] {
  return endpoints.filter((endpoint) => !isOwn(endpoint, listen));
}

/** Where an access listens, and by which network. */
export interface ListeningAt {
  /** With the real port. */
  readonly listen: Endpoint;
  /** Knows this host's addresses. */
  readonly net: Pick<Net, "localAddressTowards">;
}

/**
 * Refuses an endpoint that is the port itself by another address of this host, where it listens at all of them: to an
 * own address the system sends from that address.
 *
 * @throws {Error} If it is one.
 */
export async function refuseOwn(endpoint: Endpoint, { listen, net }: ListeningAt): Promise<void> {
  if (endpoint.port !== listen.port || scopeOf(listen.address) !== "unspecified") return;
  // No way there at all: connecting tells.
  const source = await net.localAddressTowards(endpoint).catch(() => undefined);
  if (source === endpoint.address) throw new Error("it leads back to this port");
}

function isOwn(endpoint: Endpoint, listen: Endpoint): boolean {
  if (isSameEndpoint(endpoint, listen)) return true;
  return endpoint.port === listen.port && scopeOf(listen.address) === "unspecified" &&
    scopeOf(endpoint.address) === "loopback";
}
