import assert from "node:assert/strict";
import { SERVERS_FOR_FAST_CANARY } from "../../../src/keeper/canary.ts";
import { Uplink, type UplinkOptions } from "../../../src/keeper/uplink.ts";
import { settle } from "../../fakes/fake_clock.ts";
import { kernelError } from "../../fakes/fake_net.ts";
import { KeeperWorld, type WorldHost, type WorldStun } from "../../fakes/keeper_world.ts";
import { unplug } from "../../fakes/kept_mapping.ts";

interface Linked extends AsyncDisposable {
  readonly world: KeeperWorld;
  readonly uplink: Uplink;
  readonly servers: readonly WorldStun[];
  /** What a listener was told: `address X`, `doubt REASON`, `restart REASON`. */
  readonly told: string[];
}

async function link(
  options: Partial<UplinkOptions> & { readonly stunCount?: number } = {},
  world: KeeperWorld = new KeeperWorld(),
): Promise<Linked> {
  const { stunCount = 0, ...rest } = options;
  const servers: WorldStun[] = [];
  for (let i = 1; i <= stunCount; i++) servers.push(await world.addStun(`198.51.100.${i}`));
  const uplink = await Uplink.open({
    platform: world.platform,
    family: 4,
    towards: { address: "192.0.2.1", port: 53 },
    canaryServers: servers.map(({ spec }) => spec),
    sentinelHosts: [],
    ...rest,
  });
  const told: string[] = [];
  uplink.subscribe({
    onAddress: (address) => told.push(`address ${address}`),
    onDoubt: ({ reason, isRestart }) => void told.push(`${isRestart ? "restart" : "doubt"} ${reason}`),
  });
  return { world, uplink, servers, told, [Symbol.asyncDispose]: () => uplink[Symbol.asyncDispose]() };
}

const someHost = (world: KeeperWorld): Promise<WorldHost> => world.addHost("198.51.100.80");

Deno.test("Uplink tells the local address at once, and each change of it", async () => {
  await using it = await link();
  assert.equal(it.uplink.address, "192.168.1.2");
  it.world.net.changeAddresses("192.168.1.3");
  await settle();
  it.world.net.changeAddresses("192.168.1.3");
  await settle();
  assert.deepEqual(it.told, ["address 192.168.1.2", "address 192.168.1.3"]);
});

Deno.test("Uplink finds a change that nobody told within 30 s", async () => {
  await using it = await link();
  it.world.net.localAddress = "192.168.1.3";
  await it.world.clock.advance(30_000);
  assert.deepEqual(it.told, ["address 192.168.1.2", "address 192.168.1.3"]);
});

Deno.test("Uplink takes no route for no error, and looks every 2 s for one", async () => {
  const world = new KeeperWorld();
  const unplugged = unplug(world);
  await using it = await link({}, world);
  assert.equal(it.uplink.address, undefined);
  assert.ok(world.log.lines.some((line) => line.startsWith("warn No route")), `${world.log.lines}`);
  await world.clock.advance(60_000);
  assert.deepEqual(it.told, ["address undefined"]);
  unplugged[Symbol.dispose]();
  await world.clock.advance(2_000);
  assert.deepEqual(it.told, ["address undefined", "address 192.168.1.2"]);
});

Deno.test("Uplink takes a fixed address while it can be bound", async () => {
  const world = new KeeperWorld();
  await using it = await link({ bindAddress: "10.9.9.9" }, world);
  assert.deepEqual(it.told, ["address 10.9.9.9"]);
  assert.equal(world.openSockets, 0, "the trial was closed");
  const openDatagram = world.net.openDatagram.bind(world.net);
  world.net.openDatagram = () => Promise.reject(kernelError("EADDRNOTAVAIL", "bind"));
  world.net.changeAddresses("192.168.1.3");
  await settle();
  world.net.openDatagram = openDatagram;
  await world.clock.advance(2_000);
  assert.deepEqual(it.told, ["address 10.9.9.9", "address undefined", "address 10.9.9.9"]);
});

Deno.test("Uplink.subscribe() ends with its disposal", async () => {
  await using it = await link();
  const told: unknown[] = [];
  const subscription = it.uplink.subscribe({
    onAddress: (address) => told.push(address),
    onDoubt: (reason) => told.push(reason),
  });
  subscription[Symbol.dispose]();
  const isRestart = false;
  it.uplink.raiseDoubt({ reason: "x", isRestart });
  it.world.net.changeAddresses("192.168.1.3");
  await settle();
  assert.deepEqual(told, ["192.168.1.2"]);
});

Deno.test("Uplink.raiseDoubt() takes signs in quick succession for one, but never swallows a restart", async () => {
  await using it = await link();
  const { uplink, world, told } = it;
  told.length = 0;
  const doubt = (reason: string, isRestart: boolean): void => void uplink.raiseDoubt({ reason, isRestart });
  const isRestart = true;
  doubt("a", !isRestart);
  doubt("b", !isRestart);
  await world.clock.advance(1_999);
  doubt("c", !isRestart);
  doubt("d", isRestart);
  doubt("e", isRestart);
  await world.clock.advance(1_999);
  doubt("f", !isRestart);
  await world.clock.advance(1);
  doubt("g", !isRestart);
  assert.deepEqual(told, ["doubt a", "restart d", "restart e", "doubt g"]);
});

