import assert from "node:assert/strict";
import { Canary, type CanaryAlarm, SERVERS_FOR_FAST_CANARY } from "../../../src/keeper/canary.ts";
import { settle } from "../../fakes/fake_clock.ts";
import { KeeperWorld, type WorldStun } from "../../fakes/keeper_world.ts";

interface Watched extends Disposable {
  readonly world: KeeperWorld;
  readonly servers: readonly WorldStun[];
  /** Alarms as `name@ms`. */
  readonly alarms: string[];
  readonly canary: Canary;
}

/** Starts `count` servers and a canary that watches by them. */
async function watch(count: number, world: KeeperWorld = new KeeperWorld()): Promise<Watched> {
  const servers: WorldStun[] = [];
  for (let i = 1; i <= count; i++) servers.push(await world.addStun(`198.51.100.${i}`));
  const alarms: string[] = [];
  const canary = await Canary.open({
    platform: world.platform,
    family: 4,
    address: world.net.localAddress,
    servers: servers.map(({ spec }) => spec),
    onAlarm: (alarm: CanaryAlarm) => alarms.push(`${alarm}@${world.clock.now()}`),
  });
  return {
    world,
    servers,
    alarms,
    canary,
    [Symbol.dispose](): void {
      canary[Symbol.dispose]();
      assert.equal(world.openSockets, 0, "the canary left a socket");
      // Datagrams under way are the network's.
      assert.ok(world.clock.pendingTimers <= 2, "the canary left a timer");
    },
  };
}

/** All requests in order of time. */
function askedAt(servers: readonly WorldStun[]): number[] {
  return servers.flatMap(({ askedMs }) => [...askedMs]).sort((a, b) => a - b);
}

function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((time, i) => time - (times[i] ?? 0));
}

Deno.test("Canary asks every 2 s and no server more often than every 10 s, given five servers", async () => {
  using watched = await watch(SERVERS_FOR_FAST_CANARY);
  await watched.world.clock.advance(120_000);
  const times = askedAt(watched.servers);
  assert.ok(gaps(times).every((gap) => gap === 2_000), `${gaps(times)}`);
  assert.ok(times.length >= 60 && times.length <= 61);
  for (const { askedMs } of watched.servers) {
    assert.ok(gaps(askedMs).every((gap) => gap >= 10_000), `${gaps(askedMs)}`);
  }
  assert.deepEqual(watched.alarms, []);
});

Deno.test("Canary asks no server more often than every 10 s, however few, dead or nudged", async () => {
  for (const [count, dead] of [[1, 0], [2, 0], [3, 1], [5, 4], [8, 0], [3, 3]] as const) {
    using watched = await watch(count);
    const { world, servers, canary } = watched;
    await world.clock.advance(30_000);
    for (const server of servers.slice(0, dead)) server.die();
    for (let i = 0; i < 400; i++) {
      if (i % 7 === 0) canary.nudge();
      await world.clock.advance(333);
    }
    const sentTo = new Map<string, number[]>();
    for (const { askedMs, spec } of servers) sentTo.set(spec.host, [...askedMs]);
    for (const [host, times] of sentTo) {
      assert.ok(gaps(times).every((gap) => gap >= 10_000), `${count}/${dead} ${host}: ${gaps(times)}`);
    }
    for (const server of servers) server.revive();
  }
});

Deno.test("Canary counts what it sent to dead servers, too, when it keeps its distance", async () => {
  using watched = await watch(3);
  const { world, servers } = watched;
  for (const server of servers) server.die();
  const times = new Map<string, number[]>();
  world.net.route = (packet): undefined => {
    const { address } = packet.to;
    times.set(address, [...times.get(address) ?? [], world.clock.now()]);
  };
  await world.clock.advance(120_000);
  assert.equal(times.size, 3);
  for (const [address, at] of times) {
    assert.ok(gaps(at).every((gap) => gap > 9_999.9), `${address}: ${gaps(at)}`);
  }
});

Deno.test("Canary sings once within one tick when the NAT restarted", async () => {
  using watched = await watch(5);
  const { world, alarms } = watched;
  await world.clock.advance(21_000);
  world.nat.restart();
  const sinceMs = world.clock.now();
  await world.clock.advance(60_000);
  assert.equal(alarms.length, 1, `${alarms}`);
  const [name, ms] = alarms[0]?.split("@") ?? [];
  assert.equal(name, "endpoint-changed");
  assert.ok(Number(ms) - sinceMs <= 2_000 + 2 * world.net.latencyMs, `${Number(ms) - sinceMs} ms`);
});

