import assert from "node:assert/strict";
import type { TransportLifetime } from "../../../src/behavior/lifetime/lifetime_report.ts";
import type { MeasureLifetimeOptions } from "../../../src/behavior/lifetime/measure_lifetime.ts";
import type { LogFields, Logger } from "../../../src/core/log.ts";
import { silentLogger } from "../../../src/core/log.ts";
import type { Platform } from "../../../src/core/platform.ts";
import { TaskGroup } from "../../../src/core/task_group.ts";
import { AutoIntervals } from "../../../src/daemon/auto_interval.ts";
import type { TunnelPlan } from "../../../src/plan/tunnel_plan.ts";
import { FakeClock } from "../../fakes/fake_clock.ts";
import { FakeNet } from "../../fakes/fake_net.ts";
import { fakeRandom } from "../../fakes/fake_random.ts";
import { planFor } from "../../fakes/tunnel_plan.ts";

const MEASURED: TransportLifetime = {
  ...{ protocol: "tcp", verdict: "measured", aliveMs: 29_500, deadMs: 31_000, recommendedMs: 9_000 },
  ...{ way: "answer", sockets: 20, evidence: [], allocation: "unknown" },
  ...{ inboundRefresh: "unknown", outboundRefresh: "unknown", samePortAgain: "unknown" },
};
const HOUR_MS = 3_600_000;

interface World extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly intervals: AutoIntervals;
  readonly asked: MeasureLifetimeOptions[];
  readonly logged: (readonly [string, LogFields | undefined])[];
}

/** Measurements give these one after the other, the last one again and again; 60 s each. */
function open(...results: readonly (TransportLifetime | Error)[]): World {
  const clock = new FakeClock();
  const logged: (readonly [string, LogFields | undefined])[] = [];
  const take = (message: string, fields?: LogFields): void => void logged.push([message, fields]);
  const log: Logger = { ...silentLogger, info: take, warn: take };
  const platform: Platform = { clock, net: new FakeNet({ clock }), log, random: fakeRandom() };
  const asked: MeasureLifetimeOptions[] = [];
  const group = new TaskGroup();
  const intervals = new AutoIntervals({
    platform,
    spawn: (task) => group.spawn(task),
    measure: async (options) => {
      const result = results[Math.min(asked.length, results.length - 1)];
      asked.push(options);
      await new Promise<void>((resolve, reject) => {
        clock.schedule(60_000, resolve);
        options.signal.addEventListener("abort", () => reject(options.signal.reason), { once: true });
      });
      if (result === undefined || result instanceof Error) throw result;
      return result;
    },
  });
  return { clock, intervals, asked, logged, [Symbol.asyncDispose]: () => group[Symbol.asyncDispose]() };
}

const AUTO: TunnelPlan = { ...planFor({}), measuresInterval: true };

Deno.test("AutoIntervals.of() has nothing for a fixed interval, and one for all tunnels that leave alike", async () => {
  await using world = open(MEASURED);
  assert.equal(world.intervals.of(planFor({})), undefined);
  const one = world.intervals.of(AUTO);
  assert.equal(world.intervals.of({ ...AUTO, name: "other", port: { kind: "fixed", port: 1 } }), one);
  assert.notEqual(world.intervals.of({ ...AUTO, protocol: AUTO.protocol === "tcp" ? "udp" : "tcp" }), one);
});

Deno.test("AutoInterval measures once a mapping stands, and the plan follows", async () => {
  await using world = open(MEASURED);
  const interval = world.intervals.of(AUTO);
  const plan = interval?.applyTo(AUTO);
  await world.clock.advance(120_000);
  assert.equal(world.asked.length, 0);
  interval?.note("203.0.113.1");
  interval?.note("203.0.113.1");
  await world.clock.advance(30_000);
  assert.equal(plan?.intervalMs, AUTO.intervalMs, "the default meanwhile");
  await world.clock.advance(31_000);
  assert.equal(plan?.intervalMs, 9_000);
  assert.equal(world.asked.length, 1);
  assert.equal(world.asked[0]?.protocol, AUTO.protocol);
  assert.deepEqual(world.logged.map(([, fields]) => fields?.["intervalMs"]), [9_000]);
});

Deno.test("AutoInterval measures again after the external address changed, once an hour at the most", async () => {
  await using world = open(MEASURED, { ...MEASURED, recommendedMs: 19_000 });
  const interval = world.intervals.of(AUTO);
  interval?.note("203.0.113.1");
  await world.clock.advance(61_000);
  for (const last of [2, 3, 4]) interval?.note(`203.0.113.${last}`);
  await world.clock.advance(HOUR_MS - 62_000);
  assert.equal(world.asked.length, 1);
  await world.clock.advance(62_000);
  assert.equal(world.asked.length, 2);
  assert.equal(interval?.intervalMs, 19_000);
  await world.clock.advance(3 * HOUR_MS);
  assert.equal(world.asked.length, 2, "no change, no measurement");
});

Deno.test("AutoInterval keeps the default where nothing is known, or the limit is a lower one", async () => {
  const unknown: TransportLifetime = { ...MEASURED, verdict: "unknown", recommendedMs: undefined };
  const lower: TransportLifetime = {
    ...MEASURED,
    verdict: "at-least",
    deadMs: undefined,
    recommendedMs: 5_000,
  };
  const long: TransportLifetime = { ...lower, recommendedMs: 60_000 };
  for (const result of [unknown, lower, new Error("no route")]) {
    await using world = open(result);
    const interval = world.intervals.of(AUTO);
    interval?.note("203.0.113.1");
    await world.clock.advance(61_000);
    assert.equal(interval?.intervalMs, AUTO.intervalMs);
    assert.equal(world.logged.length, 1);
  }
  await using world = open(long);
  const interval = world.intervals.of(AUTO);
  interval?.note("203.0.113.1");
  await world.clock.advance(61_000);
  assert.equal(interval?.intervalMs, 60_000);
});

Deno.test("AutoInterval ends with the tunnels", async () => {
  const world = open(MEASURED);
  world.intervals.of(AUTO)?.note("203.0.113.1");
  await world.clock.advance(1_000);
  await world[Symbol.asyncDispose]();
  assert.equal(world.logged.length, 0);
});
