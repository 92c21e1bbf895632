import { resolve } from "node:path";
import type { Endpoint, HostPort } from "../../../core/endpoint.ts";
import {
  DEFAULT_CONNECT_TIMEOUT_MS,
  DEFAULT_TCP_IDLE_MS,
  DEFAULT_UDP_IDLE_MS,
  type ForwardOptions,
} from "../../../forward/options.ts";
import { GATEWAY_OFF, GATEWAY_WAYS } from "../../../gateway/settings.ts";
import { type Hook, HOOK_DEFAULTS } from "../../../hook/hook.ts";
import { withSharing } from "../../../plan/port_sharing.ts";
import type { ServicePlan } from "../../../plan/service_plan.ts";
import { TUNNEL_DEFAULTS } from "../../tunnel_defaults.ts";
import type { Natter2Args, Natter2Method, Natter2Script } from "./natter2_args.ts";
import type { OwnFlags } from "./own_flags.ts";

/** Options for {@linkcode planNatter2}. */
export interface Natter2PlanOptions {
  readonly flags: OwnFlags;
  /** Our own address towards the internet: the target where `-t` names none. */
  readonly ownAddress: string;
}

/** Natter waits for its scripts for ever; some retry DNS APIs for many minutes. */
export const NATTER_SCRIPT_LIMIT_MS = 3_600_000;
/** More holds no mapping, and a timer ends at 2^31 ms. */
export const LONGEST_INTERVAL_MS = 3_600_000;
/** Between lookups without any doubt; Natter looks every 20th keep-alive only. */
export const LOOKUP_INTERVAL_MS = 60_000;

/** What a command line of Natter 2 does, as a plan with one tunnel. Pure. */
export function planNatter2(args: Natter2Args, options: Natter2PlanOptions): ServicePlan {
  const { protocol, bind, bindPort, method } = args;
  const { flags, ownAddress } = options;
  const servers = given(flags.stun) ?? given(args.stunServers);
  const keepAlive = given(flags.keepAlive) ??
    (args.keepAlive && protocol === "tcp" ? [args.keepAlive] : undefined);
  const name = args.scripts.find(({ key }) => key !== undefined)?.key ?? `${protocol}-${bindPort || "any"}`;
  const device = bind !== undefined && "device" in bind ? bind.device : undefined;
  return {
    tunnels: [withSharing({
      name,
      protocol,
      family: 4,
      bindAddress: bind !== undefined && "address" in bind ? bind.address : undefined,
      port: { kind: "fixed", port: bindPort },
      device,
      stunServers: servers ?? (protocol === "tcp" ? TUNNEL_DEFAULTS.stunTcp : TUNNEL_DEFAULTS.stunUdp),
      canaryServers: servers ?? TUNNEL_DEFAULTS.stunUdp,
      keepAliveHosts: keepAlive ?? TUNNEL_DEFAULTS.keepAliveHosts,
      intervalMs: Math.min(args.intervalSeconds * 1000, LONGEST_INTERVAL_MS),
      lookupIntervalMs: LOOKUP_INTERVAL_MS,
      // Natter announces whatever STUN says; a port that the user's router forwards is open where others are shut.
      isForced: true,
      servesTestPage: method === "test",
      sharesPort: false,
      waitsForService: false,
      gateway: args.usesUpnp ? { mode: "force", ways: GATEWAY_WAYS } : GATEWAY_OFF,
      forward: forwardsItself(method) ? forwardOf(args, { name, device, ownAddress }) : undefined,
      hooks: args.scripts.map(hookOf),
      publish: [],
    })],
    status: {},
  };
}

/** Whether traffic goes on to a target; otherwise the target is what is bound. */
export function forwardsItself(method: Natter2Method): boolean {
  return method !== "none" && method !== "test";
}

/** Whether the kernel forwards, which needs root. */
export function isKernelMethod(method: Natter2Method): boolean {
  return /^(sudo-)?(iptables|nftables)(-snat)?$/.test(method);
}

/** The plan after the own address became another one; `undefined` if the plan does not depend on it. */
export function followOwnAddress(
  args: Natter2Args,
  plan: ServicePlan,
  internal: Endpoint,
): ServicePlan | undefined {
  const [tunnel] = plan.tunnels;
  if (tunnel?.forward === undefined || args.targetAddress !== undefined) return undefined;
  if (tunnel.forward.target.host === internal.address) return undefined;
  const target: HostPort = { ...tunnel.forward.target, host: internal.address };
  return { ...plan, tunnels: [{ ...tunnel, forward: { ...tunnel.forward, target } }] };
}

function given<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}

function forwardOf(
  { protocol, method, targetAddress, targetPort }: Natter2Args,
  more: { readonly name: string; readonly device: string | undefined; readonly ownAddress: string },
): ForwardOptions {
  return {
    name: more.name,
    protocol,
    target: { host: targetAddress ?? more.ownAddress, port: targetPort },
    method: isKernelMethod(method) ? "nftables" : "auto",
    idleMs: protocol === "tcp" ? DEFAULT_TCP_IDLE_MS : DEFAULT_UDP_IDLE_MS,
    connectTimeoutMs: DEFAULT_CONNECT_TIMEOUT_MS,
    isTransparent: false,
    access: { allow: [], deny: [] },
    device: more.device,
  };
}

/** The five values, and for POT the service's name as the sixth one. */
function hookOf({ path, key }: Natter2Script): Hook {
  const script = resolve(path);
  const common = { ...HOOK_DEFAULTS, timeoutMs: NATTER_SCRIPT_LIMIT_MS };
  if (key === undefined) return { ...common, run: [script], style: "natter2" };
  const values = ["{protocol}", "{inner_ip}", "{inner_port}", "{outer_ip}", "{outer_port}"];
  return { ...common, run: [script, ...values, key], style: "natter" };
}
