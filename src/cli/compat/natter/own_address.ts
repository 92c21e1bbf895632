import { addressBytes, type Endpoint, familyOf, type HostPort } from "../../../core/endpoint.ts";
import { errorMessage } from "../../../core/errors.ts";
import type { Platform } from "../../../core/platform.ts";

/** Options for {@linkcode ownAddressTowards}. */
export interface OwnAddressOptions {
  readonly platform: Platform;
  /** For SO_BINDTODEVICE. */
  readonly device?: string | undefined;
}

/** A resolver that everyone routes to. */
const SOMEWHERE: Endpoint = { address: "1.1.1.1", port: 53 };

/**
 * This host's IPv4 address towards the internet: towards the first server given by address, else by the default
 * route. No packet is sent.
 *
 * @returns `undefined` without a route.
 */
export async function ownAddressTowards(
  servers: readonly HostPort[],
  options: OwnAddressOptions,
): Promise<string | undefined> {
  const { platform: { net, log }, device } = options;
  const literal = servers.find(({ host }) => addressBytes(host) !== undefined && familyOf(host) === 4);
  const towards = literal === undefined ? SOMEWHERE : { address: literal.host, port: literal.port };
  try {
    return await net.localAddressTowards(towards, { device });
  } catch (error) {
    log.debug("No route to the internet", { reason: errorMessage(error) });
    return undefined;
  }
}
