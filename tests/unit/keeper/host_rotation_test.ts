import assert from "node:assert/strict";
import { settle } from "../../fakes/fake_clock.ts";
import { HostRotation, type RotationHost } from "../../../src/keeper/host_rotation.ts";
import { KeeperWorld } from "../../fakes/keeper_world.ts";

const NAMES = ["a", "b", "c"];

function open(
  world: KeeperWorld,
  names: readonly string[] = NAMES,
  family: 4 | 6 = 4,
): HostRotation {
  return new HostRotation({
    hosts: names.map((host) => ({ host, port: 80 })),
    family,
    platform: world.platform,
  });
}

function worldOf(addresses: Readonly<Record<string, readonly string[]>>): KeeperWorld {
  const world = new KeeperWorld();
  for (const [name, found] of Object.entries(addresses)) world.net.names.set(name, found);
  return world;
}

const THREE = { a: ["198.51.100.1"], b: ["198.51.100.2"], c: ["198.51.100.3"] };

async function take(rotation: HostRotation, spacingMs = 0): Promise<RotationHost> {
  const host = await rotation.take(spacingMs);
  assert.ok(host !== undefined);
  return host;
}

Deno.test("HostRotation.take() gives the least recently used host, in the given order at first", async () => {
  const world = worldOf(THREE);
  const rotation = open(world);
  const taken: string[] = [];
  for (let i = 0; i < 7; i++) {
    taken.push((await take(rotation)).spec.host);
    await world.clock.advance(1);
  }
  assert.deepEqual(taken, ["a", "b", "c", "a", "b", "c", "a"]);
});

Deno.test("HostRotation.take() resolves a name when first needed and keeps the address", async () => {
  const world = worldOf(THREE);
  const rotation = open(world);
  assert.deepEqual(world.net.resolved, []);
  assert.deepEqual((await take(rotation)).endpoint, { address: "198.51.100.1", port: 80 });
  assert.deepEqual(world.net.resolved, ["a"]);
  for (let i = 0; i < 6; i++) {
    await world.clock.advance(1);
    rotation.reportSuccess(await take(rotation));
  }
  assert.deepEqual(world.net.resolved, ["a", "b", "c"]);
});

Deno.test("HostRotation.take() passes over hosts used less than the spacing ago", async () => {
  const world = worldOf(THREE);
  const rotation = open(world);
  const taken: string[] = [];
  for (let i = 0; i < 12; i++) {
    const host = await rotation.take(10_000);
    taken.push(host?.spec.host ?? "-");
    await world.clock.advance(2_500);
  }
  assert.deepEqual(taken, ["a", "b", "c", "-", "a", "b", "c", "-", "a", "b", "c", "-"]);
});

Deno.test("HostRotation.take() goes through the addresses of a host, rests it after the last, then resolves anew", async () => {
  const world = worldOf({ ...THREE, a: ["198.51.100.1", "198.51.100.11"] });
  const rotation = open(world, ["a"]);
  const first = await take(rotation);
  rotation.reportFailure(first);
  assert.equal(rotation.livingCount, 1, "another address is left");
  const second = await take(rotation);
  assert.equal(second.endpoint.address, "198.51.100.11");
  assert.deepEqual(world.net.resolved, ["a"]);
  world.net.names.set("a", ["198.51.100.21"]);
  rotation.reportFailure(second);
  assert.equal(rotation.livingCount, 0);
  assert.equal((await take(rotation)).endpoint.address, "198.51.100.21");
  assert.deepEqual(world.net.resolved, ["a", "a"]);
});

Deno.test("HostRotation keeps to the address that works", async () => {
  const world = worldOf({ a: ["198.51.100.1", "198.51.100.11"] });
  const rotation = open(world, ["a"]);
  rotation.reportFailure(await take(rotation));
  for (let i = 0; i < 3; i++) {
    const host = await take(rotation);
    assert.equal(host.endpoint.address, "198.51.100.11");
    rotation.reportSuccess(host);
  }
});

