import { GATEWAY_OFF } from "../../src/gateway/settings.ts";
import type { TunnelPlan } from "../../src/plan/tunnel_plan.ts";

/** A plan for a tunnel named `web` on port 3456, without servers, hooks or test page. */
export function planFor(changes: Partial<TunnelPlan> = {}): TunnelPlan {
  return {
    name: "web",
    protocol: "tcp",
    family: 4,
    port: { kind: "fixed", port: 3456 },
    keepAliveHosts: [],
    intervalMs: 15_000,
    lookupIntervalMs: 60_000,
    isForced: false,
    stunServers: [],
    canaryServers: [],
    servesTestPage: false,
    sharesPort: false,
    waitsForService: false,
    gateway: GATEWAY_OFF,
    hooks: [],
    publish: [],
    ...changes,
  };
}
