import assert from "node:assert/strict";
import type { NatBehavior } from "../../../src/core/behavior.ts";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import { probeUdpFiltering } from "../../../src/behavior/probe_filtering.ts";
import { kernelError } from "../../fakes/fake_net.ts";
import { fakeNat } from "../../fakes/fake_nat.ts";
import { type FakeWorld, openFakeWorld, watch } from "../../fakes/fake_world.ts";

const SERVER: Endpoint = { address: "198.51.100.1", port: 3478 };
const OTHER: Endpoint = { address: "198.51.100.2", port: 3479 };
const INSIDE = "192.168.1.2";
const EXTERNAL = "203.0.113.10";

function worldBehind(mapping: NatBehavior, filtering: NatBehavior): FakeWorld {
  const world = openFakeWorld();
  world.net.route = fakeNat({ inside: INSIDE, external: EXTERNAL, mapping, filtering });
  return world;
}

function probe(world: FakeWorld, signal?: AbortSignal): ReturnType<typeof watch<FilteringOutcome>> {
  const { platform } = world;
  return watch(probeUdpFiltering({ platform, server: SERVER, localAddress: INSIDE, signal }));
}

type FilteringOutcome = Awaited<ReturnType<typeof probeUdpFiltering>>;

Deno.test("probeUdpFiltering() tells every NAT apart with one server", async (t) => {
  const independent = "endpoint-independent";
  const table: readonly (readonly [NatBehavior, NatBehavior, string])[] = [
    [independent, independent, independent],
    [independent, "address-dependent", "address-dependent"],
    [independent, "address-and-port-dependent", "address-and-port-dependent"],
    ["address-and-port-dependent", independent, independent],
    ["address-and-port-dependent", "address-and-port-dependent", "unknown"],
  ];
  for (const [mapping, filtering, expected] of table) {
    await t.step(`${mapping} mapping, ${filtering} filtering`, async () => {
      const world = worldBehind(mapping, filtering);
      await using _server = await world.serveStun(SERVER, OTHER);
      const open = world.net.open.size;
      const result = probe(world);
      await world.clock.advance(3600);
      assert.equal(result.value?.filtering, expected);
      assert.equal(result.value?.evidence.reflexive?.address, EXTERNAL);
      assert.equal(world.net.open.size, open);
      assert.equal(world.clock.pendingTimers, 0);
    });
  }
});

Deno.test("probeUdpFiltering() is done after one round trip where nothing is filtered", async () => {
  const world = worldBehind("endpoint-independent", "endpoint-independent");
  await using _server = await world.serveStun(SERVER, OTHER);
  const result = probe(world);
  await world.clock.advance(20);
  assert.equal(result.value?.filtering, "endpoint-independent");
  assert.equal(world.net.sent.filter(({ from }) => from.address === INSIDE).length, 3);
  assert.ok(world.net.sent.every(({ to }) => to.address !== OTHER.address));
});

Deno.test("probeUdpFiltering() probes from a fresh port each time", async () => {
  const world = worldBehind("endpoint-independent", "endpoint-independent");
  await using _server = await world.serveStun(SERVER, OTHER);
  for (let i = 0; i < 2; i++) {
    probe(world);
    await world.clock.advance(20);
  }
  const ports = world.net.sent.filter(({ from }) => from.address === INSIDE).map(({ from }) => from.port);
  assert.equal(new Set(ports).size, 2);
});

Deno.test("probeUdpFiltering() shows a mapping that depends on the destination", async () => {
  const world = worldBehind("address-dependent", "address-and-port-dependent");
  await using _server = await world.serveStun(SERVER, OTHER);
  const result = probe(world);
  await world.clock.advance(3600);
  const { filtering, reason, evidence } = result.value ?? assert.fail();
  assert.deepEqual([filtering, reason], ["unknown", "the mapping depends on the destination"]);
  assert.notEqual(evidence.reflexive?.port, evidence.reflexiveAtAlternate?.port);
});

