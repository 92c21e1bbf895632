import assert from "node:assert/strict";
import { type HostPort, parseHostPort } from "../../../src/core/endpoint.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { type StunServer, StunServerList, type TakeOptions } from "../../../src/stun/server_list.ts";
import { type FakeWorld, openFakeWorld, watch } from "../../fakes/fake_world.ts";

function specs(...texts: readonly string[]): readonly HostPort[] {
  return texts.map((text) => parseHostPort(text, 3478));
}

function listOf(world: FakeWorld, ...texts: readonly string[]): StunServerList {
  return new StunServerList({ specs: specs(...texts), family: 4, platform: world.platform });
}

async function take(list: StunServerList, count: number, options?: TakeOptions): Promise<readonly string[]> {
  return (await list.take(count, options)).map(({ endpoint }) => endpoint.address);
}

/** `one` to `five`, each with one address. */
function namedWorld(): FakeWorld {
  const world = openFakeWorld();
  for (const [i, name] of ["one", "two", "three", "four", "five"].entries()) {
    world.net.names.set(`${name}.example`, [`198.51.100.${i + 1}`]);
  }
  return world;
}

const FIVE = ["one.example", "two.example", "three.example", "four.example", "five.example"];

Deno.test("StunServerList.take() gives the first servers of a new list and resolves no others", async () => {
  const world = namedWorld();
  const list = listOf(world, ...FIVE);
  assert.deepEqual(await list.take(2), [
    { spec: { host: "one.example", port: 3478 }, endpoint: { address: "198.51.100.1", port: 3478 } },
    { spec: { host: "two.example", port: 3478 }, endpoint: { address: "198.51.100.2", port: 3478 } },
  ]);
  assert.deepEqual(world.net.resolved, ["one.example", "two.example"]);
  assert.equal(world.clock.pendingTimers, 0);
});

Deno.test("StunServerList.take() keeps the anchor and rotates through the others", async () => {
  const world = namedWorld();
  const list = listOf(world, ...FIVE);
  const seen: string[][] = [];
  for (let i = 0; i < 6; i++) {
    const taken = await list.take(2);
    for (const server of taken) list.reportAnswer(server, 20);
    seen.push(taken.map(({ endpoint }) => endpoint.address.slice(-1)));
  }
  assert.deepEqual(seen.map((pair) => pair.join("")), ["12", "13", "14", "15", "12", "13"]);
  assert.equal(world.net.resolved.length, 5, "names are resolved once");
});

Deno.test("StunServerList.reportFailure() lets a server rest from 5 s up to 10 min", async () => {
  const rests: number[] = [];
  const world = openFakeWorld({
    ...silentLogger,
    debug: (_message, fields): void => void rests.push(Number(fields?.["restSeconds"])),
  });
  const list = listOf(world, "198.51.100.1");
  const [server] = await list.take(1) as [StunServer];
  for (let i = 0; i < 9; i++) list.reportFailure(server, new Error("silent"));
  for (const [i, seconds] of rests.entries()) {
    const bound = Math.min(600, 5 * 2 ** i);
    assert.ok(seconds >= bound / 2 - 0.5 && seconds <= bound + 0.5, `${i}: ${seconds}`);
  }
  assert.equal(rests.length, 9);
});

Deno.test("StunServerList.take() leaves a resting server out until its rest is over", async () => {
  const world = namedWorld();
  const list = listOf(world, "one.example", "two.example", "three.example");
  const [one, two, three] = await list.take(3) as [StunServer, StunServer, StunServer];
  list.reportAnswer(two, 20);
  list.reportAnswer(three, 30);
  list.reportFailure(one, new Error("silent"));
  for (let i = 0; i < 3; i++) assert.deepEqual(await take(list, 2), ["198.51.100.2", "198.51.100.3"]);
  await world.clock.advance(5000);
  assert.deepEqual(await take(list, 2), ["198.51.100.2", "198.51.100.1"]);
});

