import type { TunnelPlan } from "./tunnel_plan.ts";

/** What the user chose about the service on the port. */
export interface SharingChoice {
  /** Make the port of a running service shareable. @default {true} */
  readonly reuse?: boolean | undefined;
  /** The service starts later. @default {false} */
  readonly waitForService?: boolean | undefined;
}

/**
 * Completes a plan with how it shares its port: only where something else serves it, and only a port that the user
 * named, so that no service is touched by chance. A range goes on to its next port instead; of the system's choice
 * ("0") it is only where a service is waited for. Pure.
 */
export function withSharing(plan: TunnelPlan, choice: SharingChoice = {}): TunnelPlan {
  const { reuse = true, waitForService = false } = choice;
  const { forward, servesTestPage, port } = plan;
  const isServedByOthers = forward === undefined && !servesTestPage;
  const waitsForService = isServedByOthers && waitForService;
  const isNamed = port.kind === "fixed" && (port.port !== 0 || waitsForService);
  return { ...plan, sharesPort: isServedByOthers && reuse && isNamed, waitsForService };
}
