import assert from "node:assert/strict";
import type { HostPort } from "../../../src/core/endpoint.ts";
import { Feed } from "../../../src/core/feed.ts";
import type { MappingEvent } from "../../../src/core/mapping.ts";
import { TunnelSet, type TunnelSetOptions } from "../../../src/daemon/tunnel_set.ts";
import { HOOK_DEFAULTS } from "../../../src/hook/hook.ts";
import type { TunnelPlan } from "../../../src/plan/tunnel_plan.ts";
import { KeeperWorld } from "../../fakes/keeper_world.ts";
import { refuseBind } from "../../fakes/kept_mapping.ts";
import { planFor } from "../../fakes/tunnel_plan.ts";

interface Rig extends AsyncDisposable {
  readonly world: KeeperWorld;
  readonly set: TunnelSet;
  readonly events: MappingEvent[];
  readonly faults: string[];
  /** A plan on this port. */
  readonly plan: (name: string, port: number, changes?: Partial<TunnelPlan>) => TunnelPlan;
  /** `NAME EVENT` since the last call, without the self-check's verdicts. */
  readonly news: () => string[];
}

async function openRig(options: Partial<TunnelSetOptions> = {}): Promise<Rig> {
  const world = new KeeperWorld();
  const servers: HostPort[] = [];
  for (let i = 1; i <= 5; i++) servers.push((await world.addStun(`198.51.100.${i}`)).spec);
  const host = await world.addHost("198.51.100.81");
  const events: MappingEvent[] = [];
  const faults: string[] = [];
  const feed = new Feed<MappingEvent>((error) => {
    throw error;
  });
  feed.subscribe((event) => events.push(event));
  const set = new TunnelSet({
    ...{ platform: world.platform, feed, lang: "en", endsWhenUnusable: false },
    onFault: ({ name }) => faults.push(name),
    ...options,
  });
  let seen = 0;
  return {
    world,
    set,
    events,
    faults,
    plan: (name, port, changes) =>
      planFor({
        ...{ name, stunServers: servers, canaryServers: servers, keepAliveHosts: [host.spec] },
        port: { kind: "fixed", port },
        ...changes,
      }),
    news: () => {
      const fresh = events.slice(seen).filter(({ event }) => event !== "checked");
      seen = events.length;
      return fresh.map(({ name, event }) => `${name} ${event}`).sort();
    },
    async [Symbol.asyncDispose](): Promise<void> {
      const ending = set[Symbol.asyncDispose]();
      await world.clock.advance(1_000);
      await ending;
      assert.equal(world.openSockets, 0, "a socket was left");
      assert.equal(world.clock.pendingTimers, 0, "a timer was left");
    },
  };
}

/** Ports that were bound from now on. */
function watchBinds(world: KeeperWorld): number[] {
  const ports: number[] = [];
  const reservePort = world.net.reservePort.bind(world.net);
  world.net.reservePort = (options) => {
    ports.push(options.local.port);
    return reservePort(options);
  };
  return ports;
}

Deno.test("TunnelSet.apply() leaves tunnels alone that are the same in both plans", async () => {
  await using it = await openRig();
  const { world, set, plan, news } = it;
  await set.apply([plan("a", 1001), plan("b", 1002), plan("c", 1003)]);
  await world.clock.advance(30_000);
  assert.deepEqual(news(), ["a mapped", "b mapped", "c mapped"]);
  const binds = watchBinds(world);
  const applied = set.apply([plan("a", 1001), plan("b", 2002), plan("d", 1004)]);
  await world.clock.advance(30_000);
  await applied;
  assert.deepEqual(news(), ["b mapped", "b stopped", "c stopped", "d mapped"]);
  assert.deepEqual(binds.sort(), [1004, 2002]);
});

Deno.test("TunnelSet.apply() starts a tunnel on a port only after the one that had it has stopped", async () => {
  await using it = await openRig();
  const { world, set, plan, news } = it;
  await set.apply([plan("old", 1001)]);
  await world.clock.advance(30_000);
  news();
  const applied = set.apply([plan("new", 1001)]);
  await world.clock.advance(30_000);
  await applied;
  const order = it.events.slice(-3).filter(({ event }) => event !== "checked").map(({ name, event }) =>
    `${name} ${event}`
  );
  assert.deepEqual(order, ["old stopped", "new mapped"]);
});

Deno.test("TunnelSet.apply() keeps the mapping where only hooks differ", async () => {
  await using it = await openRig();
  const { world, set, plan, news } = it;
  await set.apply([plan("a", 1001)]);
  await world.clock.advance(30_000);
  assert.deepEqual(news(), ["a mapped"]);
  const binds = watchBinds(world);
  await set.apply([plan("a", 1001, { hooks: [{ ...HOOK_DEFAULTS, run: ["/bin/true"], style: "natmap" }] })]);
  await world.clock.advance(30_000);
  assert.deepEqual([binds, news().filter((one) => one !== "a hook")], [[], []]);
});

Deno.test("TunnelSet tries a tunnel that cannot be opened again, and the others never notice", async () => {
  await using it = await openRig();
  const { world, set, plan, news, faults } = it;
  const refused = refuseBind(world, "EADDRINUSE", ({ port }) => port === 1002);
  await set.apply([plan("a", 1001), plan("b", 1002)]);
  await world.clock.advance(30_000);
  assert.deepEqual(news(), ["a mapped"]);
  assert.ok(faults.length >= 3 && faults.every((name) => name === "b"), `${faults}`);
  refused[Symbol.dispose]();
  await world.clock.advance(60_000);
  assert.deepEqual(news(), ["b mapped"]);
});

Deno.test("TunnelSet.verify() asks the STUN servers now and ends with their answer", async () => {
  await using it = await openRig();
  const { world, set, plan } = it;
  await set.apply([plan("a", 1001), plan("b", 1002)]);
  await world.clock.advance(30_000);
  const before = set.vitals("a", "tcp")?.confirmedAt?.getTime() ?? 0;
  const other = set.vitals("b", "tcp")?.confirmedAt?.getTime() ?? 0;
  let isDone = false;
  const verifying = set.verify("a").then(() => isDone = true);
  await world.clock.advance(1_000);
  assert.ok(isDone);
  await verifying;
  assert.ok((set.vitals("a", "tcp")?.confirmedAt?.getTime() ?? 0) > before);
  assert.equal(set.vitals("b", "tcp")?.confirmedAt?.getTime(), other);
  assert.equal(set.vitals("nobody", "tcp"), undefined);
});

Deno.test("TunnelSet spreads the lookups of tunnels that opened together", async () => {
  await using it = await openRig();
  const { world, set, plan } = it;
  await set.apply(Array.from({ length: 60 }, (_, i) => plan(`t${i}`, 2000 + i)));
  await world.clock.advance(30_000);
  const perSecond: number[] = [];
  for (let second = 0; second < 120; second++) {
    world.net.connects.length = 0;
    await world.clock.advance(1_000);
    perSecond.push(world.net.connects.filter(({ port }) => port === 3478).length);
  }
  // 60 mappings that look once a minute: one a second on average.
  assert.ok(Math.max(...perSecond) <= 8, `${perSecond}`);
  assert.ok(perSecond.reduce((sum, n) => sum + n) <= 140, `${perSecond}`);
});
