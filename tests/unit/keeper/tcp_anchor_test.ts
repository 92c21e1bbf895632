import assert from "node:assert/strict";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import type { StreamConnection } from "../../../src/core/net.ts";
import { HostRotation } from "../../../src/keeper/host_rotation.ts";
import { TcpAnchor } from "../../../src/keeper/tcp_anchor.ts";
import { type HostManners, KeeperWorld, type WorldHost } from "../../fakes/keeper_world.ts";

const LOCAL: Endpoint = { address: "192.168.1.2", port: 3456 };
const PROBE = { idleSeconds: 5, intervalSeconds: 2, userTimeoutMs: 10_000 };

interface Anchored extends AsyncDisposable {
  readonly world: KeeperWorld;
  readonly hosts: readonly WorldHost[];
  readonly anchor: TcpAnchor;
  /** What the anchor told: `up`, `down`, `break CODE`. */
  readonly told: string[];
  /** What happened to connections, in order: `open ADDRESS`, `abort ADDRESS`. */
  readonly story: string[];
}

/** Writes down when connections of ours come up and are aborted. */
function chronicle(world: KeeperWorld): string[] {
  const story: string[] = [];
  const connectStream = world.net.connectStream.bind(world.net);
  world.net.connectStream = async (options): Promise<StreamConnection> => {
    assert.deepEqual(options.local, LOCAL);
    assert.ok(options.reusePort);
    assert.deepEqual(options.probe, PROBE);
    story.push(`connect ${options.remote.address}`);
    const connection = await connectStream(options);
    story.push(`open ${options.remote.address}`);
    const abort = connection.abort.bind(connection);
    let isAborted = false;
    connection.abort = (): void => {
      if (!isAborted) story.push(`abort ${options.remote.address}`);
      isAborted = true;
      abort();
    };
    return connection;
  };
  return story;
}

async function anchored(
  manners: readonly HostManners[],
  world: KeeperWorld = new KeeperWorld(),
): Promise<Anchored> {
  const hosts: WorldHost[] = [];
  for (const [i, one] of manners.entries()) hosts.push(await world.addHost(`198.51.100.${i + 1}`, one));
  const story = chronicle(world);
  const told: string[] = [];
  const anchor = TcpAnchor.open({
    platform: world.platform,
    local: LOCAL,
    hosts: new HostRotation({ hosts: hosts.map(({ spec }) => spec), family: 4, platform: world.platform }),
    intervalMs: 15_000,
    probe: PROBE,
    onChange: (isUp) => told.push(isUp ? "up" : "down"),
    onBreak: (reason) => told.push(`break ${reason}`),
  });
  return {
    world,
    hosts,
    anchor,
    told,
    story,
    [Symbol.asyncDispose]: () => anchor[Symbol.asyncDispose](),
  };
}

const standing = (hosts: readonly WorldHost[]): number =>
  hosts.reduce((sum, host) => sum + host.standing.size, 0);

Deno.test("TcpAnchor connects and asks each interval, whatever the host answers", async () => {
  await using it = await anchored(["patient"]);
  await it.world.clock.advance(100);
  assert.deepEqual(it.told, ["up"]);
  await it.world.clock.advance(60_000);
  assert.deepEqual(it.told, ["up"], "503 is no reason to leave");
  const [host] = it.hosts;
  assert.equal(host?.requests.length, 4);
  assert.match(host?.requests[0] ?? "", /^HEAD \/ HTTP\/1\.1\r\nHost: host-198\.51\.100\.1\r\n/);
  assert.match(host?.requests[0] ?? "", /Connection: keep-alive\r\n\r\n$/);
  assert.equal(host?.arrivedMs.length, 1);
});

Deno.test("TcpAnchor goes to another host when the connection breaks, and tells it", async () => {
  await using it = await anchored(["resets-after-request", "patient"]);
  await it.world.clock.advance(16_000);
  assert.deepEqual(it.told, ["up", "down", "break ECONNRESET", "up"]);
  assert.deepEqual(it.hosts.map(({ standing }) => standing.size), [0, 1]);
});

