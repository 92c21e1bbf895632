import assert from "node:assert/strict";
import type { ServiceSnapshot, TunnelSnapshot } from "../../../src/status/service_snapshot.ts";
import { type Health, judgeHealth } from "../../../src/status/health_verdict.ts";
import { after, NOW, service, tunnel } from "./status_rig.ts";

function without(key: keyof TunnelSnapshot): TunnelSnapshot {
  const { [key]: _gone, ...rest } = tunnel();
  return rest as TunnelSnapshot;
}

function verdict(health: Health): readonly unknown[] {
  return [health.healthy, ...health.tunnels.map(({ problem, reason }) => reason ?? problem ?? "healthy")];
}

const table: readonly (readonly [string, ServiceSnapshot, readonly unknown[]])[] = [
  ["no tunnels", service([]), [true]],
  ["a mapped one", service([tunnel()]), [true, "healthy"]],
  ["one confirmed 90 s ago", service([tunnel({ confirmedAt: after(-90).toISOString() })]), [true, "healthy"]],
  ["one confirmed before", service([tunnel({ confirmedAt: after(-91).toISOString() })]), [
    false,
    "it was last confirmed 91 s ago",
  ]],
  ["a clock that was set back", service([tunnel({ confirmedAt: after(999).toISOString() })]), [
    true,
    "healthy",
  ]],
  ["one never confirmed", service([without("confirmedAt")]), [false, "no STUN server has confirmed it yet"]],
  ["a time nobody can read", service([tunnel({ confirmedAt: "soon" })]), [
    false,
    "no STUN server has confirmed it yet",
  ]],
  ["one of two lost", service([tunnel(), tunnel({ name: "b", state: "lost", reason: "no answer" })]), [
    false,
    "healthy",
    "lost: no answer",
  ]],
  ["one still opening", service([tunnel({ state: "opening" })]), [false, "state: opening"]],
];

for (const [title, snapshot, want] of table) {
  Deno.test(`judgeHealth() judges ${title}`, () => {
    assert.deepEqual(verdict(judgeHealth(snapshot, { now: NOW })), want);
  });
}

Deno.test("judgeHealth() judges only the tunnels of a name, and a name that nobody has", () => {
  const snapshot = service([tunnel({ name: "a" }), tunnel({ name: "b", state: "lost" })]);
  assert.deepEqual(verdict(judgeHealth(snapshot, { name: "a", now: NOW })), [true, "healthy"]);
  assert.deepEqual(verdict(judgeHealth(snapshot, { name: "b", now: NOW })), [false, "state: lost"]);
  const nobody = judgeHealth(service([]), { name: "c", now: NOW });
  assert.deepEqual([nobody.healthy, nobody.tunnels[0]?.problem], [false, "unknown"]);
});

Deno.test("judgeHealth() takes another age, in milliseconds", () => {
  const snapshot = service([tunnel({ confirmedAt: after(-10).toISOString() })]);
  assert.ok(judgeHealth(snapshot, { now: NOW, maxAgeMs: 10_000 }).healthy);
  assert.ok(!judgeHealth(snapshot, { now: NOW, maxAgeMs: 9_999 }).healthy);
});