Deno.test("StunServerList.take() uses the one that failed longest ago while all rest", async () => {
  const world = namedWorld();
  const list = listOf(world, "one.example", "two.example", "three.example");
  const all = await list.take(3);
  for (const index of [1, 2, 0]) {
    const server = all[index];
    if (server) list.reportFailure(server, new Error("silent"));
    await world.clock.advance(10);
  }
  assert.deepEqual(await take(list, 3), ["198.51.100.2", "198.51.100.3", "198.51.100.1"]);
});

Deno.test("StunServerList.reportAnswer() ends a rest", async () => {
  const world = namedWorld();
  const list = listOf(world, "one.example", "two.example");
  const [one, two] = await list.take(2) as [StunServer, StunServer];
  list.reportFailure(one, new Error("silent"));
  assert.deepEqual(await take(list, 1), ["198.51.100.2"]);
  list.reportAnswer(one, 20);
  list.reportFailure(two, new Error("silent"));
  assert.deepEqual(await take(list, 1), ["198.51.100.1"]);
});

Deno.test("StunServerList.take() moves to the name's next address after a failure, then resolves again", async () => {
  const world = openFakeWorld();
  world.net.names.set("one.example", ["198.51.100.1", "198.51.100.2"]);
  const list = listOf(world, "one.example");
  const fail = async (): Promise<string> => {
    const [server] = await list.take(1);
    assert.ok(server);
    list.reportFailure(server, new Error("silent"));
    return server.endpoint.address;
  };
  assert.equal(await fail(), "198.51.100.1");
  assert.equal(await fail(), "198.51.100.2");
  assert.deepEqual(world.net.resolved, ["one.example"]);
  world.net.names.set("one.example", ["198.51.100.9"]);
  assert.equal(await fail(), "198.51.100.9");
  assert.deepEqual(world.net.resolved, ["one.example", "one.example"]);
});

Deno.test("StunServerList.take() stays at the address that answered", async () => {
  const world = openFakeWorld();
  world.net.names.set("one.example", ["198.51.100.1", "198.51.100.2"]);
  const list = listOf(world, "one.example");
  const [first] = await list.take(1) as [StunServer];
  list.reportFailure(first, new Error("silent"));
  const [second] = await list.take(1) as [StunServer];
  list.reportAnswer(second, 20);
  assert.deepEqual(await take(list, 1), ["198.51.100.2"]);
});

Deno.test("StunServerList.take() replaces names that do not resolve and tells about them", async () => {
  const world = namedWorld();
  const list = listOf(world, "missing.example", "one.example", "gone.example", "two.example");
  const unresolved: string[] = [];
  const taken = await take(list, 2, { onUnresolved: ({ host }) => void unresolved.push(host) });
  assert.deepEqual(taken, ["198.51.100.1", "198.51.100.2"]);
  assert.deepEqual(unresolved, ["missing.example", "gone.example"]);
});

Deno.test("StunServerList.take() keeps its anchor although another is nearer, and takes the nearest after it", async () => {
  const world = namedWorld();
  const list = listOf(world, "one.example", "two.example", "three.example");
  const [one, two, three] = await list.take(3) as [StunServer, StunServer, StunServer];
  list.reportAnswer(two, 90);
  list.reportAnswer(one, 40);
  list.reportAnswer(three, 10);
  assert.equal((await take(list, 1))[0], "198.51.100.2");
  list.reportFailure(two, new Error("silent"));
  assert.equal((await take(list, 1))[0], "198.51.100.3");
});

Deno.test("StunServerList.take() gives nothing when no name resolves", async () => {
  assert.deepEqual(await take(listOf(openFakeWorld(), "a.example", "b.example"), 2), []);
  assert.deepEqual(await take(listOf(openFakeWorld()), 2), []);
});

Deno.test("StunServerList.take() does not wait for a name that hangs", async () => {
  const world = namedWorld();
  world.net.names.set("slow.example", "hang");
  const taken = watch(take(listOf(world, "slow.example", "one.example"), 2));
  await world.clock.advance(49);
  assert.ok(!taken.isSettled);
  await world.clock.advance(1);
  assert.deepEqual(taken.value, ["198.51.100.1"]);
  const alone = watch(take(listOf(world, "slow.example", "one.example"), 1));
  await world.clock.advance(300);
  assert.deepEqual(alone.value, ["198.51.100.1"]);
  assert.equal(world.clock.pendingTimers, 0);
});

