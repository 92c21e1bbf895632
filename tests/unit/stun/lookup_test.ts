import assert from "node:assert/strict";
import { type Endpoint, formatEndpoint, parseHostPort } from "../../../src/core/endpoint.ts";
import { NoStunServerError } from "../../../src/stun/errors.ts";
import { type LookUpOptions, lookUpReflexive } from "../../../src/stun/lookup.ts";
import type { BindingResult } from "../../../src/stun/request_binding.ts";
import { StunServerList } from "../../../src/stun/server_list.ts";
import { kernelError } from "../../fakes/fake_net.ts";
import { type FakeWorld, openFakeWorld, watch } from "../../fakes/fake_world.ts";

const LOCAL: Endpoint = { address: "192.168.1.2", port: 3456 };

function server(n: number, port = 3478): Endpoint {
  return { address: `198.51.100.${n}`, port };
}

function listOf(world: FakeWorld, ...texts: readonly string[]): StunServerList {
  const specs = texts.map((text) => parseHostPort(text, 3478));
  return new StunServerList({ specs, family: 4, platform: world.platform });
}

function options(
  world: FakeWorld,
  servers: StunServerList,
  more: Partial<LookUpOptions> = {},
): LookUpOptions {
  return { platform: world.platform, protocol: "udp", servers, local: LOCAL, ...more };
}

/** Who was asked, in order, each once. */
function asked(world: FakeWorld): readonly string[] {
  const all = [...world.net.sent.map(({ to }) => to), ...world.net.connects];
  const toServers = all.filter(({ address }) => address.startsWith("198.51.100."));
  return [
    ...new Set(toServers.map((to) => formatEndpoint(to).replace("198.51.100.", "").replace(":3478", ""))),
  ];
}

function who(result: BindingResult | undefined): string | undefined {
  return result && formatEndpoint(result.server);
}

Deno.test("lookUpReflexive() asks two servers at once; the loser's answer is the second opinion", async () => {
  for (const protocol of ["udp", "tcp"] as const) {
    const world = openFakeWorld();
    for (const n of [1, 2, 3]) await world.serveStun(server(n));
    const open = world.net.open.size;
    const list = listOf(world, "198.51.100.1", "198.51.100.2", "198.51.100.3");
    const lookup = watch(lookUpReflexive(options(world, list, { protocol })));
    await world.clock.advance(protocol === "udp" ? 20 : 40);
    assert.deepEqual(lookup.value?.first.reflexive, LOCAL);
    assert.equal(who(lookup.value?.first), "198.51.100.1:3478");
    assert.equal(who(await lookup.value?.second), "198.51.100.2:3478");
    assert.deepEqual(asked(world), ["1", "2"]);
    await world.clock.advance(20);
    assert.equal(world.net.open.size, open);
    if (protocol === "udp") assert.equal(world.clock.pendingTimers, 0);
  }
});

Deno.test("lookUpReflexive() replaces a failing server at once and reports it", async () => {
  const world = openFakeWorld();
  world.net.refusesClosedPorts = true;
  for (const n of [3, 4]) await world.serveStun(server(n));
  const list = listOf(world, "198.51.100.1", "198.51.100.2", "198.51.100.3", "198.51.100.4");
  const lookup = watch(lookUpReflexive(options(world, list)));
  await world.clock.advance(40);
  assert.equal(who(lookup.value?.first), "198.51.100.3:3478");
  assert.equal(who(await lookup.value?.second), "198.51.100.4:3478");
  const next = await list.take(2);
  assert.deepEqual(next.map(({ endpoint }) => endpoint.address), ["198.51.100.3", "198.51.100.4"]);
});

Deno.test("lookUpReflexive() asks as many servers again after 500 ms of silence, and reports the silent", async () => {
  const world = openFakeWorld();
  for (const n of [4, 5]) await world.serveStun(server(n));
  const list = listOf(world, ...[1, 2, 3, 4, 5].map((n) => server(n).address));
  const lookup = watch(lookUpReflexive(options(world, list)));
  await world.clock.advance(499);
  assert.deepEqual(asked(world), ["1", "2"]);
  await world.clock.advance(500);
  assert.deepEqual(asked(world), ["1", "2", "3", "4"]);
  await world.clock.advance(25);
  assert.equal(who(lookup.value?.first), "198.51.100.4:3478");
  assert.deepEqual(asked(world), ["1", "2", "3", "4", "5"], "the second opinion is not left to the silent");
  await world.clock.advance(20);
  assert.equal(who(await lookup.value?.second), "198.51.100.5:3478");
  const next = await list.take(5);
  assert.deepEqual(next.map(({ endpoint }) => endpoint.address.slice(-1)), ["4", "5", "1", "2", "3"]);
  assert.equal(world.clock.pendingTimers, 0);
});

