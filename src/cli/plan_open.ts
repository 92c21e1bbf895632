import type { TunnelPlan } from "../plan/tunnel_plan.ts";
import type { OpenArgs } from "./command_args.ts";
import { planTunnels, type PlanTunnelsOptions } from "./plan_tunnels.ts";

/**
 * The tunnels of `porthole open`: one, or two where both `--tcp` and `--udp` were given. Pure.
 *
 * @throws {UsageError} If flags contradict each other.
 */
export function planOpen(args: OpenArgs, options: PlanTunnelsOptions): readonly TunnelPlan[] {
  return planTunnels(args, options).map((plan) => ({ ...plan, servesTestPage: args.test }));
}
