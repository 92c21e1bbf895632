import { addressBytes, type Endpoint, formatEndpoint } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";
import { ownEndpointOf } from "../forward/forward_loop.ts";
import {
  DEFAULT_CONNECT_TIMEOUT_MS,
  DEFAULT_TCP_IDLE_MS,
  DEFAULT_UDP_IDLE_MS,
  type ForwardOptions,
} from "../forward/options.ts";
import type { TunnelPlan } from "../plan/tunnel_plan.ts";
import type { ForwardArgs } from "./command_args.ts";
import { planTunnels, type PlanTunnelsOptions } from "./plan_tunnels.ts";
import { UsageError } from "./usage_error.ts";

/**
 * The tunnels of `porthole forward`: one, or two where both `--tcp` and `--udp` were given. Pure.
 *
 * @throws {UsageError} If flags contradict each other, or the target is what would be bound.
 */
export function planForward(args: ForwardArgs, options: PlanTunnelsOptions): readonly TunnelPlan[] {
  refuseContradictions(args, options);
  const { bind, target } = args;
  const isAnyPort = bind.port.kind === "fixed" && bind.port.port === 0;
  const label = isAnyPort && target.port !== 0 ? { label: `${target.port}` } : {};
  const plans = planTunnels(args, { ...options, ...label });
  for (const plan of plans) refuseLoop(plan, args, options);
  return plans.map((plan) => ({ ...plan, forward: forwardOptions(plan, args) }));
}

function forwardOptions({ name, protocol, device, mark }: TunnelPlan, args: ForwardArgs): ForwardOptions {
  return {
    name,
    protocol,
    target: args.target,
    method: args.method ?? "auto",
    idleMs: args.idleMs ?? idleOf(protocol),
    connectTimeoutMs: DEFAULT_CONNECT_TIMEOUT_MS,
    congestion: args.congestion,
    proxyProtocol: args.proxyProtocol,
    isTransparent: args.transparent,
    access: {
      allow: args.allow,
      deny: args.deny,
      perClient: args.perClient,
      perClientPerSecond: args.perClientRate,
      maxSessions: args.maxClients,
      bytesPerSecond: args.rate,
    },
    device,
    mark,
  };
}

function idleOf(protocol: Protocol): number {
  return protocol === "tcp" ? DEFAULT_TCP_IDLE_MS : DEFAULT_UDP_IDLE_MS;
}

function refuseContradictions(args: ForwardArgs, { texts: { usage } }: PlanTunnelsOptions): void {
  if (args.proxyProtocol === "v1" && args.udp) throw new UsageError(usage.proxyV1Udp);
  if (args.method !== "nftables") return;
  // The kernel passes packets on as they are; it neither writes headers nor looks at bytes.
  const relayOnly: readonly (readonly [string, boolean])[] = [
    ["--proxy-protocol", args.proxyProtocol !== undefined],
    ["--transparent", args.transparent],
    ["--congestion", args.congestion !== undefined],
    ["--idle", args.idleMs !== undefined],
    ["--rate", args.rate !== undefined],
  ];
  const clash = relayOnly.find(([, isGiven]) => isGiven)?.[0];
  if (clash !== undefined) throw new UsageError(usage.exclusive("--method nftables", clash));
}

/** What can be told before anything is bound; the rest is found when it is. */
function refuseLoop(plan: TunnelPlan, { target }: ForwardArgs, { texts }: PlanTunnelsOptions): void {
  const { bindAddress: address, port } = plan;
  if (address === undefined || port.kind !== "fixed" || port.port === 0) return;
  if (addressBytes(target.host) === undefined) return;
  const internal: Endpoint = { address, port: port.port };
  if (ownEndpointOf({ address: target.host, port: target.port }, { internal }) === undefined) return;
  throw new UsageError(texts.usage.targetIsBind(formatEndpoint(internal)));
}