Deno.test("probeUdpFiltering() bears lost packets", async () => {
  for (const filtering of ["endpoint-independent", "address-and-port-dependent"] as const) {
    const world = worldBehind("endpoint-independent", filtering);
    await using _server = await world.serveStun(SERVER, OTHER);
    const nat = world.net.route;
    let n = 0;
    // Each request's first two packets are lost, whichever way they go.
    world.net.route = (packet) => ++n <= 6 ? undefined : nat(packet);
    const result = probe(world);
    await world.clock.advance(2400);
    assert.equal(result.value?.filtering, filtering);
  }
});

Deno.test("probeUdpFiltering() cannot tell with a server that has one address", async () => {
  const world = worldBehind("endpoint-independent", "address-dependent");
  await using _server = await world.serveStun(SERVER);
  const result = probe(world);
  await world.clock.advance(20);
  assert.equal(result.value?.filtering, "unknown");
  assert.equal(result.value?.reason, "the server offers no RFC 5780");
});

Deno.test("probeUdpFiltering() cannot tell with a server whose answers from elsewhere never leave", async () => {
  const world = worldBehind("endpoint-independent", "endpoint-independent");
  await using _server = await world.serveStun(SERVER, OTHER);
  const nat = world.net.route;
  const requests = new Map<string, string>();
  world.net.route = (packet) => {
    const id = packet.data.slice(4, 20).toHex();
    if (packet.from.address === INSIDE) requests.set(id, packet.to.address);
    else if (requests.get(id) !== packet.from.address) return undefined;
    return nat(packet);
  };
  const result = probe(world);
  await world.clock.advance(2399);
  assert.ok(!result.isSettled);
  await world.clock.advance(1);
  assert.equal(result.value?.filtering, "unknown");
  assert.equal(result.value?.reason, "the server did not honour CHANGE-REQUEST");
  assert.deepEqual(result.value?.evidence.reflexiveAtAlternate, result.value?.evidence.reflexive);
});

Deno.test("probeUdpFiltering() cannot tell with a silent server, and says what the kernel said", async () => {
  const world = openFakeWorld();
  const silent = probe(world);
  await world.clock.advance(1200);
  assert.equal(silent.value?.reason, "the server does not answer");
  world.net.route = (): never => {
    throw kernelError("ENETUNREACH", "send");
  };
  const unreachable = probe(world);
  await world.clock.advance(1200);
  assert.equal(unreachable.value?.reason, "the server does not answer: Cannot send: ENETUNREACH");
});

Deno.test("probeUdpFiltering() ends with the abort reason and leaves nothing behind", async () => {
  const world = worldBehind("endpoint-independent", "address-dependent");
  const controller = new AbortController();
  const result = probe(world, controller.signal);
  await world.clock.advance(500);
  const reason = new Error("enough");
  controller.abort(reason);
  await world.clock.advance(0);
  assert.equal(result.error, reason);
  assert.equal(world.net.open.size, 0);
  assert.equal(world.clock.pendingTimers, 0);
});

Deno.test("probeUdpFiltering() tells filtering where a stranger's knock takes the port from its sender", async () => {
  const world = worldBehind("endpoint-independent", "address-and-port-dependent");
  await using _server = await world.serveStun(SERVER, OTHER);
  const nat = world.net.route;
  const knockedAt = new Set<number>();
  const moved = new Map<number, number>();
  // As Linux does without a firewall of its own: who was knocked at from an endpoint and answers there later gets
  // another port.
  world.net.route = (packet) => {
    const { from, to } = packet;
    if (from.address === OTHER.address && to.address === EXTERNAL) {
      const original = moved.get(to.port);
      if (original !== undefined) return nat({ ...packet, to: { ...to, port: original } });
      knockedAt.add(to.port);
    }
    return nat(packet);
  };
  const result = probe(world);
  await world.clock.advance(3600);
  assert.equal(result.value?.filtering, "address-and-port-dependent");
});