Deno.test("lookUpReflexive() gives the second opinion up after 600 ms", async () => {
  const world = openFakeWorld();
  await world.serveStun(server(1));
  const list = listOf(world, "198.51.100.1", "198.51.100.2");
  const lookup = watch(lookUpReflexive(options(world, list)));
  await world.clock.advance(20);
  assert.ok(lookup.value);
  const second = watch(lookup.value.second);
  await world.clock.advance(599);
  assert.ok(!second.isSettled);
  await world.clock.advance(1);
  assert.ok(second.isSettled);
  assert.equal(second.value, undefined);
  assert.equal(world.clock.pendingTimers, 0);
});

Deno.test("lookUpReflexive() takes the second opinion of a single server from its OTHER-ADDRESS", async () => {
  const world = openFakeWorld();
  world.net.names.set("one.example", ["198.51.100.1", "198.51.100.7"]);
  await world.serveStun(server(1), server(2, 3479));
  const lookup = watch(lookUpReflexive(options(world, listOf(world, "one.example"))));
  await world.clock.advance(40);
  assert.equal(who(lookup.value?.first), "198.51.100.1:3478");
  assert.equal(who(await lookup.value?.second), "198.51.100.2:3479");
  assert.deepEqual(asked(world), ["1", "2:3479"]);
});

Deno.test("lookUpReflexive() falls back to another address of the only name", async () => {
  const world = openFakeWorld();
  world.net.names.set("one.example", ["198.51.100.1", "198.51.100.7"]);
  await world.serveStun(server(1));
  await world.serveStun(server(7));
  const lookup = watch(lookUpReflexive(options(world, listOf(world, "one.example"))));
  await world.clock.advance(40);
  assert.equal(who(lookup.value?.first), "198.51.100.1:3478");
  assert.equal(who(await lookup.value?.second), "198.51.100.7:3478");
});

Deno.test("lookUpReflexive() has no second opinion from a single plain server", async () => {
  const world = openFakeWorld();
  await world.serveStun(server(1));
  const lookup = watch(lookUpReflexive(options(world, listOf(world, "198.51.100.1"))));
  await world.clock.advance(20);
  assert.ok(lookup.value);
  assert.equal(await lookup.value.second, undefined);
  assert.deepEqual(asked(world), ["1"]);
  assert.equal(world.clock.pendingTimers, 0);
});

Deno.test("lookUpReflexive() tries the second address when the first is dead", async () => {
  const world = openFakeWorld();
  world.net.names.set("one.example", ["198.51.100.1", "198.51.100.7"]);
  await world.serveStun(server(7));
  const lookup = watch(lookUpReflexive(options(world, listOf(world, "one.example"))));
  await world.clock.advance(520);
  assert.equal(who(lookup.value?.first), "198.51.100.7:3478");
});

Deno.test("lookUpReflexive() asks one server at a time where one opinion is enough", async () => {
  const world = openFakeWorld();
  world.net.names.set("one.example", ["198.51.100.1", "198.51.100.7"]);
  for (const n of [2, 7]) await world.serveStun(server(n));
  const two = listOf(world, "198.51.100.2", "198.51.100.1");
  const lookup = watch(lookUpReflexive(options(world, two, { opinions: 1 })));
  await world.clock.advance(20);
  assert.equal(who(lookup.value?.first), "198.51.100.2:3478");
  assert.equal(await lookup.value?.second, undefined);
  assert.deepEqual(asked(world), ["2"]);
  const dead = watch(lookUpReflexive(options(world, listOf(world, "one.example"), { opinions: 1 })));
  await world.clock.advance(520);
  assert.equal(who(dead.value?.first), "198.51.100.7:3478");
  assert.equal(world.clock.pendingTimers, 0);
});

Deno.test("lookUpReflexive() rejects with every failure when nobody answers", async () => {
  const world = openFakeWorld();
  world.net.refusesClosedPorts = true;
  world.net.names.set("one.example", ["198.51.100.1"]);
  const list = listOf(world, "one.example", "missing.example", "198.51.100.2");
  const lookup = watch(lookUpReflexive(options(world, list)));
  await world.clock.advance(100);
  assert.ok(lookup.error instanceof NoStunServerError);
  assert.equal(lookup.error.code, "no_stun_server");
  const failures = lookup.error.failures.map(({ server, error }) =>
    `${server.host} ${(error as { code?: string }).code}`
  );
  assert.deepEqual(failures.toSorted(), [
    "198.51.100.2 ECONNREFUSED",
    "missing.example resolve",
    "one.example ECONNREFUSED",
  ]);
  assert.equal(world.net.open.size, 0);
  assert.equal(world.clock.pendingTimers, 0);
});

