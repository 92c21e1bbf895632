import assert from "node:assert/strict";
import type { Config } from "../../../src/config/config.ts";
import { parseConfig } from "../../../src/config/parse_config.ts";
import { planService } from "../../../src/plan/plan_service.ts";
import { TUNNEL_DEFAULTS } from "../../../src/plan/tunnel_defaults.ts";
import type { TunnelPlan } from "../../../src/plan/tunnel_plan.ts";

function plan(config: Config): readonly TunnelPlan[] {
  const planning = planService(config, {
    ...{ defaults: TUNNEL_DEFAULTS, secretOf: () => undefined, baseDirectory: "/etc" },
  });
  assert.equal(planning.kind, "plan");
  return planning.kind === "plan" ? planning.plan.tunnels : [];
}

Deno.test('planService() takes an interval of "auto" from the file or the tunnel, and begins with the default', () => {
  const tunnels = plan({
    keepAlive: { interval: "auto" },
    tunnels: [{ bind: 1 }, { bind: 2, interval: "20s" }, { bind: 3, protocol: "udp" }],
  });
  assert.deepEqual(
    tunnels.map(({ intervalMs, measuresInterval }) => [intervalMs, measuresInterval]),
    [[15_000, true], [20_000, undefined], [15_000, true]],
  );
  const [one, two] = plan({ tunnels: [{ bind: 1, interval: "auto" }, { bind: 2 }] });
  assert.deepEqual([one?.measuresInterval, two?.measuresInterval], [true, undefined]);
});

Deno.test('parseConfig() takes "auto" for keep-alives, not for lookups', () => {
  const tunnel = (text: string): string => `{"tunnels": [{"bind": 1, ${text}}]}`;
  assert.equal(parseConfig(tunnel('"interval": "auto"')).kind, "config");
  assert.equal(parseConfig(tunnel('"interval": "soon"')).kind, "faults");
  assert.equal(parseConfig(tunnel('"lookupInterval": "auto"')).kind, "faults");
});
