import type { NatmapArgs } from "../../../config/import/natmap_args.ts";
import { NATMAP_CONNECT_LIMIT_MS, NATMAP_SCRIPT_LIMIT_MS } from "../../../config/import/natmap_args.ts";
import type { ForwardOptions } from "../../../forward/options.ts";
import { GATEWAY_OFF } from "../../../gateway/settings.ts";
import { type Hook, HOOK_DEFAULTS } from "../../../hook/hook.ts";
import { withSharing } from "../../../plan/port_sharing.ts";
import type { ServicePlan } from "../../../plan/service_plan.ts";
import type { TunnelPlan } from "../../../plan/tunnel_plan.ts";

/** Name of the one tunnel, for `PORTHOLE_NAME` and the JSON lines. */
const NAME = "natmap";
/** Between lookups without any doubt over TCP, as of `porthole open`; natmap looks only when its connection breaks. */
const TCP_LOOKUP_INTERVAL_MS = 60_000;

/** Options for {@linkcode planNatmap}. */
export interface PlanNatmapOptions {
  /** Absolute path of `-e`'s script. */
  readonly script?: string | undefined;
}

/**
 * What natmap does with these arguments, as one tunnel. Pure. Only servers that the user named are asked; a
 * mapping is announced whatever the NAT is like, as natmap does, unless `--stun` was given.
 */
export function planNatmap(args: NatmapArgs, options: PlanNatmapOptions = {}): ServicePlan {
  const { protocol, family, interface: via, mark, intervalMs, stunServers } = args;
  const hook: Hook | undefined = options.script === undefined
    ? undefined
    : { ...HOOK_DEFAULTS, run: [options.script], style: "natmap", timeoutMs: NATMAP_SCRIPT_LIMIT_MS };
  const tunnel: TunnelPlan = {
    name: NAME,
    protocol,
    family,
    port: args.port,
    bindAddress: via?.kind === "address" ? via.address : undefined,
    device: via?.kind === "device" ? via.name : undefined,
    mark,
    stunServers,
    canaryServers: stunServers,
    keepAliveHosts: args.keepAliveHosts,
    intervalMs,
    lookupIntervalMs: protocol === "tcp" ? TCP_LOOKUP_INTERVAL_MS : intervalMs * args.stunCycle,
    isForced: !args.isChecked,
    forward: forwardOf(args),
    servesTestPage: false,
    gateway: GATEWAY_OFF,
    sharesPort: false,
    waitsForService: false,
    hooks: hook === undefined ? [] : [hook],
    publish: [],
  };
  return { tunnels: [withSharing(tunnel)], status: {} };
}

function forwardOf(args: NatmapArgs): ForwardOptions | undefined {
  const { target, protocol, interface: via, mark, congestion, idleMs } = args;
  if (target === undefined) return undefined;
  return {
    name: NAME,
    protocol,
    target,
    method: "auto",
    idleMs,
    connectTimeoutMs: NATMAP_CONNECT_LIMIT_MS,
    congestion,
    isTransparent: false,
    access: { allow: [], deny: [] },
    device: via?.kind === "device" ? via.name : undefined,
    mark,
  };
}