Deno.test("lookUpReflexive() ends after 10 s, each server asked at most once", async () => {
  const world = openFakeWorld();
  const list = listOf(world, ...[1, 2, 3, 4].map((n) => server(n).address));
  const lookup = watch(lookUpReflexive(options(world, list, { protocol: "tcp" })));
  await world.clock.advance(10_000);
  assert.ok(lookup.error instanceof NoStunServerError);
  assert.equal(lookup.error.failures.length, 4);
  assert.equal(world.net.connects.length, 4);
  const empty = watch(lookUpReflexive(options(world, listOf(world))));
  await world.clock.advance(0);
  assert.ok(empty.error instanceof NoStunServerError);
});

Deno.test("lookUpReflexive() ends at its limit while names hang", async () => {
  const world = openFakeWorld();
  world.net.names.set("slow.example", "hang");
  const lookup = watch(lookUpReflexive(options(world, listOf(world, "slow.example"))));
  await world.clock.advance(10_000);
  assert.ok(lookup.error instanceof NoStunServerError);
  assert.equal(world.clock.pendingTimers, 0);
});

Deno.test("lookUpReflexive() passes the abort reason on before the first answer", async () => {
  const world = openFakeWorld();
  const controller = new AbortController();
  const list = listOf(world, "198.51.100.1", "198.51.100.2");
  const lookup = watch(lookUpReflexive(options(world, list, { signal: controller.signal })));
  await world.clock.advance(700);
  const reason = new Error("enough");
  controller.abort(reason);
  await world.clock.advance(0);
  assert.equal(lookup.error, reason);
  assert.equal(world.net.open.size, 0);
  assert.equal(world.clock.pendingTimers, 0);
});

Deno.test("lookUpReflexive() settles the second opinion on abort", async () => {
  const world = openFakeWorld();
  await world.serveStun(server(1));
  const open = world.net.open.size;
  const controller = new AbortController();
  const list = listOf(world, "198.51.100.1", "198.51.100.2");
  const lookup = watch(lookUpReflexive(options(world, list, { signal: controller.signal })));
  await world.clock.advance(20);
  controller.abort(new Error("enough"));
  await world.clock.advance(0);
  assert.equal(await lookup.value?.second, undefined);
  assert.equal(world.net.open.size, open);
  assert.equal(world.clock.pendingTimers, 0);
});

Deno.test("lookUpReflexive() does not blame servers for our own kernel's refusals", async () => {
  const world = openFakeWorld();
  await world.serveStun(server(1));
  using _holder = await world.net.openDatagram({ local: LOCAL, onDatagram: () => {} });
  const list = listOf(world, ...[1, 2, 3, 4, 5].map((n) => server(n).address));
  const lookup = watch(lookUpReflexive(options(world, list)));
  await world.clock.advance(0);
  assert.ok(lookup.error instanceof NoStunServerError);
  assert.equal((lookup.error.cause as { code?: string }).code, "EADDRINUSE");
  assert.ok(lookup.error.failures.length <= 2, "asking more servers would be pointless");
  const next = await list.take(5);
  assert.deepEqual(next.map(({ endpoint }) => endpoint.address.slice(-1)), ["3", "4", "5", "1", "2"]);
});

Deno.test("lookUpReflexive() notices that two servers disagree", async () => {
  const world = openFakeWorld();
  for (const n of [1, 2]) await world.serveStun(server(n));
  world.net.route = (packet) => {
    const n = Number(packet.to.address.slice(-1));
    if (packet.from.address === LOCAL.address) {
      return { ...packet, from: { address: "203.0.113.10", port: 14500 + n } };
    }
    return { ...packet, to: LOCAL };
  };
  const lookup = watch(lookUpReflexive(options(world, listOf(world, "198.51.100.1", "198.51.100.2"))));
  await world.clock.advance(20);
  assert.equal(lookup.value?.first.reflexive.port, 14501);
  assert.equal((await lookup.value?.second)?.reflexive.port, 14502);
});

Deno.test("lookUpReflexive() tries the next server when the kernel refuses one destination", async () => {
  const world = openFakeWorld();
  await world.serveStun(server(3));
  world.net.route = (packet) => {
    if (["198.51.100.1", "198.51.100.2"].includes(packet.to.address)) {
      throw kernelError("ENETUNREACH", "send");
    }
    return packet;
  };
  const list = listOf(world, ...[1, 2, 3].map((n) => server(n).address));
  const lookup = watch(lookUpReflexive(options(world, list)));
  await world.clock.advance(20);
  assert.equal(who(lookup.value?.first), "198.51.100.3:3478");
  assert.equal(await lookup.value?.second, undefined);
});