Deno.test("Canary sings once within one tick when only the external address changed", async () => {
  using watched = await watch(5);
  const { world, alarms } = watched;
  await world.clock.advance(21_000);
  world.nat.address = "203.0.113.99";
  await world.clock.advance(2_000 + 2 * world.net.latencyMs);
  assert.equal(alarms.length, 1);
  await world.clock.advance(60_000);
  assert.equal(alarms.length, 1);
});

Deno.test("Canary falls silent behind a symmetric NAT after three alarms", async () => {
  const world = new KeeperWorld();
  world.nat.isSymmetric = true;
  using watched = await watch(5, world);
  await world.clock.advance(600_000);
  assert.ok(watched.alarms.length <= 3, `${watched.alarms}`);
});

Deno.test("Canary asks the next server when an answer is lost", async () => {
  using watched = await watch(5);
  const { world, servers, alarms } = watched;
  await world.clock.advance(10_100);
  servers[0]?.die();
  const before = servers.map(({ askedMs }) => askedMs.length);
  await world.clock.advance(10_000);
  const after = servers.map(({ askedMs }, i) => askedMs.length - (before[i] ?? 0));
  assert.equal(after[0], 0, "the dead one hears nothing");
  assert.deepEqual(after.slice(1), [1, 1, 1, 1]);
  const lost = world.net.sent.filter(({ to }) => to.address === "198.51.100.1").length;
  assert.equal(lost, 3, "at 0 and 10 s, and the one at 20 s that was lost");
  assert.deepEqual(alarms, []);
});

Deno.test("Canary does not wait for its next tick when an answer is lost", async () => {
  using watched = await watch(6);
  const { world, servers } = watched;
  // Requests to .1 to .6 go out at 0, 2, 4 … s: the seventh to .1 at 12 s.
  await world.clock.advance(11_900);
  servers[0]?.die();
  world.net.sent.length = 0;
  await world.clock.advance(1_000);
  const sent = world.net.sent.filter(({ to }) => to.port === 3478).map(({ to }) => to.address);
  assert.deepEqual(sent, ["198.51.100.1", "198.51.100.2"]);
});

Deno.test("Canary tells of silence once, after three unanswered requests in a row", async () => {
  using watched = await watch(5);
  const { world, servers, alarms } = watched;
  await world.clock.advance(20_100);
  for (const server of servers) server.die();
  const sinceMs = world.clock.now();
  await world.clock.advance(180_000);
  assert.equal(alarms.length, 1, `${alarms}`);
  const [name, ms] = alarms[0]?.split("@") ?? [];
  assert.equal(name, "silence");
  assert.ok(Number(ms) - sinceMs <= 10_000, `${Number(ms) - sinceMs} ms`);
});

Deno.test("Canary tells of silence again after it heard something in between", async () => {
  using watched = await watch(5);
  const { world, servers, alarms } = watched;
  await world.clock.advance(20_100);
  for (let outage = 0; outage < 2; outage++) {
    for (const server of servers) server.die();
    await world.clock.advance(30_000);
    for (const server of servers) server.revive();
    await world.clock.advance(400_000);
  }
  assert.deepEqual(alarms.map((alarm) => alarm.split("@")[0]), ["silence", "silence"]);
});

Deno.test("Canary keeps still about silence when it has never heard anything", async () => {
  const world = new KeeperWorld();
  for (let i = 1; i <= 5; i++) world.net.silent.add(`198.51.100.${i}`);
  using watched = await watch(5, world);
  await world.clock.advance(120_000);
  assert.deepEqual(watched.alarms, []);
});

Deno.test("Canary tells of a restart that happened during an outage", async () => {
  using watched = await watch(5);
  const { world, servers, alarms } = watched;
  await world.clock.advance(20_100);
  for (const server of servers) server.die();
  await world.clock.advance(30_000);
  world.nat.restart();
  for (const server of servers) server.revive();
  await world.clock.advance(20_000);
  assert.deepEqual(alarms.map((alarm) => alarm.split("@")[0]), ["silence", "endpoint-changed"]);
});

