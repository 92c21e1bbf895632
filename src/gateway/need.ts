import { scopeOf } from "../core/address_scope.ts";
import type { NatBehavior } from "../core/behavior.ts";
import { type Endpoint, familyOf, isSameEndpoint } from "../core/endpoint.ts";
import type { Protocol, Reachability } from "../core/mapping.ts";
import type { GatewayMode } from "./settings.ts";

/** What is known when it is to be decided whether routers are asked. */
export interface GatewayFacts {
  readonly mode: GatewayMode;
  readonly protocol: Protocol;
  /** What is bound on this host. */
  readonly internal: Endpoint;
  /** What a STUN server named; absent if that is not known yet. */
  readonly external?: Endpoint | undefined;
  /** The self-check's verdict; absent before it. */
  readonly reachability?: Reachability | undefined;
  /** UDP filtering as probed on another port of this host. */
  readonly filtering?: NatBehavior | undefined;
}

/** Whether routers are to be asked, and why (not). */
export interface GatewayNeed {
  readonly asks: boolean;
  /** For the log. */
  readonly reason: string;
}

/**
 * Decides whether routers are asked for a port. Never for a port that nobody else can reach anyway; in the mode `auto`
 * only where nobody was seen to get in and nothing else shows that they would. Pure.
 */
export function needsGateway(facts: GatewayFacts): GatewayNeed {
  const { mode, protocol, internal, external, reachability, filtering } = facts;
  if (mode === "off") return { asks: false, reason: "it is off" };
  const scope = scopeOf(internal.address);
  if (scope === "loopback" || scope === "unspecified" || scope === "multicast") {
    return { asks: false, reason: `${internal.address} is no address of a network` };
  }
  if (mode === "force") return { asks: true, reason: "it is forced" };
  if (reachability?.state === "reachable") return { asks: false, reason: "strangers get in" };
  if (protocol === "udp" && (filtering === "endpoint-independent" || filtering === "none")) {
    return { asks: false, reason: "UDP from strangers gets in" };
  }
  if (familyOf(internal.address) === 4 && isSameEndpoint(internal, external)) {
    return { asks: false, reason: "this host has the external address itself" };
  }
  return {
    asks: true,
    reason: reachability === undefined ? "strangers are kept out" : "nobody was seen to get in",
  };
}

/**
 * The port that the outermost router has to let in. If that router is the one that does the translation, visitors come
 * to the external port; else its own far side has the internal port, as far as it keeps ports. Pure.
 *
 * @param routerAddress That router's address on its far side; `undefined` if it does not say.
 * @returns `undefined` for the internal port.
 */
export function wantedExternalPort(
  routerAddress: string | undefined,
  { internal, external }: { readonly internal: Endpoint; readonly external: Endpoint },
): number | undefined {
  if (routerAddress !== external.address || external.port === internal.port) return undefined;
  return external.port;
}