Deno.test("TcpAnchor takes a host that closes for no break", async () => {
  await using it = await anchored(["closes-after-request", "closes-after-request"]);
  await it.world.clock.advance(120_000);
  assert.ok(!it.told.some((one) => one.startsWith("break")), `${it.told}`);
  assert.deepEqual(it.hosts.map(({ arrivedMs }) => arrivedMs.length > 2), [true, true]);
});

Deno.test("TcpAnchor has its new connection before it gives up the old one where hosts differ", async () => {
  await using it = await anchored(["closes-after-request", "patient"]);
  await it.world.clock.advance(16_000);
  assert.deepEqual(it.story, [
    "connect 198.51.100.1",
    "open 198.51.100.1",
    "connect 198.51.100.2",
    "open 198.51.100.2",
    "abort 198.51.100.1",
  ]);
});

Deno.test("TcpAnchor gives up the old connection first where the destination is the same", async () => {
  await using it = await anchored(["closes-after-request"]);
  await it.world.clock.advance(16_000);
  assert.deepEqual(it.story, [
    "connect 198.51.100.1",
    "open 198.51.100.1",
    "abort 198.51.100.1",
    "connect 198.51.100.1",
    "open 198.51.100.1",
  ]);
});

Deno.test("TcpAnchor.renew() aborts at once and connects elsewhere", async () => {
  await using it = await anchored(["patient", "patient"]);
  await it.world.clock.advance(5_000);
  it.anchor.renew();
  assert.deepEqual(it.story.slice(2), ["abort 198.51.100.1"]);
  await it.world.clock.advance(100);
  assert.deepEqual(it.story.slice(2), [
    "abort 198.51.100.1",
    "connect 198.51.100.2",
    "open 198.51.100.2",
  ]);
  assert.equal(it.told.at(-1), "up");
  assert.ok(!it.told.some((one) => one.startsWith("break")));
});

Deno.test("TcpAnchor.renew() ends a pause between tries", async () => {
  const world = new KeeperWorld();
  await using it = await anchored(["closes-at-once"], world);
  await world.clock.advance(60_000);
  const [host] = it.hosts;
  assert.ok(host !== undefined);
  host.manners = "patient";
  const before = host.arrivedMs.length;
  it.anchor.renew();
  await world.clock.advance(3 * world.net.latencyMs);
  assert.equal(host.arrivedMs.length, before + 1);
  assert.equal(it.told.at(-1), "up");
});

Deno.test("TcpAnchor.renew() gives up an attempt to connect", async () => {
  const world = new KeeperWorld();
  world.net.silent.add("198.51.100.1");
  await using it = await anchored(["patient", "patient"], world);
  await world.clock.advance(100);
  it.anchor.renew();
  await world.clock.advance(100);
  assert.deepEqual(it.told, ["up"]);
  assert.equal(it.hosts[1]?.standing.size, 1);
});

Deno.test("TcpAnchor.check() keeps a connection that answers", async () => {
  await using it = await anchored(["patient", "patient"]);
  await it.world.clock.advance(5_000);
  it.anchor.check();
  it.anchor.check();
  await it.world.clock.advance(5_000);
  assert.deepEqual(it.told, ["up"]);
  assert.equal(it.hosts[0]?.requests.length, 1, "asked at once, and once");
});

Deno.test("TcpAnchor.check() replaces a connection that stays silent, the new one first, and calls it no break", async () => {
  await using it = await anchored(["silent", "patient"]);
  await it.world.clock.advance(5_000);
  assert.deepEqual(it.told, ["up"], "silence alone is no reason to leave");
  it.anchor.check();
  await it.world.clock.advance(2_400);
  assert.deepEqual(it.told, ["up"]);
  await it.world.clock.advance(200);
  assert.deepEqual(it.told, ["up", "down", "up"]);
  assert.deepEqual(it.story.slice(2), [
    "connect 198.51.100.2",
    "open 198.51.100.2",
    "abort 198.51.100.1",
  ]);
});

