import { addressBytes, type Endpoint, type HostPort } from "../core/endpoint.ts";
import { ownEndpointOf } from "../forward/forward_loop.ts";
import type { PortSpec } from "../keeper/port_spec.ts";
import type { TunnelPlan } from "./tunnel_plan.ts";

/** The port that a tunnel binds, where only one comes into question. */
export function onlyPortOf(port: PortSpec): number | undefined {
  const only = port.kind === "fixed" ? port.port : port.first === port.last ? port.first : 0;
  return only === 0 ? undefined : only;
}

/**
 * The endpoint that a tunnel binds, if connections to `target` would certainly arrive there. What depends on names,
 * on ports that are chosen later, or on an address that the system chooses is found when the tunnel runs.
 */
export function boundTarget(
  target: HostPort,
  { bindAddress: address, port }: Pick<TunnelPlan, "bindAddress" | "port">,
): Endpoint | undefined {
  const only = onlyPortOf(port);
  if (address === undefined || only === undefined || addressBytes(target.host) === undefined) {
    return undefined;
  }
  return ownEndpointOf({ address: target.host, port: target.port }, { internal: { address, port: only } });
}
