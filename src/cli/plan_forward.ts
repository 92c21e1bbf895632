import { formatEndpoint } from "../core/endpoint.ts";
import { boundTarget } from "../plan/bound_target.ts";
import {
  clashesWithNftables,
  completeForward,
  isProxyV1OverUdp,
  type RelayOnlyChoice,
} from "../plan/complete_forward.ts";
import type { TunnelPlan } from "../plan/tunnel_plan.ts";
import type { ForwardArgs } from "./command_args.ts";
import { planTunnels, type PlanTunnelsOptions } from "./plan_tunnels.ts";
import { UsageError } from "./usage_error.ts";

const FLAGS: Readonly<Record<RelayOnlyChoice, string>> = {
  proxyProtocol: "--proxy-protocol",
  transparent: "--transparent",
  congestion: "--congestion",
  idle: "--idle",
  rate: "--rate",
};

/**
 * The tunnels of `porthole forward`: one, or two where both `--tcp` and `--udp` were given. Pure.
 *
 * @throws {UsageError} If flags contradict each other, or the target is what would be bound.
 */
export function planForward(args: ForwardArgs, options: PlanTunnelsOptions): readonly TunnelPlan[] {
  const { texts: { usage } } = options;
  const { target } = args;
  const plans = planTunnels(args, { ...options, target });
  if (plans.some(({ protocol }) => isProxyV1OverUdp(args, protocol))) throw new UsageError(usage.proxyV1Udp);
  const [clash] = clashesWithNftables(args);
  if (clash !== undefined) throw new UsageError(usage.exclusive("--method nftables", FLAGS[clash]));
  for (const plan of plans) {
    const own = boundTarget(target, plan);
    if (own !== undefined) throw new UsageError(usage.targetIsBind(formatEndpoint(own)));
  }
  return plans.map((plan) => ({ ...plan, forward: completeForward(plan, args) }));
}