Deno.test("Canary is fast again soon after an outage", async () => {
  using watched = await watch(5);
  const { world, servers } = watched;
  await world.clock.advance(20_100);
  for (const server of servers) server.die();
  await world.clock.advance(600_000);
  for (const server of servers) server.revive();
  await world.clock.advance(30_000);
  const sinceMs = world.clock.now();
  await world.clock.advance(60_000);
  const asked = askedAt(servers).filter((ms) => ms > sinceMs);
  assert.ok(asked.length >= 25, `${asked.length} requests in a minute`);
});

Deno.test("Canary hears servers on a slow link whose answers outlast its patience", async () => {
  const world = new KeeperWorld();
  world.net.latencyMs = 400;
  using watched = await watch(5, world);
  await world.clock.advance(20_000);
  world.nat.restart();
  await world.clock.advance(20_000);
  assert.deepEqual(watched.alarms.map((alarm) => alarm.split("@")[0]), ["endpoint-changed"]);
});

Deno.test("Canary drops answers of strangers and bytes that are no answer", async () => {
  using watched = await watch(5);
  const { world, alarms } = watched;
  await world.clock.advance(20_100);
  const own = world.net.sent.findLast(({ to }) => to.port === 3478)?.from;
  assert.ok(own !== undefined);
  using stranger = await world.net.openDatagram({
    local: { address: "203.0.113.200", port: 3478 },
    onDatagram: () => {},
  });
  stranger.send(new Uint8Array(0), own);
  stranger.send(new TextEncoder().encode("hello"), own);
  stranger.send(Uint8Array.from({ length: 32 }, (_, i) => i), own);
  for (const { from, data } of world.net.sent.filter(({ to }) => to.address === own.address).slice(-3)) {
    assert.ok(from.port === 3478);
    stranger.send(data, own);
  }
  await world.clock.advance(20_000);
  assert.deepEqual(alarms, []);
});

Deno.test("Canary goes on with the others while one name hangs in the resolver", async () => {
  const world = new KeeperWorld();
  using watched = await watch(6, world);
  const { servers } = watched;
  await world.clock.advance(24_000);
  // Its only address fails, so that its name is resolved anew, and the resolver does not answer.
  world.net.names.set("stun-198.51.100.1", "hang");
  servers[0]?.die();
  await world.clock.advance(60_000);
  const before = askedAt(servers).length;
  await world.clock.advance(20_000);
  assert.ok(askedAt(servers).length - before >= 5, "the canary stands still");
});

Deno.test("Canary survives a socket that refuses to send", async () => {
  using watched = await watch(5);
  const { world, servers } = watched;
  await world.clock.advance(10_100);
  const route = world.net.route;
  world.net.route = (): never => {
    throw Object.assign(new Error("Cannot send: ENETUNREACH"), { code: "ENETUNREACH" });
  };
  await world.clock.advance(8_000);
  world.net.route = route;
  const before = askedAt(servers).length;
  await world.clock.advance(60_000);
  assert.ok(askedAt(servers).length > before);
});

Deno.test("Canary.open() rejects when its address cannot be bound", async () => {
  const world = new KeeperWorld();
  const refusal = Object.assign(new Error("Cannot bind: EADDRNOTAVAIL"), { code: "EADDRNOTAVAIL" });
  world.net.openDatagram = () => Promise.reject(refusal);
  const opening = Canary.open({
    platform: world.platform,
    family: 4,
    address: "192.0.2.77",
    servers: [{ host: "198.51.100.1", port: 3478 }],
    onAlarm: () => assert.fail("no alarm"),
  });
  await assert.rejects(opening, (error) => error === refusal);
  assert.equal(world.clock.pendingTimers, 0);
});

Deno.test("Canary leaves neither timer nor socket when disposed, even while a name is being resolved", async () => {
  const world = new KeeperWorld();
  world.net.names.set("slow", "hang");
  const canary = await Canary.open({
    platform: world.platform,
    family: 4,
    address: "192.168.1.2",
    servers: [{ host: "slow", port: 3478 }],
    onAlarm: () => assert.fail("no alarm"),
  });
  await settle();
  canary[Symbol.dispose]();
  canary[Symbol.dispose]();
  canary.nudge();
  await settle();
  assert.equal(world.clock.pendingTimers, 0);
  assert.equal(world.openSockets, 0);
});
