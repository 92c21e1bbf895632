import {
  type Endpoint,
  familyOf,
  formatEndpoint,
  type HostPort,
  unspecifiedAddress,
} from "../../../core/endpoint.ts";
import type { Protocol } from "../../../core/mapping.ts";
import { NATTER_KEEP_ALIVE, type NatterConfig } from "../../../config/import/natter_config.ts";
import {
  DEFAULT_CONNECT_TIMEOUT_MS,
  DEFAULT_TCP_IDLE_MS,
  DEFAULT_UDP_IDLE_MS,
} from "../../../forward/options.ts";
import { GATEWAY_OFF } from "../../../gateway/settings.ts";
import { type Hook, HOOK_DEFAULTS } from "../../../hook/hook.ts";
import { withSharing } from "../../../plan/port_sharing.ts";
import type { ServicePlan } from "../../../plan/service_plan.ts";
import type { TunnelPlan } from "../../../plan/tunnel_plan.ts";
import { TUNNEL_DEFAULTS } from "../../tunnel_defaults.ts";
import type { Natter1Args } from "./natter1_args.ts";
import { LOOKUP_INTERVAL_MS, NATTER_SCRIPT_LIMIT_MS } from "./natter2_plan.ts";
import type { OwnFlags } from "./own_flags.ts";

/** Natter 0.9 sleeps so long between its rounds. */
const INTERVAL_MS = 10_000;

/** What every tunnel of one plan shares. */
interface Common {
  readonly stun: { readonly tcp: readonly HostPort[]; readonly udp: readonly HostPort[] };
  readonly keepAlive: readonly HostPort[];
  readonly hooks: readonly Hook[];
}

/** The plan of `[-t] [SRC_IP] SRC_PORT`: one TCP port, without hook, status file or forwarding. Pure. */
export function planNatter1Punch(
  args: Extract<Natter1Args, { kind: "punch" }>,
  flags: OwnFlags,
): ServicePlan {
  const none = { tcp: [], udp: [] };
  // Nobody chose the host, so others may stand in for it.
  const keepAlive = [NATTER_KEEP_ALIVE, ...TUNNEL_DEFAULTS.keepAliveHosts.filter(isOther)];
  const common = commonOf({ stunServer: none, keepAlive, hook: undefined }, flags);
  const tunnel = openTunnel("tcp", args, common);
  return { tunnels: [withSharing({ ...tunnel, servesTestPage: args.servesTestPage })], status: {} };
}

/** The plan of a natter-config.json; an entry that is there twice counts once. Pure. */
export function planNatter1Config(config: NatterConfig, flags: OwnFlags): ServicePlan {
  const { openPort, forwardPort, stunServer, keepAlive, statusReport: { hook, statusFile } } = config;
  const common = commonOf({ stunServer, keepAlive: [keepAlive], hook }, flags);
  const protocols = ["tcp", "udp"] as const;
  const tunnels = [
    ...protocols.flatMap((protocol) =>
      openPort[protocol].map((endpoint) => withSharing(openTunnel(protocol, endpoint, common)))
    ),
    ...protocols.flatMap((protocol) =>
      forwardPort[protocol].map((target) => forwardTunnel(protocol, target, common))
    ),
  ];
  const distinct = new Map(tunnels.map((tunnel) => [tunnel.name, tunnel]));
  return {
    tunnels: [...distinct.values()],
    status: statusFile === undefined ? {} : { file: { path: statusFile, format: "natter" } },
  };
}

function isOther({ host }: HostPort): boolean {
  return host !== NATTER_KEEP_ALIVE.host;
}

function commonOf(
  { stunServer, keepAlive, hook }: {
    readonly stunServer: NatterConfig["stunServer"];
    readonly keepAlive: readonly HostPort[];
    readonly hook: string | undefined;
  },
  flags: OwnFlags,
): Common {
  const servers = (own: readonly HostPort[], builtIn: readonly HostPort[]): readonly HostPort[] =>
    [flags.stun, own, builtIn].find((list) => list.length > 0) ?? [];
  return {
    stun: {
      tcp: servers(stunServer.tcp, TUNNEL_DEFAULTS.stunTcp),
      udp: servers(stunServer.udp, TUNNEL_DEFAULTS.stunUdp),
    },
    keepAlive: flags.keepAlive.length > 0 ? flags.keepAlive : keepAlive,
    hooks: hook === undefined
      ? []
      : [{ ...HOOK_DEFAULTS, timeoutMs: NATTER_SCRIPT_LIMIT_MS, run: hook, style: "natter" }],
  };
}

function openTunnel(protocol: Protocol, { address, port }: Endpoint, common: Common): TunnelPlan {
  const family = familyOf(address);
  return {
    name: `open ${protocol} ${formatEndpoint({ address, port })}`,
    protocol,
    family,
    bindAddress: address === unspecifiedAddress(family) ? undefined : address,
    port: { kind: "fixed", port },
    stunServers: common.stun[protocol],
    canaryServers: common.stun.udp,
    keepAliveHosts: common.keepAlive,
    intervalMs: INTERVAL_MS,
    lookupIntervalMs: LOOKUP_INTERVAL_MS,
    // Natter announces whatever STUN says; a port that the user's router forwards is open where others are shut.
    isForced: true,
    servesTestPage: false,
    gateway: GATEWAY_OFF,
    sharesPort: false,
    waitsForService: false,
    hooks: common.hooks,
    publish: [],
  };
}

function forwardTunnel(protocol: Protocol, target: HostPort, common: Common): TunnelPlan {
  const name = `forward ${protocol} ${formatEndpoint(target)}`;
  return {
    ...openTunnel(protocol, { address: "0.0.0.0", port: 0 }, common),
    name,
    forward: {
      name,
      protocol,
      target,
      method: "auto",
      idleMs: protocol === "tcp" ? DEFAULT_TCP_IDLE_MS : DEFAULT_UDP_IDLE_MS,
      connectTimeoutMs: DEFAULT_CONNECT_TIMEOUT_MS,
      isTransparent: false,
      access: { allow: [], deny: [] },
    },
  };
}
