import type { Family, HostPort } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";
import { GATEWAY_AUTO, type GatewaySettings } from "../gateway/settings.ts";
import type { Hook } from "../hook/hook.ts";
import { formatPortSpec, type PortSpec } from "../keeper/port_spec.ts";
import type { PublisherOptions } from "../publish/options.ts";
import { DEFAULT_INTERVAL_MS, DEFAULT_LOOKUP_INTERVAL_MS, type TunnelDefaults } from "./tunnel_defaults.ts";
import type { TunnelPlan } from "./tunnel_plan.ts";

/** What the user chose for a tunnel; everything else gets its default. */
export interface TunnelChoices {
  readonly name: string;
  readonly protocol: Protocol;
  readonly family: Family;
  readonly address: string | undefined;
  readonly port: PortSpec;
  readonly device: string | undefined;
  readonly mark: number | undefined;
  /** STUN servers of the protocol. */
  readonly stun: readonly HostPort[] | undefined;
  /** STUN servers that watch the local address. */
  readonly canary: readonly HostPort[] | undefined;
  readonly keepAlive: readonly HostPort[] | undefined;
  /** Milliseconds, or `auto`: the default until it is measured. */
  readonly intervalMs: number | "auto" | undefined;
  readonly lookupIntervalMs?: number | undefined;
  readonly isForced: boolean;
  /** Absent: the default gateway is asked where nobody was seen to get in. */
  readonly gateway?: GatewaySettings | undefined;
  readonly hooks: readonly Hook[];
  readonly publish?: readonly PublisherOptions[];
}

/** A tunnel that neither forwards, serves the test page nor shares its port, with every default filled in. */
export function completeTunnel(choices: TunnelChoices, defaults: TunnelDefaults): TunnelPlan {
  const { name, protocol, family, port, device, mark, isForced, hooks, publish = [], intervalMs } = choices;
  const isMeasured = intervalMs === "auto";
  return {
    name,
    protocol,
    family,
    bindAddress: choices.address,
    port,
    device,
    mark,
    stunServers: choices.stun ?? (protocol === "tcp" ? defaults.stunTcp : defaults.stunUdp),
    canaryServers: choices.canary ?? defaults.stunUdp,
    keepAliveHosts: choices.keepAlive ?? defaults.keepAliveHosts,
    intervalMs: isMeasured ? DEFAULT_INTERVAL_MS : intervalMs ?? DEFAULT_INTERVAL_MS,
    ...(isMeasured && { measuresInterval: true }),
    lookupIntervalMs: choices.lookupIntervalMs ?? DEFAULT_LOOKUP_INTERVAL_MS,
    isForced,
    servesTestPage: false,
    sharesPort: false,
    waitsForService: false,
    gateway: choices.gateway ?? GATEWAY_AUTO,
    hooks,
    publish,
  };
}

/**
 * The name of a tunnel without one: `tcp-3456`, `udp-53`, `tcp-5000-5009`, `tcp-any`; where any port is bound, the
 * target's counts.
 */
export function defaultName(
  protocol: Protocol,
  { port, target }: { readonly port: PortSpec; readonly target?: HostPort | undefined },
): string {
  const isAny = port.kind === "fixed" && port.port === 0;
  if (!isAny) return `${protocol}-${formatPortSpec(port)}`;
  return target === undefined || target.port === 0 ? `${protocol}-any` : `${protocol}-${target.port}`;
}
