import assert from "node:assert/strict";
import type { MappingEvent } from "../../../src/core/mapping.ts";
import { runTunnels, type RunTunnelsOptions } from "../../../src/daemon/run_tunnels.ts";
import { BindError, UnusableNatError } from "../../../src/keeper/errors.ts";
import type { TunnelPlan } from "../../../src/plan/tunnel_plan.ts";
import { settle } from "../../fakes/fake_clock.ts";
import { KeeperWorld } from "../../fakes/keeper_world.ts";
import { refuseBind } from "../../fakes/kept_mapping.ts";
import { planFor } from "../../fakes/tunnel_plan.ts";

interface Running {
  readonly events: MappingEvent[];
  /** `NAME EVENT`, without the self-check's verdicts. */
  readonly told: () => string[];
  readonly stop: () => void;
  readonly done: Promise<{ readonly error?: unknown }>;
}

function run(
  world: KeeperWorld,
  plans: readonly TunnelPlan[],
  options: Partial<RunTunnelsOptions> = {},
): Running {
  const ending = new AbortController();
  const events: MappingEvent[] = [];
  const done = runTunnels(plans, {
    platform: world.platform,
    emit: (event) => events.push(event),
    signal: ending.signal,
    endsWhenUnusable: true,
    lang: "en",
    ...options,
  }).then(() => ({}), (error: unknown) => ({ error }));
  return {
    events,
    told: () =>
      events.filter(({ event }) => event !== "checked").map(({ name, event }) => `${name} ${event}`),
    stop: () => ending.abort(new DOMException("The test ended", "AbortError")),
    done,
  };
}

async function plansIn(world: KeeperWorld, stunCount = 5): Promise<readonly [TunnelPlan, TunnelPlan]> {
  const servers = [];
  for (let i = 1; i <= stunCount; i++) servers.push((await world.addStun(`198.51.100.${i}`)).spec);
  const host = await world.addHost("198.51.100.81");
  const common = { stunServers: servers, canaryServers: servers, keepAliveHosts: [host.spec] };
  return [
    planFor({ ...common, name: "web" }),
    planFor({ ...common, name: "game", protocol: "udp", port: { kind: "fixed", port: 7777 } }),
  ];
}

async function assertReleased(world: KeeperWorld): Promise<void> {
  await world.clock.advance(1_000);
  assert.equal(world.openSockets, 0, "a socket was left");
  assert.equal(world.clock.pendingTimers, 0, "a timer was left");
}

Deno.test("runTunnels() maps every tunnel, and ends with `stopped` for each within 200 ms", async () => {
  const world = new KeeperWorld();
  const it = run(world, await plansIn(world));
  await world.clock.advance(120_000);
  assert.deepEqual(it.told().sort(), ["game mapped", "web mapped"]);
  it.stop();
  await world.clock.advance(200);
  assert.deepEqual(it.told().slice(2).sort(), ["game stopped", "web stopped"]);
  assert.deepEqual(await it.done, {});
  await assertReleased(world);
});

Deno.test("runTunnels() has one canary for all tunnels of a local address", async () => {
  const world = new KeeperWorld();
  const it = run(world, await plansIn(world));
  await world.clock.advance(30_000);
  // What the start takes (filtering probe, self-check) is over.
  world.net.sent.length = 0;
  await world.clock.advance(60_000);
  const asking = new Set(
    world.net.sent.filter(({ to }) => to.port === 3478).map(({ from }) => from.port),
  );
  // The canary and the UDP tunnel itself.
  assert.equal(asking.size, 2, `${[...asking]}`);
  it.stop();
  await world.clock.advance(200);
  await it.done;
});

Deno.test("runTunnels() tells a NAT restart to every tunnel within 3 s", async () => {
  const world = new KeeperWorld();
  const it = run(world, await plansIn(world));
  await world.clock.advance(120_000);
  world.nat.restart();
  await world.clock.advance(3_000);
  assert.deepEqual(it.told().slice(2).sort(), ["game changed", "web changed"]);
  it.stop();
  await world.clock.advance(200);
  await it.done;
});

Deno.test("runTunnels() rejects with UnusableNatError, `stopped` told last", async () => {
  const world = new KeeperWorld();
  world.nat.isSymmetric = true;
  const it = run(world, await plansIn(world));
  await world.clock.advance(5_000);
  const { error } = await it.done;
  assert.ok(error instanceof UnusableNatError);
  assert.ok(!it.told().some((one) => one.endsWith("mapped")));
  assert.deepEqual(it.told().slice(-2).map((one) => one.split(" ")[1]), ["stopped", "stopped"]);
  await assertReleased(world);
});

Deno.test("runTunnels() rejects with BindError and ends the other tunnels", async () => {
  const world = new KeeperWorld();
  using _refused = refuseBind(world, "EADDRINUSE", ({ port }) => port === 3456);
  const it = run(world, await plansIn(world));
  await world.clock.advance(5_000);
  const { error } = await it.done;
  assert.ok(error instanceof BindError && error.code === "EADDRINUSE");
  assert.deepEqual(it.told().slice(-2).sort(), ["game stopped", "web stopped"]);
  await assertReleased(world);
});

Deno.test("runTunnels() survives a reader of events that throws", async () => {
  const world = new KeeperWorld();
  const it = run(world, await plansIn(world), {
    emit: () => {
      throw new Error("reader");
    },
  });
  await world.clock.advance(60_000);
  it.stop();
  await world.clock.advance(200);
  assert.deepEqual(await it.done, {});
  assert.ok(world.log.lines.some((line) => line.startsWith("error") && line.includes("reader")));
});

Deno.test("runTunnels() does next to nothing when its signal is aborted already", async () => {
  const world = new KeeperWorld();
  const it = run(world, await plansIn(world), { signal: AbortSignal.abort(new Error("before")) });
  await settle();
  assert.deepEqual(await it.done, {});
  assert.deepEqual(it.told().sort(), ["game stopped", "web stopped"]);
  await assertReleased(world);
});
