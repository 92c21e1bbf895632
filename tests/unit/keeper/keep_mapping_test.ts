import { FakeStream } from "../../fakes/fake_stream.ts";
import assert from "node:assert/strict";
import { BindError, UnusableNatError } from "../../../src/keeper/errors.ts";
import { kernelError } from "../../fakes/fake_net.ts";
import { FakeClock, settle } from "../../fakes/fake_clock.ts";
import { KeeperWorld } from "../../fakes/keeper_world.ts";
import { keepInWorld, refuseBind, unplug } from "../../fakes/kept_mapping.ts";

const UDP = { protocol: "udp" } as const;
const MINUTE_MS = 60_000;

/** Puts a limit on what may be left behind: nothing. */
function assertNothingLeft(world: KeeperWorld): void {
  assert.equal(world.openSockets, 0, "a socket was left");
  assert.equal(world.clock.pendingTimers, 0, "a timer was left");
}

Deno.test("keepMapping() maps TCP within two round trips, anchor and lookup side by side", async () => {
  await using it = await keepInWorld();
  const { world, events } = it;
  const rttMs = 2 * world.net.latencyMs;
  await world.clock.advance(2 * rttMs);
  assert.deepEqual(events, [{
    event: "mapped",
    name: "web",
    protocol: "tcp",
    internal: { address: "192.168.1.2", port: 3456 },
    external: { address: "203.0.113.10", port: 14500 },
    at: new Date(new FakeClock().date().getTime() + 2 * rttMs),
  }]);
  assert.equal(it.hosts[0]?.standing.size, 1);
  const [anchor] = it.hosts[0]?.standing ?? [];
  assert.deepEqual(anchor?.remote, { address: "192.168.1.2", port: 3456 });
  assert.deepEqual([...it.served], ["192.168.1.2:3456"]);
});

Deno.test("keepMapping() maps UDP within one round trip", async () => {
  await using it = await keepInWorld({ options: UDP });
  await it.world.clock.advance(2 * it.world.net.latencyMs);
  assert.deepEqual(it.story, ["mapped 14500"]);
});

Deno.test("keepMapping() says nothing more while nothing changes", async () => {
  for (const protocol of ["tcp", "udp"] as const) {
    await using it = await keepInWorld({ options: { protocol }, hasCanary: true, stunCount: 5 });
    await it.world.clock.advance(60 * MINUTE_MS);
    assert.equal(it.story.length, 1, `${it.story}`);
    assert.equal(it.outcome, undefined);
  }
});

Deno.test("keepMapping() keeps a UDP mapping fresh by asking STUN from it each interval", async () => {
  await using it = await keepInWorld({ options: UDP });
  const { world } = it;
  await world.clock.advance(10 * MINUTE_MS);
  const times = new Set<number>();
  let lastMs = 0;
  world.net.sent.length = 0;
  for (let ms = 0; ms < 5 * MINUTE_MS; ms += 500) {
    await world.clock.advance(500);
    const isAsked = world.net.sent.splice(0).some(({ from, to }) => from.port === 3456 && to.port === 3478);
    if (!isAsked) continue;
    if (lastMs > 0) times.add(world.clock.now() - lastMs);
    lastMs = world.clock.now();
  }
  assert.ok(times.size > 0);
  for (const gapMs of times) assert.ok(gapMs >= 13_000 && gapMs <= 15_500, `${[...times]}`);
});

Deno.test("keepMapping() tells a NAT restart within 3 s, and renews the TCP anchor, given a canary", async () => {
  for (const protocol of ["tcp", "udp"] as const) {
    await using it = await keepInWorld({ options: { protocol }, hasCanary: true, stunCount: 5 });
    const { world, story, events } = it;
    await world.clock.advance(2 * MINUTE_MS);
    const arrived = it.hosts.flatMap(({ arrivedMs }) => arrivedMs).length;
    const first = events[0]?.event === "mapped" ? events[0].external.port : undefined;
    world.nat.restart();
    await world.clock.advance(3_000);
    assert.equal(story.length, 2, `${protocol}: ${story}`);
    assert.match(story[1] ?? "", new RegExp(`^changed \\d+ was ${first}$`));
    await world.clock.advance(10 * MINUTE_MS);
    assert.equal(story.length, 2);
    if (protocol === "tcp") {
      assert.equal(it.hosts.flatMap(({ arrivedMs }) => arrivedMs).length, arrived + 1);
    }
  }
});

