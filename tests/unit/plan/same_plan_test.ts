import assert from "node:assert/strict";
import { Secret } from "../../../src/core/secret.ts";
import { HOOK_DEFAULTS } from "../../../src/hook/hook.ts";
import { comparePlans } from "../../../src/plan/same_plan.ts";
import type { TunnelPlan } from "../../../src/plan/tunnel_plan.ts";
import { planFor } from "../../fakes/tunnel_plan.ts";

function webhook(url: string): TunnelPlan["publish"][number] {
  return {
    provider: "webhook",
    url: new Secret(url),
    style: "json",
    domain: "",
    subDomain: "",
    srvPrefix: "",
  };
}

const base = planFor({ stunServers: [{ host: "a.example", port: 3478 }], publish: [webhook("https://x/1")] });

const cases: readonly (readonly [string, TunnelPlan, ReturnType<typeof comparePlans>])[] = [
  ["a copy", structuredCloneOf(base), "same"],
  ["a key that is undefined instead of absent", { ...base, device: undefined, forward: undefined }, "same"],
  ["another port", { ...base, port: { kind: "fixed", port: 1 } }, "other"],
  ["another STUN server", { ...base, stunServers: [{ host: "b.example", port: 3478 }] }, "other"],
  ["one STUN server more", { ...base, stunServers: [...base.stunServers, { host: "b", port: 1 }] }, "other"],
  ["another secret", { ...base, publish: [webhook("https://x/2")] }, "other-sinks"],
  ["a hook", { ...base, hooks: [{ ...HOOK_DEFAULTS, run: ["a"], style: "natmap" }] }, "other-sinks"],
  ["a hook and another port", { ...base, publish: [], port: { kind: "fixed", port: 1 } }, "other"],
];

function structuredCloneOf(plan: TunnelPlan): TunnelPlan {
  return {
    ...plan,
    stunServers: plan.stunServers.map((it) => ({ ...it })),
    publish: [webhook("https://x/1")],
  };
}

for (const [what, plan, expected] of cases) {
  Deno.test(`comparePlans() says "${expected}" for ${what}`, () => {
    assert.equal(comparePlans(base, plan), expected);
    assert.equal(comparePlans(plan, base), expected);
  });
}
