import type { Protocol } from "../core/mapping.ts";
import type { GatewayChoice } from "../config/values.ts";
import { GATEWAY_WAYS, type GatewaySettings } from "../gateway/settings.ts";
import { HOOK_DEFAULTS } from "../hook/hook.ts";
import { completeTunnel, defaultName } from "../plan/complete_tunnel.ts";
import { chooseLocalSide, type LocalSide } from "../plan/local_side.ts";
import type { TunnelDefaults } from "../plan/tunnel_defaults.ts";
import type { TunnelPlan } from "../plan/tunnel_plan.ts";
import type { HostPort } from "../core/endpoint.ts";
import type { Texts } from "../text/texts.ts";
import type { TunnelArgs } from "./command_args.ts";
import { UsageError } from "./usage_error.ts";

/** Options for {@linkcode planTunnels}. */
export interface PlanTunnelsOptions {
  readonly texts: Texts;
  /** Built-in servers, for what the user did not name. */
  readonly defaults: TunnelDefaults;
  /** Absolute path of the script of `--exec`. */
  readonly script?: string | undefined;
  /** Whose port ends the names of tunnels that the user did not name, where any port is bound. */
  readonly target?: HostPort;
}

/**
 * What every command that keeps a mapping plans alike: one tunnel, or two where both `--tcp` and `--udp` were
 * given. Pure.
 *
 * @throws {UsageError} If flags contradict each other.
 */
export function planTunnels(args: TunnelArgs, options: PlanTunnelsOptions): readonly TunnelPlan[] {
  const { texts, defaults, script, target } = options;
  const { port } = args.bind;
  const { family, address } = localSide(args, texts);
  const protocols: readonly Protocol[] = args.udp ? (args.tcp ? ["tcp", "udp"] : ["udp"]) : ["tcp"];
  const isAlone = protocols.length === 1;
  return protocols.map((protocol) =>
    completeTunnel({
      name: args.name === undefined
        ? defaultName(protocol, { port, target })
        : isAlone
        ? args.name
        : `${args.name}-${protocol}`,
      protocol,
      family,
      address,
      port,
      device: args.interface?.kind === "device" ? args.interface.name : undefined,
      mark: args.mark,
      stun: given(args.stun),
      canary: given(args.stun),
      keepAlive: given(args.keepAlive),
      intervalMs: args.intervalMs,
      isForced: args.force,
      gateway: args.gateway && settingsOf(args.gateway),
      hooks: script === undefined ? [] : [{ ...HOOK_DEFAULTS, run: [script], style: "natmap" }],
    }, defaults)
  );
}

function settingsOf(choice: GatewayChoice): GatewaySettings {
  return choice.kind === "mode"
    ? { mode: choice.mode, ways: GATEWAY_WAYS }
    : { mode: "force", address: choice.address, ways: GATEWAY_WAYS };
}

function given<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}

function localSide(args: TunnelArgs, { usage }: Texts): Extract<LocalSide, { kind: "side" }> {
  if (args.ipv4 && args.ipv6) throw new UsageError(usage.exclusive("-4", "-6"));
  const side = chooseLocalSide({
    bind: args.bind.address,
    via: args.interface?.kind === "address" ? args.interface.address : undefined,
    family: args.ipv6 ? 6 : args.ipv4 ? 4 : undefined,
  });
  switch (side.kind) {
    case "side":
      return side;
    case "two-addresses":
      throw new UsageError(usage.interfaceMismatch(side.bind, side.via));
    case "other-family":
      throw new UsageError(usage.familyMismatch(side.address, `-${side.family}`));
  }
}
