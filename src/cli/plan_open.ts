import { withSharing } from "../plan/port_sharing.ts";
import type { TunnelPlan } from "../plan/tunnel_plan.ts";
import type { OpenArgs } from "./command_args.ts";
import { planTunnels, type PlanTunnelsOptions } from "./plan_tunnels.ts";
import { UsageError } from "./usage_error.ts";

/**
 * The tunnels of `porthole open`: one, or two where both `--tcp` and `--udp` were given. Pure.
 *
 * @throws {UsageError} If flags contradict each other.
 */
export function planOpen(args: OpenArgs, options: PlanTunnelsOptions): readonly TunnelPlan[] {
  const { test: servesTestPage, waitForService } = args;
  if (servesTestPage && waitForService) {
    throw new UsageError(options.texts.usage.exclusive("--test", "--wait-for-service"));
  }
  const choice = { reuse: !args.noReuse, waitForService };
  return planTunnels(args, options).map((plan) => withSharing({ ...plan, servesTestPage }, choice));
}