Deno.test("keepMapping() tells another external address within 3 s, given a canary", async () => {
  await using it = await keepInWorld({ hasCanary: true, stunCount: 5 });
  const { world, events } = it;
  await world.clock.advance(2 * MINUTE_MS);
  world.nat.address = "203.0.113.99";
  await world.clock.advance(3_000);
  const [first, last] = events;
  assert.ok(events.length === 2 && first?.event === "mapped" && last?.event === "changed");
  assert.deepEqual(last.external, { ...first.external, address: "203.0.113.99" });
  assert.deepEqual(last.previous, first.external);
});

Deno.test("keepMapping() notices a restart by the timer alone", async () => {
  const limits = [["tcp", 61_000], ["udp", 16_000]] as const;
  for (const [protocol, limitMs] of limits) {
    await using it = await keepInWorld({ options: { protocol } });
    const { world, story } = it;
    await world.clock.advance(5 * MINUTE_MS);
    world.nat.restart();
    await world.clock.advance(limitMs);
    assert.match(story[1] ?? "", /^changed/, protocol);
  }
});

Deno.test("keepMapping() looks at once when its keep-alive connection breaks", async () => {
  await using it = await keepInWorld();
  const { world, hosts, story } = it;
  await world.clock.advance(MINUTE_MS);
  world.nat.restart();
  for (const { standing } of hosts) for (const connection of standing) connection.abort();
  await world.clock.advance(200);
  assert.match(story[1] ?? "", /^changed/);
});

Deno.test("keepMapping() keeps the mapping while all STUN servers are dead, and says so once", async () => {
  for (const protocol of ["tcp", "udp"] as const) {
    await using it = await keepInWorld({ options: { protocol }, hasCanary: true });
    const { world, servers, story, hosts } = it;
    await world.clock.advance(2 * MINUTE_MS);
    const arrived = hosts.flatMap(({ arrivedMs }) => arrivedMs).length;
    for (const server of servers) server.die();
    await world.clock.advance(30 * MINUTE_MS);
    for (const server of servers) server.revive();
    await world.clock.advance(5 * MINUTE_MS);
    assert.equal(story.length, 1, `${protocol}: ${story}`);
    assert.deepEqual([...it.served], ["192.168.1.2:3456"]);
    assert.equal(hosts.flatMap(({ arrivedMs }) => arrivedMs).length, arrived, "the anchor was left alone");
    const warnings = world.log.lines.filter((line) => line.includes("No STUN server answers"));
    assert.equal(warnings.length, 1, `${warnings}`);
    assert.equal(world.log.lines.filter((line) => line.includes("answer again")).length, 1);
  }
});

Deno.test("keepMapping() says so when another program takes the port without sharing it", async () => {
  await using it = await keepInWorld({ options: { protocol: "tcp" } });
  const { world, story } = it;
  await world.clock.advance(MINUTE_MS / 2);
  world.net.connectStream = () => Promise.reject(kernelError("EADDRINUSE", "bind"));
  await world.clock.advance(2 * MINUTE_MS);
  assert.equal(story.length, 1, "what stands goes on standing");
  const warnings = world.log.lines.filter((line) => line.startsWith("warn"));
  assert.equal(warnings.length, 1, `${warnings}`);
  assert.match(warnings[0] ?? "", /took the port without sharing it/);
});

Deno.test("keepMapping() notices soon after an outage of all STUN servers that the NAT restarted meanwhile", async () => {
  await using it = await keepInWorld();
  const { world, servers, story } = it;
  await world.clock.advance(MINUTE_MS);
  for (const server of servers) server.die();
  await world.clock.advance(10 * MINUTE_MS);
  world.nat.restart();
  for (const server of servers) server.revive();
  await world.clock.advance(26_000);
  assert.match(story[1] ?? "", /^changed/);
});

