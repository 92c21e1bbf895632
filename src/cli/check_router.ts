import { scopeOf } from "../core/address_scope.ts";
import { openDeadline } from "../core/deadline.ts";
import { errorMessage } from "../core/errors.ts";
import type { GatewayWay } from "../core/mapping.ts";
import type { BindOptions } from "../core/net.ts";
import type { Platform } from "../core/platform.ts";
import { findMappers } from "../gateway/find_mappers.ts";
import type { RouterLink } from "../gateway/mapper.ts";
import type { GatewaySurroundings } from "../gateway/surroundings.ts";

/** The user's own router, as far as it was seen. */
export interface RouterView {
  /** The default gateway; absent where there is none or the system does not tell. */
  readonly router?: string | undefined;
  /** The address that it says it has on its far side. */
  readonly far?: string | undefined;
}

/** Options for {@linkcode lookAtRouter}. */
export interface LookAtRouterOptions extends Pick<BindOptions, "device" | "mark"> {
  readonly platform: Platform;
  readonly surroundings: GatewaySurroundings;
  /** Our own address, in a network of the router's. */
  readonly local: string;
  readonly signal: AbortSignal;
}

/** PCP tells no address before a port is open; what speaks it mostly speaks NAT-PMP too. */
const WAYS: readonly GatewayWay[] = ["nat-pmp", "upnp"];
/** It runs beside the check, which mostly takes as long. */
const ROUTER_LIMIT_MS = 1500;

/**
 * Asks the default gateway, and nobody else, which address it has on its far side (NAT-PMP, UPnP); it is not asked
 * for anything to change. Only where this host has a private address: no other one has a router of its user's before it.
 *
 * @returns What it said; a router that says nothing within 1.5 s is no fault.
 * @throws `signal.reason`, unchanged, if aborted.
 */
export async function lookAtRouter(options: LookAtRouterOptions): Promise<RouterView> {
  const { platform, surroundings, local, device, mark, signal } = options;
  const scope = scopeOf(local);
  if (scope === "loopback") return {};
  const router = await surroundings.defaultGateway(local);
  if (router === undefined || scope !== "private" || local.includes(":")) return { router };
  using limit = openDeadline(ROUTER_LIMIT_MS, { clock: platform.clock, signal });
  try {
    const link = { platform, router, local, device, mark };
    return { router, far: await farSide(link, surroundings, limit.signal) };
  } catch (error) {
    signal.throwIfAborted();
    platform.log.debug("The router does not tell its address", { router, reason: errorMessage(error) });
    return { router };
  }
}

async function farSide(
  link: RouterLink,
  surroundings: GatewaySurroundings,
  signal: AbortSignal,
): Promise<string | undefined> {
  const isNear = surroundings.isNear(link.router);
  const mappers = await findMappers(link, { ways: WAYS, isNear, onForgotten: () => {}, signal });
  for (const mapper of mappers) {
    try {
      const address = await mapper.externalAddress(signal);
      if (address !== undefined && scopeOf(address) !== "unspecified") return address;
    } catch (error) {
      signal.throwIfAborted();
      link.platform.log.debug("The router does not tell its address", {
        ...{ router: link.router, way: mapper.way, reason: errorMessage(error) },
      });
    }
  }
  return undefined;
}
