import { type Family, familyOf, type HostPort, unspecifiedAddress } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";
import { formatPortSpec } from "../keeper/port_spec.ts";
import type { TunnelPlan } from "../plan/tunnel_plan.ts";
import type { Texts } from "../text/texts.ts";
import type { OpenArgs } from "./command_args.ts";
import { UsageError } from "./usage_error.ts";

/** Options for {@linkcode planOpen}. */
export interface PlanOpenOptions {
  readonly texts: Texts;
  /** Built-in servers, for what the user did not name. */
  readonly defaults: {
    readonly stunTcp: readonly HostPort[];
    readonly stunUdp: readonly HostPort[];
    readonly keepAliveHosts: readonly HostPort[];
  };
  /** Absolute path of the script of `--exec`. */
  readonly script?: string | undefined;
}

/** Between keep-alives: half of the 30 s that the shortest UDP lifetimes in use allow. */
const INTERVAL_MS = 15_000;
/** Between lookups without any doubt. */
const LOOKUP_INTERVAL_MS = 60_000;

/**
 * The tunnels of `porthole open`: one, or two where both `--tcp` and `--udp` were given. Pure.
 *
 * @throws {UsageError} If flags contradict each other.
 */
export function planOpen(args: OpenArgs, options: PlanOpenOptions): readonly TunnelPlan[] {
  const { texts, defaults, script } = options;
  const family = familyWanted(args, texts);
  const bindAddress = addressWanted(args, texts);
  const protocols: readonly Protocol[] = args.udp ? (args.tcp ? ["tcp", "udp"] : ["udp"]) : ["tcp"];
  return protocols.map((protocol) => ({
    name: nameOf(args, protocol, protocols.length),
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
    servesTestPage: args.test,
    hooks: script === undefined ? [] : [{ run: [script], style: "natmap" }],
  }));
}

function given<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}

function nameOf(args: OpenArgs, protocol: Protocol, count: number): string {
  if (args.name !== undefined) return count === 1 ? args.name : `${args.name}-${protocol}`;
  const port = formatPortSpec(args.bind.port);
  return `${protocol}-${port === "0" ? "any" : port}`;
}

function addressWanted({ bind, interface: via }: OpenArgs, texts: Texts): string | undefined {
  const address = via?.kind === "address" ? via.address : undefined;
  if (bind.address === undefined || address === undefined || bind.address === address) {
    return bind.address ?? address;
  }
  throw new UsageError(texts.usage.interfaceMismatch(bind.address, address));
}

function familyWanted(args: OpenArgs, texts: Texts): Family {
  if (args.ipv4 && args.ipv6) throw new UsageError(texts.usage.exclusive("-4", "-6"));
  const address = addressWanted(args, texts);
  const flagged = args.ipv6 ? 6 : args.ipv4 ? 4 : undefined;
  if (address === undefined) return flagged ?? 4;
  if (flagged !== undefined && flagged !== familyOf(address)) {
    throw new UsageError(texts.usage.familyMismatch(address, `-${flagged}`));
  }
  return familyOf(address);
}