Deno.test("keepMapping() keeps the mapping while all keep-alive hosts are dead, asking STUN in their place", async () => {
  await using it = await keepInWorld();
  const { world, hosts, story } = it;
  await world.clock.advance(MINUTE_MS);
  const dead = ["198.51.100.81", "198.51.100.82"];
  for (const { standing } of hosts) for (const connection of standing) connection.abort();
  for (const address of dead) world.net.silent.add(address);
  world.net.connects.length = 0;
  let lastMs = world.clock.now();
  let longestMs = 0;
  for (let ms = 0; ms < 10 * MINUTE_MS; ms += 1_000) {
    await world.clock.advance(1_000);
    if (!world.net.connects.splice(0).some(({ port }) => port === 3478)) continue;
    longestMs = Math.max(longestMs, world.clock.now() - lastMs);
    lastMs = world.clock.now();
  }
  assert.deepEqual(story, ["mapped 14500"]);
  assert.ok(longestMs <= 16_000, `${longestMs} ms without a packet through the mapping`);
  for (const address of dead) world.net.silent.delete(address);
  await world.clock.advance(MINUTE_MS);
  // Our ends: what the hosts still believe in is theirs, because the RST to a dead host is lost.
  const ours = [...world.net.open].filter((it) => it instanceof FakeStream && it.remote.port === 80);
  assert.equal(ours.length, 1);
  assert.deepEqual(story, ["mapped 14500"]);
});

Deno.test("keepMapping() tells loss and return of the local address, keeping its sockets", async () => {
  await using it = await keepInWorld();
  const { world, story } = it;
  await world.clock.advance(MINUTE_MS);
  const unplugged = unplug(world);
  world.net.changeAddresses("192.168.1.2");
  await settle();
  assert.deepEqual(story, ["mapped 14500", "lost no-local-address"]);
  await world.clock.advance(10_000);
  unplugged[Symbol.dispose]();
  world.net.changeAddresses("192.168.1.2");
  await world.clock.advance(1_000);
  assert.deepEqual(story, ["mapped 14500", "lost no-local-address", "restored 14500"]);
  assert.deepEqual([...it.served], ["192.168.1.2:3456"]);
});

Deno.test("keepMapping() follows another local address within a second and keeps the port", async () => {
  for (const protocol of ["tcp", "udp"] as const) {
    for (const port of [{ kind: "fixed", port: 0 }, { kind: "random", first: 5000, last: 60000 }] as const) {
      await using it = await keepInWorld({ options: { protocol, port } });
      const { world, events } = it;
      await world.clock.advance(MINUTE_MS);
      const [first] = events;
      assert.ok(first?.event === "mapped" && first.internal.port > 0);
      world.net.changeAddresses("10.0.0.7");
      await world.clock.advance(1_000);
      const last = events.at(-1);
      assert.ok(last?.event === "changed", protocol);
      assert.deepEqual(last.internal, { address: "10.0.0.7", port: first.internal.port });
      assert.deepEqual([...it.served], [`10.0.0.7:${first.internal.port}`]);
      await world.clock.advance(MINUTE_MS);
      assert.ok(
        [...it.hosts].every(({ standing }) =>
          [...standing].every(({ remote }) => remote.address === "10.0.0.7")
        ),
      );
    }
  }
});

Deno.test("keepMapping() waits for a local address and maps when there is one", async () => {
  const world = new KeeperWorld();
  const unplugged = unplug(world);
  await using it = await keepInWorld({ world });
  await world.clock.advance(MINUTE_MS);
  assert.deepEqual(it.story, []);
  unplugged[Symbol.dispose]();
  await world.clock.advance(3_000);
  assert.deepEqual(it.story, ["mapped 14500"]);
});

Deno.test("keepMapping() has one session only, however the address flaps while it is being served", async () => {
  const world = new KeeperWorld();
  const served: string[] = [];
  const gates: PromiseWithResolvers<void>[] = [];
  const it = await keepInWorld({
    world,
    parts: {
      serve: async (internal) => {
        const name = `${internal.address} ${gates.length}`;
        const gate = Promise.withResolvers<void>();
        gates.push(gate);
        await gate.promise;
        served.push(name);
        return {
          [Symbol.asyncDispose]: (): Promise<void> => {
            served.splice(served.indexOf(name), 1);
            return Promise.resolve();
          },
        };
      },
    },
  });
  await settle();
  for (let i = 0; i < 3; i++) {
    const unplugged = unplug(world);
    world.net.changeAddresses("192.168.1.2");
    await settle();
    unplugged[Symbol.dispose]();
    world.net.changeAddresses("192.168.1.2");
    await settle();
  }
  for (let i = 0; i < gates.length; i++) {
    gates[i]?.resolve();
    await settle();
  }
  await world.clock.advance(1_000);
  assert.deepEqual(it.story, ["mapped 14500"]);
  assert.equal(served.length, 1, `${served}`);
  assert.equal(it.hosts.reduce((sum, { standing }) => sum + standing.size, 0), 1);
  await it[Symbol.asyncDispose]();
  await world.clock.advance(1_000);
  assertNothingLeft(world);
});

