import type { Config, ForwardConfig, TunnelConfig } from "../config/config.ts";
import type { ConfigPath } from "../config/config_fault.ts";
import {
  hostPortReader,
  type IntervalChoice,
  parseBindSpec,
  parseByteRate,
  parseCidrText,
  parseDurationMs,
  parseIdleMs,
  parseInterface,
  parseInterval,
  parseMark,
  parseRouterAddress,
  parseTarget,
} from "../config/values.ts";
import type { HostPort } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";
import type { Secret } from "../core/secret.ts";
import { GATEWAY_WAYS, type GatewaySettings } from "../gateway/settings.ts";
import type { Hook } from "../hook/hook.ts";
import {
  clashesWithNftables,
  completeForward,
  type ForwardChoices,
  isProxyV1OverUdp,
} from "./complete_forward.ts";
import { completeTunnel, defaultName } from "./complete_tunnel.ts";
import { chooseLocalSide, type LocalSide } from "./local_side.ts";
import { planHooks } from "./plan_hooks.ts";
import { planPublish } from "./plan_publish.ts";
import { withSharing } from "./port_sharing.ts";
import type { PlacedPublisher } from "./publish/refuse_shared_records.ts";
import type { Refusals } from "./refusals.ts";
import type { TunnelDefaults } from "./tunnel_defaults.ts";
import type { TunnelPlan } from "./tunnel_plan.ts";

/** What a tunnel of a configuration is planned with. */
export interface ConfiguredTunnelOptions {
  /** The whole file. */
  readonly config: Config;
  /** Of the tunnel. */
  readonly path: ConfigPath;
  /** Hooks of the file. */
  readonly hooks: readonly Hook[];
  readonly defaults: TunnelDefaults;
  readonly secretOf: (text: string) => Secret | undefined;
  readonly baseDirectory: string;
  readonly refusals: Refusals;
}

/** What {@linkcode planConfiguredTunnel} gives. */
export interface ConfiguredTunnel {
  readonly plan: TunnelPlan;
  /** Those of the plan, with their places. */
  readonly publishers: readonly PlacedPublisher[];
}

/** Plans one tunnel of a configuration; what contradicts itself in it is refused, and planned anyhow. */
export function planConfiguredTunnel(
  tunnel: TunnelConfig,
  options: ConfiguredTunnelOptions,
): ConfiguredTunnel {
  const { protocol = "tcp" } = tunnel;
  const path = [...options.path, "publish"];
  const publishers = planPublish(tunnel.publish, { ...options, protocol, path });
  return { plan: planTunnel(tunnel, { ...options, publishers }), publishers };
}

function planTunnel(
  tunnel: TunnelConfig,
  options: ConfiguredTunnelOptions & Pick<ConfiguredTunnel, "publishers">,
): TunnelPlan {
  const { config, path, hooks, defaults, baseDirectory, refusals } = options;
  const { protocol = "tcp", test = false } = tunnel;
  const { port } = parseBindSpec(String(tunnel.bind ?? 0));
  const via = tunnel.interface === undefined ? undefined : parseInterface(tunnel.interface);
  const choices = tunnel.forward && forwardChoices(tunnel.forward);
  const { family, address } = localSide(tunnel, options);
  const plan = completeTunnel({
    name: tunnel.name ?? defaultName(protocol, { port, target: choices?.target }),
    protocol,
    family,
    address,
    port,
    device: via?.kind === "device" ? via.name : undefined,
    mark: tunnel.mark === undefined ? undefined : parseMark(String(tunnel.mark)),
    stun: stunServers(tunnel.stun ?? config.stun?.[protocol]),
    canary: stunServers(tunnel.stun ?? config.stun?.udp),
    keepAlive: (tunnel.keepAlive ?? config.keepAlive?.tcp)?.map(hostPortReader(80)),
    intervalMs: intervalOf(tunnel.interval ?? config.keepAlive?.interval),
    lookupIntervalMs: durationMs(tunnel.lookupInterval ?? config.stun?.interval),
    isForced: tunnel.force ?? false,
    gateway: tunnel.gateway === undefined ? undefined : gatewaySettings(tunnel.gateway),
    hooks: [...hooks, ...planHooks(tunnel.hooks, baseDirectory)],
    publish: options.publishers.map((one) => one.options),
  }, defaults);
  refuseIdleWait(tunnel, options);
  if (choices === undefined) return withSharing({ ...plan, servesTestPage: test }, tunnel);
  refuseContradictions(choices, { protocol, path: [...path, "forward"], refusals });
  if (test) refusals.refuse([...path, "test"], "a tunnel serves the test page or forwards, not both");
  return { ...plan, forward: completeForward(plan, choices) };
}