Deno.test("HostRotation rests a failing host for growing times, and not at all after a success", async () => {
  const world = worldOf(THREE);
  const rotation = open(world);
  const dead = await take(rotation);
  const rests: number[] = [];
  for (let n = 0; n < 10; n++) {
    rotation.reportFailure(dead);
    const sinceMs = world.clock.now();
    while (rotation.livingCount < 3) await world.clock.advance(250);
    rests.push(world.clock.now() - sinceMs);
  }
  assert.ok((rests[0] ?? 0) >= 2_500 && (rests[0] ?? 0) <= 5_250, `${rests}`);
  assert.ok((rests[3] ?? 0) >= 20_000 && (rests[3] ?? 0) <= 40_250, `${rests}`);
  assert.ok(rests.every((ms) => ms <= 300_250), `${rests}`);
  assert.ok((rests[9] ?? 0) >= 150_000, `${rests}`);
  rotation.reportFailure(dead);
  assert.equal(rotation.livingCount, 2);
  rotation.reportSuccess(dead);
  assert.equal(rotation.livingCount, 3);
});

Deno.test("HostRotation.take() prefers the living, however recently used", async () => {
  const world = worldOf(THREE);
  const rotation = open(world);
  rotation.reportFailure(await take(rotation));
  const taken: string[] = [];
  for (let i = 0; i < 4; i++) {
    await world.clock.advance(1);
    taken.push((await take(rotation)).spec.host);
  }
  assert.deepEqual(taken, ["b", "c", "b", "c"]);
});

Deno.test("HostRotation.take() gives the host whose rest ends first when all rest", async () => {
  const world = worldOf(THREE);
  const rotation = open(world);
  const [a, b, c] = [await take(rotation), await take(rotation), await take(rotation)];
  for (let n = 0; n < 3; n++) rotation.reportFailure(a);
  for (let n = 0; n < 5; n++) rotation.reportFailure(b);
  rotation.reportFailure(c);
  assert.equal(rotation.livingCount, 0);
  assert.equal((await take(rotation)).spec.host, "c");
});

Deno.test("HostRotation.take() passes over a name that does not resolve, and rests it", async () => {
  const world = worldOf({ b: ["198.51.100.2"] });
  const rotation = open(world, ["a", "b"]);
  assert.equal((await take(rotation)).spec.host, "b");
  assert.equal(rotation.livingCount, 1);
  assert.ok(world.log.lines.some((line) => line.includes("a:80") && line.includes("no such name")));
  await world.clock.advance(5_000);
  world.net.names.set("a", ["198.51.100.1"]);
  assert.equal((await take(rotation, 10_000)).spec.host, "a", "a name that did not resolve was not used");
});

Deno.test("HostRotation.take() gives undefined when nothing resolves, and when there are no hosts", async () => {
  const world = worldOf({});
  assert.equal(await open(world).take(0), undefined);
  assert.equal(await open(world, []).take(0), undefined);
  assert.equal(open(world, []).livingCount, 0);
});

Deno.test("HostRotation.take() asks for its own family only", async () => {
  const world = worldOf({ a: ["198.51.100.1"], b: ["2001:db8::7", "198.51.100.2"] });
  const host = await open(world, ["a", "b"], 6).take(0);
  assert.deepEqual(host?.endpoint, { address: "2001:db8::7", port: 80 });
});

Deno.test("HostRotation.take() ends with the reason of its signal while a name hangs", async () => {
  const world = worldOf({});
  world.net.names.set("a", "hang");
  const controller = new AbortController();
  const taking = open(world).take(0, controller.signal);
  const outcome = assert.rejects(taking, (error) => error === controller.signal.reason);
  await settle();
  controller.abort(new Error("stop"));
  await outcome;
});

Deno.test("HostRotation ignores reports about hosts that are not its own", async () => {
  const rotation = open(worldOf(THREE));
  rotation.reportFailure({ spec: { host: "z", port: 1 }, endpoint: { address: "198.51.100.9", port: 1 } });
  assert.equal(rotation.livingCount, 3);
  assert.equal((await take(rotation)).spec.host, "a");
});