Deno.test("keepMapping() ends with UnusableNatError when two servers disagree, and announces nothing", async () => {
  for (const protocol of ["tcp", "udp"] as const) {
    const world = new KeeperWorld();
    world.nat.isSymmetric = true;
    await using it = await keepInWorld({ world, options: { protocol } });
    await world.clock.advance(5_000);
    assert.equal(it.story.length, 1);
    assert.match(
      it.story[0] ?? "",
      /^unusable mapping is address-dependent, one STUN server saw .*, another/,
    );
    const error = it.outcome?.error;
    assert.ok(error instanceof UnusableNatError && error.code === "unusable_nat");
    assert.equal(error.unusable.kind, "address-dependent-mapping");
    assert.equal(it.served.size, 0);
    await it.uplink[Symbol.asyncDispose]();
    await world.clock.advance(1_000);
    assertNothingLeft(world);
  }
});

Deno.test("keepMapping() ends with UnusableNatError when UDP strangers are shut out", async () => {
  await using it = await keepInWorld({ options: UDP, filtering: "address-and-port-dependent" });
  await it.world.clock.advance(5_000);
  assert.deepEqual(it.story, ["unusable filtering is address-and-port-dependent, strangers are shut out"]);
  assert.ok(it.outcome?.error instanceof UnusableNatError);
});

Deno.test("keepMapping() goes on when forced, and where filtering is unknown", async () => {
  await using forced = await keepInWorld({
    options: { ...UDP, isForced: true },
    filtering: "address-and-port-dependent",
  });
  await forced.world.clock.advance(5_000);
  assert.deepEqual(forced.story, ["mapped 14500"]);
  await using unknown = await keepInWorld({ options: UDP, filtering: "unknown" });
  await unknown.world.clock.advance(5_000);
  assert.deepEqual(unknown.story, ["mapped 14500"]);
});

Deno.test("keepMapping() looks again at an unusable NAT with growing pauses, and maps when it is cured", async () => {
  const world = new KeeperWorld();
  world.nat.isSymmetric = true;
  await using it = await keepInWorld({ world, parts: { endsWhenUnusable: false } });
  await world.clock.advance(60 * MINUTE_MS);
  assert.ok(it.story.length >= 4 && it.story.length <= 8, `${it.story.length} verdicts in an hour`);
  assert.ok(it.story.every((one) => one.startsWith("unusable")));
  assert.equal(it.outcome, undefined);
  world.nat.isSymmetric = false;
  await world.clock.advance(70 * MINUTE_MS);
  assert.match(it.story.at(-1) ?? "", /^mapped/);
});

Deno.test("keepMapping() ends with BindError when its port is taken", async () => {
  for (const code of ["EADDRINUSE", "EACCES"]) {
    const world = new KeeperWorld();
    using _refused = refuseBind(world, code, ({ port }) => port === 3456);
    await using it = await keepInWorld({ world });
    await world.clock.advance(1_000);
    const error = it.outcome?.error;
    assert.ok(error instanceof BindError, String(error));
    assert.equal(error.code, code);
    assert.equal(error.message, `Cannot bind tcp 192.168.1.2 port 3456: ${code}`);
    assert.ok(error.cause instanceof Error);
    assert.deepEqual(it.story, []);
    await it.uplink[Symbol.asyncDispose]();
    assertNothingLeft(world);
  }
});

Deno.test("keepMapping() ends with BindError when the server on its port cannot start", async () => {
  const refusal = Object.assign(new Error("Cannot listen: EADDRINUSE"), { code: "EADDRINUSE" });
  await using it = await keepInWorld({ parts: { serve: () => Promise.reject(refusal) } });
  await it.world.clock.advance(1_000);
  assert.ok(it.outcome?.error instanceof BindError);
  assert.equal(it.world.openSockets, 0);
});