/** There is nothing to wait for where we serve ourselves. */
function refuseIdleWait(tunnel: TunnelConfig, { path, refusals }: ConfiguredTunnelOptions): void {
  const { waitForService = false, forward, test = false } = tunnel;
  if (!waitForService || (forward === undefined && !test)) return;
  refusals.refuse(
    [...path, "waitForService"],
    "a tunnel that forwards or serves the test page waits for no service; leave it out",
  );
}

/** An address of its own says that somebody is to be asked. */
function gatewaySettings(gateway: NonNullable<TunnelConfig["gateway"]>): GatewaySettings {
  if (typeof gateway === "string") return { mode: gateway, ways: GATEWAY_WAYS };
  const { address, protocols = GATEWAY_WAYS } = gateway;
  const { mode = address === undefined ? "auto" : "force" } = gateway;
  return {
    mode,
    ...(address !== undefined && { address: parseRouterAddress(address) }),
    ways: GATEWAY_WAYS.filter((way) => protocols.includes(way)),
  };
}

function stunServers(servers: readonly string[] | undefined): readonly HostPort[] | undefined {
  return servers?.map(hostPortReader(3478));
}

function durationMs(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDurationMs(text);
}

function intervalOf(text: string | undefined): IntervalChoice | undefined {
  return text === undefined ? undefined : parseInterval(text);
}

function localSide(
  tunnel: TunnelConfig,
  { path, refusals }: ConfiguredTunnelOptions,
): Pick<Extract<LocalSide, { kind: "side" }>, "family" | "address"> {
  const via = tunnel.interface === undefined ? undefined : parseInterface(tunnel.interface);
  const side = chooseLocalSide({
    bind: parseBindSpec(String(tunnel.bind ?? 0)).address,
    via: via?.kind === "address" ? via.address : undefined,
    family: tunnel.family,
  });
  switch (side.kind) {
    case "side":
      return side;
    case "two-addresses":
      refusals.refuse(
        [...path, "interface"],
        `${side.via} is not the address of ${refusals.where([...path, "bind"])}: ${side.bind}`,
      );
      return { family: 4, address: undefined };
    case "other-family":
      refusals.refuse([...path, "family"], `${side.address} is not of IP version ${side.family}`);
      return { family: side.family, address: undefined };
  }
}

function forwardChoices(forward: ForwardConfig): ForwardChoices {
  return {
    target: parseTarget(String(forward.target)),
    method: forward.method,
    idleMs: forward.idle === undefined ? undefined : parseIdleMs(forward.idle),
    connectTimeoutMs: durationMs(forward.connectTimeout),
    proxyProtocol: forward.proxyProtocol,
    transparent: forward.transparent,
    congestion: forward.congestion,
    allow: forward.allow?.map(parseCidrText),
    deny: forward.deny?.map(parseCidrText),
    maxClients: forward.maxClients,
    perClient: forward.perClient,
    perClientRate: forward.perClientRate,
    rate: forward.rate === undefined ? undefined : parseByteRate(forward.rate),
  };
}

function refuseContradictions(
  choices: ForwardChoices,
  { protocol, path, refusals }: {
    readonly protocol: Protocol;
    readonly path: ConfigPath;
    readonly refusals: Refusals;
  },
): void {
  if (isProxyV1OverUdp(choices, protocol)) {
    refusals.refuse([...path, "proxyProtocol"], "v1 has no UDP; use v2");
  }
  for (const choice of clashesWithNftables(choices)) {
    refusals.refuse(
      [...path, choice],
      "the method nftables passes packets on as they are and cannot do this; use relay, or leave it out",
    );
  }
}