Deno.test("Uplink turns the canary's songs into doubt", async () => {
  await using it = await link({ stunCount: 5 });
  const { world, told, servers } = it;
  await world.clock.advance(20_100);
  world.nat.restart();
  await world.clock.advance(2_100);
  assert.deepEqual(told, ["address 192.168.1.2", "restart canary: endpoint-changed"]);
  await world.clock.advance(20_000);
  for (const server of servers) server.die();
  await world.clock.advance(20_000);
  assert.deepEqual(told.slice(2), ["doubt canary: silence"]);
});

Deno.test("Uplink moves the canary when the address changes", async () => {
  await using it = await link({ stunCount: 5 });
  const { world, told } = it;
  await world.clock.advance(20_100);
  world.net.changeAddresses("192.168.1.3");
  await world.clock.advance(100);
  assert.equal(world.net.sent.findLast(({ to }) => to.port === 3478)?.from.address, "192.168.1.3");
  assert.equal(world.openSockets, 1);
  await world.clock.advance(20_000);
  assert.deepEqual(told, ["address 192.168.1.2", "address 192.168.1.3"], "a new canary has no past");
});

Deno.test("Uplink closes the canary while there is no address", async () => {
  await using it = await link({ stunCount: 5 });
  const { world } = it;
  await world.clock.advance(5_000);
  using _unplugged = unplug(world);
  world.net.changeAddresses("-");
  await world.clock.advance(0);
  assert.equal(world.openSockets, 0);
  await world.clock.advance(100);
  const sent = world.net.sent.length;
  await world.clock.advance(60_000);
  assert.equal(world.net.sent.length, sent);
});

Deno.test("Uplink opens a sentinel after the mappings' first packets, and takes its break for doubt", async () => {
  for (const stunCount of [0, 2, SERVERS_FOR_FAST_CANARY]) {
    const world = new KeeperWorld();
    const host = await someHost(world);
    await using it = await link({ stunCount, sentinelHosts: [host.spec] }, world);
    await world.clock.advance(900);
    assert.equal(host.standing.size, 0);
    await world.clock.advance(4_100);
    assert.equal(host.standing.size, 1);
    host.manners = "resets-after-request";
    await world.clock.advance(30_000);
    assert.deepEqual(it.told.filter((one) => one.startsWith("doubt")), ["doubt sentinel: ECONNRESET"]);
  }
});

Deno.test("Uplink puts off a sentinel's doubt that follows another one too soon", async () => {
  const world = new KeeperWorld();
  const host = await world.addHost("198.51.100.80", "resets-after-request");
  await using it = await link({ sentinelHosts: [host.spec] }, world);
  it.told.length = 0;
  // Its connection stands since 1 s, and breaks by the request 30 s later.
  await world.clock.advance(30_000);
  it.uplink.raiseDoubt({ reason: "a keep-alive connection" });
  await world.clock.advance(1_900);
  assert.deepEqual(it.told, ["doubt a keep-alive connection"]);
  await world.clock.advance(200);
  assert.deepEqual(it.told, ["doubt a keep-alive connection", "doubt sentinel: ECONNRESET"]);
});

Deno.test("Uplink renews the sentinel when the canary saw a restart", async () => {
  const world = new KeeperWorld();
  const host = await someHost(world);
  await using it = await link({ stunCount: 5, sentinelHosts: [host.spec] }, world);
  await world.clock.advance(20_100);
  const before = host.arrivedMs.length;
  world.nat.restart();
  await world.clock.advance(2_500);
  assert.equal(host.arrivedMs.length, before + 1);
  assert.equal(host.standing.size, 1);
  assert.deepEqual(it.told.slice(1), ["restart canary: endpoint-changed"]);
});

Deno.test("Uplink goes on without a canary that cannot be opened", async () => {
  const world = new KeeperWorld();
  const servers = [{ host: "198.51.100.1", port: 3478 }];
  world.net.openDatagram = () => Promise.reject(kernelError("EMFILE", "socket"));
  await using it = await link({ canaryServers: servers }, world);
  assert.deepEqual(it.told, ["address 192.168.1.2"]);
  assert.ok(world.log.lines.some((line) => line.startsWith("warn") && line.includes("EMFILE")));
});

Deno.test("Uplink leaves neither socket nor timer when disposed", async () => {
  const world = new KeeperWorld();
  const host = await someHost(world);
  const it = await link({ stunCount: 2, sentinelHosts: [host.spec] }, world);
  await world.clock.advance(20_100);
  await it.uplink[Symbol.asyncDispose]();
  await world.clock.advance(100);
  assert.equal(world.openSockets, 0);
  assert.equal(world.clock.pendingTimers, 0);
  const told = it.told.length;
  world.net.changeAddresses("192.168.1.3");
  await world.clock.advance(60_000);
  assert.equal(it.told.length, told);
});

Deno.test("Uplink leaves no timer when disposed while it tells a new address", async () => {
  await using it = await link({ stunCount: 2 });
  const { world, uplink } = it;
  let closing: Promise<void> | undefined;
  uplink.subscribe({
    onAddress: (address) => {
      if (address === "192.168.1.3") closing = uplink[Symbol.asyncDispose]();
    },
    onDoubt: () => {},
  });
  world.net.changeAddresses("192.168.1.3");
  await settle();
  assert.ok(closing !== undefined);
  await closing;
  await world.clock.advance(1_000);
  assert.equal(world.openSockets, 0);
  assert.equal(world.clock.pendingTimers, 0);
});