Deno.test("keepMapping() takes the next port of a range, and gives up after the last", async () => {
  const port = { kind: "in-turn", first: 5000, last: 5004 } as const;
  const world = new KeeperWorld();
  using _some = refuseBind(world, "EADDRINUSE", (local) => local.port < 5003);
  await using it = await keepInWorld({ world, options: { port } });
  await world.clock.advance(1_000);
  assert.deepEqual(it.story, ["mapped 14500"]);
  assert.deepEqual([...it.served], ["192.168.1.2:5003"]);

  const full = new KeeperWorld();
  const tried: number[] = [];
  using _all = refuseBind(full, "EADDRINUSE", (local) => tried.push(local.port) > 0);
  await using none = await keepInWorld({ world: full, options: { port } });
  await full.clock.advance(1_000);
  assert.ok(none.outcome?.error instanceof BindError);
  assert.deepEqual(tried, [5000, 5001, 5002, 5003, 5004]);
  assert.match(none.outcome.error.message, /port 5000-5004: EADDRINUSE$/);
});

Deno.test("keepMapping() waits for an address that is not there yet", async () => {
  const world = new KeeperWorld();
  const refused = refuseBind(world, "EADDRNOTAVAIL", () => true);
  await using it = await keepInWorld({ world });
  await world.clock.advance(10_000);
  assert.equal(it.outcome, undefined);
  refused[Symbol.dispose]();
  await world.clock.advance(30_000);
  assert.deepEqual(it.story, ["mapped 14500"]);
});

Deno.test("keepMapping() tells the loss and tries again when its port is taken at the new address", async () => {
  const world = new KeeperWorld();
  await using it = await keepInWorld({ world });
  await world.clock.advance(MINUTE_MS);
  const refused = refuseBind(world, "EADDRINUSE", ({ address }) => address === "10.0.0.7");
  world.net.changeAddresses("10.0.0.7");
  await world.clock.advance(MINUTE_MS);
  assert.deepEqual(it.story, ["mapped 14500", "lost local-address-changed"]);
  assert.equal(it.outcome, undefined);
  refused[Symbol.dispose]();
  await world.clock.advance(31_000);
  assert.match(it.story.at(-1) ?? "", /^changed \d+ was 14500$/);
  assert.equal(it.story.length, 3);
});

Deno.test("keepMapping() ends within a round trip and leaves nothing behind, in whatever state it is", async () => {
  const stages: readonly (readonly [string, number, (world: KeeperWorld) => void])[] = [
    ["binding", 0, () => {}],
    ["opening", 15, () => {}],
    ["mapped", 5 * MINUTE_MS, () => {}],
    ["looking up", MINUTE_MS, (world) => world.nat.restart()],
    [
      "deaf",
      MINUTE_MS,
      (world) => void ["1", "2", "3"].forEach((n) => world.net.silent.add(`198.51.100.${n}`)),
    ],
    ["offline", MINUTE_MS, (world) => {
      unplug(world);
      world.net.changeAddresses("-");
    }],
  ];
  for (const protocol of ["tcp", "udp"] as const) {
    for (const [stage, ms, act] of stages) {
      const it = await keepInWorld({ options: { protocol }, hasCanary: true });
      const { world } = it;
      await world.clock.advance(ms);
      act(world);
      await world.clock.advance(15_000 * Math.sign(ms));
      it.stop();
      await settle();
      await settle();
      assert.deepEqual(it.outcome, {}, `${protocol} ${stage}`);
      assert.equal(it.served.size, 0);
      const told = it.story.length;
      await it[Symbol.asyncDispose]();
      await world.clock.advance(1_000);
      assertNothingLeft(world);
      await world.clock.advance(10 * MINUTE_MS);
      assert.equal(it.story.length, told);
    }
  }
});

Deno.test("keepMapping() returns at once when its signal is aborted already", async () => {
  const it = await keepInWorld({ parts: { signal: AbortSignal.abort(new Error("before")) } });
  await settle();
  assert.deepEqual(it.outcome, {});
  await it[Symbol.asyncDispose]();
  assertNothingLeft(it.world);
});

Deno.test("keepMapping() does not care what is sent to its port", async () => {
  await using it = await keepInWorld({ options: UDP });
  const { world } = it;
  await world.clock.advance(MINUTE_MS);
  using stranger = await world.net.openDatagram({
    local: { address: "198.51.100.1", port: 9999 },
    onDatagram: () => {},
  });
  const internal = { address: "192.168.1.2", port: 3456 };
  for (let n = 0; n < 50; n++) {
    stranger.send(Uint8Array.from({ length: n }, (_, i) => (i * 31 + n) & 0xff), internal);
    const request = world.net.sent.findLast(({ from, to }) => from.port === 3456 && to.port === 3478);
    if (request) stranger.send(request.data, internal);
    await world.clock.advance(1_000);
  }
  assert.deepEqual(it.story, ["mapped 14500"]);
});
