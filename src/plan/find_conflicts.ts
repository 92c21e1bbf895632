import type { ConfigPath } from "../config/config_fault.ts";
import {
  type Endpoint,
  familyOf,
  formatEndpoint,
  type HostPort,
  unspecifiedAddress,
} from "../core/endpoint.ts";
import { boundTarget, onlyPortOf } from "./bound_target.ts";
import { type PlacedPublisher, refuseSharedRecords } from "./publish/refuse_shared_records.ts";
import type { Refusals } from "./refusals.ts";
import type { TunnelPlan } from "./tunnel_plan.ts";

/** A tunnel and where it comes from. */
export interface PlacedTunnel {
  readonly plan: TunnelPlan;
  readonly path: ConfigPath;
  /** Whether the user named it. */
  readonly isNamed: boolean;
  /** Those of the plan, with their places. */
  readonly publishers: readonly PlacedPublisher[];
}

/** Refuses tunnels that cannot run beside each other; each fault names both places. */
export function refuseConflicts(tunnels: readonly PlacedTunnel[], refusals: Refusals): void {
  refuseSameNames(tunnels, refusals);
  refuseSharedRecords(tunnels.map(({ publishers }) => publishers), refusals);
  const byPort = Map.groupBy(tunnels, ({ plan }) => portKey(plan.protocol, onlyPortOf(plan.port)));
  for (const [key, sharers] of byPort) if (key !== undefined) refuseSameBinds(sharers, refusals);
  for (const tunnel of tunnels) {
    const target = tunnel.plan.forward?.target;
    if (target === undefined) continue;
    const nearby = byPort.get(portKey(tunnel.plan.protocol, target.port)) ?? [];
    refuseLoop({ tunnel, target, nearby }, refusals);
  }
}

/** Refuses a status page on the port of a TCP tunnel. */
export function refuseStatusPort(
  listen: Endpoint,
  { tunnels, refusals }: { readonly tunnels: readonly PlacedTunnel[]; readonly refusals: Refusals },
): void {
  const other = tunnels.find(({ plan }) =>
    plan.protocol === "tcp" && listen.port !== 0 && onlyPortOf(plan.port) === listen.port &&
    isOverlapping(plan, listen.address)
  );
  if (other === undefined) return;
  const place = refusals.where([...other.path, "bind"]);
  refusals.refuse(["status", "listen"], `TCP port ${listen.port} is that of ${place}`);
}

function portKey(protocol: string, port: number | undefined): string | undefined {
  return port === undefined || port === 0 ? undefined : `${protocol} ${port}`;
}

function refuseSameNames(tunnels: readonly PlacedTunnel[], refusals: Refusals): void {
  const first = new Map<string, PlacedTunnel>();
  for (const tunnel of tunnels) {
    const { name } = tunnel.plan;
    const other = first.get(name);
    if (other === undefined) first.set(name, tunnel);
    else if (tunnel.isNamed && other.isNamed) {
      const place = refusals.where([...other.path, "name"]);
      refusals.refuse([...tunnel.path, "name"], `${JSON.stringify(name)} is the name at ${place} too`);
    } else {
      // Who has no name is the one to set one.
      const [nameless, named] = tunnel.isNamed ? [other, tunnel] : [tunnel, other];
      const place = refusals.where(named.path);
      refusals.refuse(nameless.path, `would be named ${JSON.stringify(name)} as ${place} is; set a name`);
    }
  }
}

function refuseSameBinds(sharers: readonly PlacedTunnel[], refusals: Refusals): void {
  for (const [i, tunnel] of sharers.entries()) {
    const { plan, path } = tunnel;
    const other = sharers.slice(0, i).find((earlier) => isSameBind(earlier.plan, plan));
    if (other === undefined) continue;
    const port = `${plan.protocol.toUpperCase()} port ${onlyPortOf(plan.port)}`;
    refusals.refuse([...path, "bind"], `${port} is that of ${refusals.where([...other.path, "bind"])} too`);
  }
}

function isSameBind(a: TunnelPlan, b: TunnelPlan): boolean {
  if (a.family !== b.family) return false;
  // Sockets on different interfaces do not see each other.
  if (a.device !== undefined && b.device !== undefined && a.device !== b.device) return false;
  return a.bindAddress === undefined || b.bindAddress === undefined || a.bindAddress === b.bindAddress;
}

function isOverlapping({ family, bindAddress }: TunnelPlan, address: string): boolean {
  // Listening on :: takes IPv4 as well.
  if (address === unspecifiedAddress(6)) return true;
  if (family !== familyOf(address)) return false;
  return bindAddress === undefined || address === unspecifiedAddress(family) || address === bindAddress;
}

interface LoopQuestion {
  readonly tunnel: PlacedTunnel;
  readonly target: HostPort;
  /** Tunnels that bind the target's port. */
  readonly nearby: readonly PlacedTunnel[];
}

function refuseLoop({ tunnel, target, nearby }: LoopQuestion, refusals: Refusals): void {
  for (const other of nearby) {
    // Where a tunnel only keeps a port open for a service, that service is a target like any other.
    if (other.plan.forward === undefined && !other.plan.servesTestPage) continue;
    const own = boundTarget(target, other.plan);
    if (own === undefined) continue;
    const place = other === tunnel ? "this tunnel" : refusals.where([...other.path, "bind"]);
    refusals.refuse(
      [...tunnel.path, "forward", "target"],
      `${formatEndpoint(own)} is what ${place} binds; traffic would go round in circles`,
    );
    return;
  }
}
