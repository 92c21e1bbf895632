import { type Family, familyOf, type HostPort, unspecifiedAddress } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";
import { HOOK_DEFAULTS } from "../hook/hook.ts";
import { formatPortSpec } from "../keeper/port_spec.ts";
import type { TunnelPlan } from "../plan/tunnel_plan.ts";
import type { Texts } from "../text/texts.ts";
import type { TunnelArgs } from "./command_args.ts";
import { UsageError } from "./usage_error.ts";

/** Options for {@linkcode planTunnels}. */
export interface PlanTunnelsOptions {
  readonly texts: Texts;
  /** Built-in servers, for what the user did not name. */
  readonly defaults: {
    readonly stunTcp: readonly HostPort[];
    readonly stunUdp: readonly HostPort[];
    readonly keepAliveHosts: readonly HostPort[];
  };
  /** Absolute path of the script of `--exec`. */
  readonly script?: string | undefined;
  /** Ends the names of tunnels that the user did not name. @default the port to bind, or `any` */
  readonly label?: string;
}

/** Between keep-alives: half of the 30 s that the shortest UDP lifetimes in use allow. */
const INTERVAL_MS = 15_000;
/** Between lookups without any doubt. */
const LOOKUP_INTERVAL_MS = 60_000;

/**
 * What every command that keeps a mapping plans alike: one tunnel, or two where both `--tcp` and `--udp` were
 * given. Pure.
 *
 * @throws {UsageError} If flags contradict each other.
 */
export function planTunnels(args: TunnelArgs, options: PlanTunnelsOptions): readonly TunnelPlan[] {
  const { texts, defaults, script, label = labelOf(args) } = options;
  const family = familyWanted(args, texts);
  const bindAddress = addressWanted(args, texts);
  const protocols: readonly Protocol[] = args.udp ? (args.tcp ? ["tcp", "udp"] : ["udp"]) : ["tcp"];
  return protocols.map((protocol) => ({
    name: nameOf(args.name, { label, protocol, isAlone: protocols.length === 1 }),
    protocol,
    family,
    bindAddress: bindAddress === unspecifiedAddress(family) ? undefined : bindAddress,
    port: args.bind.port,
    device: args.interface?.kind === "device" ? args.interface.name : undefined,
    mark: args.mark,
    stunServers: given(args.stun) ?? (protocol === "tcp" ? defaults.stunTcp : defaults.stunUdp),
    canaryServers: given(args.stun) ?? defaults.stunUdp,
    keepAliveHosts: given(args.keepAlive) ?? defaults.keepAliveHosts,
    intervalMs: args.intervalMs ?? INTERVAL_MS,
    lookupIntervalMs: LOOKUP_INTERVAL_MS,
    isForced: args.force,
    servesTestPage: false,
    hooks: script === undefined ? [] : [{ ...HOOK_DEFAULTS, run: [script], style: "natmap" }],
    publish: [],
  }));
}

function given<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}

function labelOf({ bind }: TunnelArgs): string {
  const port = formatPortSpec(bind.port);
  return port === "0" ? "any" : port;
}

function nameOf(
  name: string | undefined,
  parts: { readonly label: string; readonly protocol: Protocol; readonly isAlone: boolean },
): string {
  if (name !== undefined) return parts.isAlone ? name : `${name}-${parts.protocol}`;
  return `${parts.protocol}-${parts.label}`;
}

function addressWanted({ bind, interface: via }: TunnelArgs, texts: Texts): string | undefined {
  const address = via?.kind === "address" ? via.address : undefined;
  if (bind.address === undefined || address === undefined || bind.address === address) {
    return bind.address ?? address;
  }
  throw new UsageError(texts.usage.interfaceMismatch(bind.address, address));
}

function familyWanted(args: TunnelArgs, texts: Texts): Family {
  if (args.ipv4 && args.ipv6) throw new UsageError(texts.usage.exclusive("-4", "-6"));
  const address = addressWanted(args, texts);
  const flagged = args.ipv6 ? 6 : args.ipv4 ? 4 : undefined;
  if (address === undefined) return flagged ?? 4;
  if (flagged !== undefined && flagged !== familyOf(address)) {
    throw new UsageError(texts.usage.familyMismatch(address, `-${flagged}`));
  }
  return familyOf(address);
}