Deno.test("StunServerList.take() ends with the abort reason, and others waiting for the same name go on", async () => {
  const world = openFakeWorld();
  world.net.names.set("slow.example", "hang");
  const list = listOf(world, "slow.example");
  const controller = new AbortController();
  const first = watch(list.take(1, { signal: controller.signal }));
  const other = new AbortController();
  const second = watch(list.take(1, { signal: other.signal }));
  await world.clock.advance(10);
  assert.equal(world.net.resolved.length, 1, "one query serves both");
  const reason = new Error("enough");
  controller.abort(reason);
  await world.clock.advance(0);
  assert.equal(first.error, reason);
  assert.ok(!second.isSettled);
  other.abort(reason);
  await world.clock.advance(0);
  assert.equal(second.error, reason);
  assert.equal(world.clock.pendingTimers, 0);
  await assert.rejects(list.take(1, { signal: controller.signal }), reason);
});

Deno.test("StunServerList.take() prefers other hosts to other ports of one", async () => {
  const world = namedWorld();
  world.net.names.set("alias.example", ["198.51.100.1"]);
  const list = listOf(world, "one.example", "one.example:443", "alias.example:80", "two.example");
  assert.deepEqual(await take(list, 2), ["198.51.100.1", "198.51.100.2"]);
  const again = listOf(world, "one.example", "alias.example:80");
  assert.deepEqual(await take(again, 2), ["198.51.100.1", "198.51.100.1"]);
});

Deno.test("StunServerList.take() repeats an excluded host only at another address, and only if it may", async () => {
  const world = openFakeWorld();
  world.net.names.set("one.example", ["198.51.100.1", "198.51.100.2"]);
  const list = listOf(world, "one.example");
  const exclude = await list.take(1);
  assert.deepEqual(await take(list, 1, { exclude, mayRepeatHosts: false }), []);
  const more = await list.take(1, { exclude });
  assert.deepEqual(more.map(({ endpoint }) => endpoint.address), ["198.51.100.2"]);
  assert.deepEqual(await take(list, 1, { exclude: [...exclude, ...more] }), []);
});

Deno.test("StunServerList counts a server given twice once and needs no names for literals", async () => {
  const world = openFakeWorld();
  const list = listOf(world, "198.51.100.1", "198.51.100.1:3478", "198.51.100.2:80");
  assert.equal(list.size, 2);
  assert.deepEqual(await take(list, 5), ["198.51.100.1", "198.51.100.2"]);
  assert.deepEqual(world.net.resolved, []);
});

Deno.test("StunServerList.sibling() has an anchor of its own, spread over servers that are about as near", async () => {
  const world = namedWorld();
  const list = listOf(world, ...FIVE);
  const rtts: Readonly<Record<string, number>> = { "1": 20, "2": 25, "3": 40, "4": 30, "5": 400 };
  const anchors = new Map<string, number>();
  for (let mapping = 0; mapping < 40; mapping++) {
    const own = list.sibling();
    let anchor = "";
    for (let i = 0; i < 3; i++) {
      const [first, ...others] = await own.take(2);
      assert.ok(first);
      const name = first.endpoint.address.slice(-1);
      if (i > 0) assert.equal(name, anchor, "an anchor stays");
      anchor = name;
      for (const server of [first, ...others]) {
        own.reportAnswer(server, rtts[server.endpoint.address.slice(-1)] ?? 0);
      }
    }
    anchors.set(anchor, (anchors.get(anchor) ?? 0) + 1);
  }
  assert.ok((anchors.get("5") ?? 0) <= 1, "the far one");
  for (const near of ["1", "2", "3", "4"]) {
    assert.ok((anchors.get(near) ?? 0) >= 5, `${near}: ${anchors.get(near)}`);
  }
});

Deno.test("StunServerList.sibling() shares what is known of the servers", async () => {
  const world = namedWorld();
  const list = listOf(world, "one.example", "two.example");
  const [a, b] = [list.sibling(), list.sibling()];
  const [first] = await a.take(1);
  assert.ok(first);
  a.reportFailure(first, new Error("dead"));
  assert.deepEqual(await take(b, 1), ["198.51.100.2"]);
});
