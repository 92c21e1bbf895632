import type { GatewayWay } from "../core/mapping.ts";

/** Whether routers on the way are asked to let strangers in: never, only where nobody was seen to get in, or always. */
export type GatewayMode = "off" | "auto" | "force";

/** Every way, the best one first: PCP says most and forgets by itself, UPnP is the most work for a router. */
export const GATEWAY_WAYS: readonly GatewayWay[] = ["pcp", "nat-pmp", "upnp"];

/** How a tunnel asks the routers of its user; nothing in it needs a default any more. */
export interface GatewaySettings {
  /** When they are asked. */
  readonly mode: GatewayMode;
  /** The router to ask, a canonical address; absent: the default gateway. */
  readonly address?: string | undefined;
  /** The protocols that may be used. */
  readonly ways: readonly GatewayWay[];
}

/** No router is asked. */
export const GATEWAY_OFF: GatewaySettings = { mode: "off", ways: GATEWAY_WAYS };

/** The default gateway is asked where nobody was seen to get in. */
export const GATEWAY_AUTO: GatewaySettings = { mode: "auto", ways: GATEWAY_WAYS };

/** The name of a way for people. */
export function describeWay(way: GatewayWay): string {
  return { "pcp": "PCP", "nat-pmp": "NAT-PMP", "upnp": "UPnP" }[way];
}