Deno.test("TcpAnchor.check() does nothing while no connection stands", async () => {
  const world = new KeeperWorld();
  world.net.silent.add("198.51.100.1");
  await using it = await anchored(["patient"], world);
  it.anchor.check();
  await world.clock.advance(3_000);
  assert.deepEqual(it.told, []);
});

Deno.test("TcpAnchor tells that no connection stands when renewing finds no host", async () => {
  await using it = await anchored(["patient"]);
  const { world, told } = it;
  await world.clock.advance(5_000);
  world.net.silent.add("198.51.100.1");
  it.anchor.renew();
  await world.clock.advance(30_000);
  assert.deepEqual(told, ["up", "down"]);
});

Deno.test("TcpAnchor asks another host when a connection does not come about within 4 s", async () => {
  const world = new KeeperWorld();
  world.net.silent.add("198.51.100.1");
  await using it = await anchored(["patient", "patient"], world);
  await world.clock.advance(3_900);
  assert.deepEqual(it.told, []);
  await world.clock.advance(200);
  assert.deepEqual(it.told, ["up"]);
  assert.equal(it.hosts[1]?.standing.size, 1);
});

Deno.test("TcpAnchor asks another host at once when one refuses", async () => {
  const world = new KeeperWorld();
  world.net.names.set("closed", ["198.51.100.200"]);
  const host = await world.addHost("198.51.100.1");
  const told: string[] = [];
  const hosts = [{ host: "closed", port: 80 }, host.spec];
  await using _anchor = TcpAnchor.open({
    platform: world.platform,
    local: LOCAL,
    hosts: new HostRotation({ hosts, family: 4, platform: world.platform }),
    intervalMs: 15_000,
    probe: PROBE,
    onChange: (isUp) => told.push(isUp ? "up" : "down"),
    onBreak: () => assert.fail("nothing broke"),
  });
  await world.clock.advance(100);
  assert.deepEqual(told, ["up"]);
});

for (const manners of ["closes-at-once", "resets-at-once"] as const) {
  Deno.test(`TcpAnchor does not run in circles when every host ${manners.replaceAll("-", " ")}`, async () => {
    await using it = await anchored([manners, manners]);
    await it.world.clock.advance(60_000);
    const early = it.hosts.flatMap(({ arrivedMs }) => arrivedMs).length;
    assert.ok(early >= 5 && early <= 15, `${early} connections in the first minute`);
    await it.world.clock.advance(600_000);
    const late = it.hosts.flatMap(({ arrivedMs }) => arrivedMs).length - early;
    assert.ok(late >= 600 / 15 && late <= 600 / 7.5 + 1, `${late} connections in ten minutes`);
  });
}

Deno.test("TcpAnchor stays with hosts that close after each answer, one connection per interval", async () => {
  await using it = await anchored(["closes-after-request", "closes-after-request"]);
  await it.world.clock.advance(600_000);
  const count = it.hosts.flatMap(({ arrivedMs }) => arrivedMs).length;
  assert.ok(count >= 38 && count <= 41, `${count}`);
  assert.ok(standing(it.hosts) <= 2);
});

Deno.test("TcpAnchor goes on trying, ever more slowly, while all hosts are dead, and is back soon after", async () => {
  await using it = await anchored(["patient", "patient"]);
  const { world, hosts, told, story } = it;
  await world.clock.advance(5_000);
  world.net.silent.add("198.51.100.1").add("198.51.100.2");
  it.anchor.renew();
  story.length = 0;
  await world.clock.advance(600_000);
  const tries = story.filter((one) => one.startsWith("connect")).length;
  assert.ok(tries >= 600 / 20 && tries <= 600 / 10, `${tries} tries in ten minutes`);
  world.net.silent.clear();
  await world.clock.advance(20_000);
  assert.equal(told.at(-1), "up");
  assert.equal(hosts.filter(({ standing }) => standing.size > 0).length, 1);
});

Deno.test("TcpAnchor goes on when no name resolves, and connects when one does", async () => {
  const world = new KeeperWorld();
  const host = await world.addHost("198.51.100.1");
  world.net.names.clear();
  const told: string[] = [];
  await using _anchor = TcpAnchor.open({
    platform: world.platform,
    local: LOCAL,
    hosts: new HostRotation({ hosts: [host.spec], family: 4, platform: world.platform }),
    intervalMs: 15_000,
    probe: PROBE,
    onChange: (isUp) => told.push(isUp ? "up" : "down"),
    onBreak: () => assert.fail("nothing broke"),
  });
  await world.clock.advance(60_000);
  assert.ok(world.net.resolved.length <= 12, `${world.net.resolved.length} queries in a minute`);
  assert.deepEqual(told, []);
  world.net.names.set(host.spec.host, ["198.51.100.1"]);
  await world.clock.advance(20_000);
  assert.deepEqual(told, ["up"]);
});

Deno.test("TcpAnchor connects elsewhere while one name hangs in the resolver", async () => {
  const world = new KeeperWorld();
  const host = await world.addHost("198.51.100.1");
  world.net.names.set("slow", "hang");
  const told: string[] = [];
  const hosts = [{ host: "slow", port: 80 }, host.spec];
  await using _anchor = TcpAnchor.open({
    platform: world.platform,
    local: LOCAL,
    hosts: new HostRotation({ hosts, family: 4, platform: world.platform }),
    intervalMs: 15_000,
    probe: PROBE,
    onChange: (isUp) => told.push(isUp ? "up" : "down"),
    onBreak: () => assert.fail("nothing broke"),
  });
  await world.clock.advance(10_000);
  assert.deepEqual(told, ["up"]);
});

Deno.test("TcpAnchor ends everything when disposed, in whatever state it is", async () => {
  const states: readonly (readonly [string, HostManners, number, boolean])[] = [
    ["connecting", "patient", 5, false],
    ["hanging", "patient", 1_000, true],
    ["standing", "patient", 5_000, false],
    ["half closed", "closes-after-request", 15_025, false],
    ["pausing", "closes-at-once", 30_000, false],
  ];
  for (const [state, manners, ms, isSilent] of states) {
    const world = new KeeperWorld();
    if (isSilent) world.net.silent.add("198.51.100.1");
    const it = await anchored([manners], world);
    await world.clock.advance(ms);
    await it.anchor[Symbol.asyncDispose]();
    const toldBefore = it.told.length;
    const { length } = it.story;
    await world.clock.advance(60_000);
    assert.equal(world.openSockets, 0, state);
    assert.equal(world.clock.pendingTimers, 0, state);
    assert.equal(it.told.length, toldBefore, state);
    assert.equal(it.story.length, length, state);
    assert.equal(standing(it.hosts), 0, state);
    await it.anchor[Symbol.asyncDispose]();
  }
});

Deno.test("TcpAnchor never has two connections to one destination, and never more than two at all", async () => {
  await using it = await anchored(["closes-after-request", "resets-after-request", "closes-at-once"]);
  for (let i = 0; i < 300; i++) {
    await it.world.clock.advance(1_000);
    if (i % 37 === 0) it.anchor.renew();
    const open = new Map<string, number>();
    for (const step of it.story) {
      const [what, where = ""] = step.split(" ");
      if (what === "open") open.set(where, (open.get(where) ?? 0) + 1);
      if (what === "abort") open.set(where, (open.get(where) ?? 0) - 1);
      // A connection that broke by itself needs no abort.
      if (where === "198.51.100.2") open.set(where, 0);
      assert.ok([...open.values()].every((count) => count <= 1), step);
      assert.ok([...open.values()].reduce((a, b) => a + b, 0) <= 2, step);
    }
  }
});
