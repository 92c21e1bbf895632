import assert from "node:assert/strict";
import type { GatewayWay } from "../../../src/core/mapping.ts";
import type { GatewayLease, LeaseState } from "../../../src/gateway/lease.ts";
import { type Gateway, openGateway } from "../../../src/gateway/open_gateway.ts";
import { GATEWAY_WAYS } from "../../../src/gateway/settings.ts";
import type { FakeEntry, FakeRouterOptions } from "./fake_router.ts";
import { FakeRouter } from "./fake_router.ts";
import { type GatewayRig, INTERNAL, LOCAL, never, openRig, ROUTER, surroundingsOf } from "./gateway_rig.ts";

interface LeaseRig extends GatewayRig {
  readonly gateway: Gateway;
  readonly lease: GatewayLease;
  readonly states: LeaseState[];
  /** The router's entry for the port. */
  readonly entry: () => FakeEntry | undefined;
  readonly advance: (ms: number) => Promise<void>;
}

async function openLease(
  options: Partial<FakeRouterOptions> & {
    readonly address?: string;
    readonly asked?: readonly GatewayWay[];
  } = {},
): Promise<LeaseRig> {
  const { asked = GATEWAY_WAYS, ...more } = options;
  const rig = await openRig(more);
  const gateway = openGateway(
    { settings: { ways: asked }, local: LOCAL, surroundings: surroundingsOf(ROUTER) },
    rig.world.platform,
  );
  const states: LeaseState[] = [];
  const lease = gateway.lease({
    protocol: "tcp",
    internal: INTERNAL,
    onChange: (state) => states.push(state),
  });
  return {
    ...{ ...rig, gateway, lease, states },
    entry: () => rig.router.entries.get("tcp 3456"),
    advance: (ms) => rig.world.clock.advance(ms),
    async [Symbol.asyncDispose](): Promise<void> {
      await rig.wait(lease[Symbol.asyncDispose]());
      await rig.wait(gateway[Symbol.asyncDispose]());
      await rig[Symbol.asyncDispose]();
    },
  };
}

function summary(state: LeaseState | undefined): string {
  if (state?.kind !== "granted") return state?.kind === "failing" ? state.error.message : String(state?.kind);
  return state.hops.map(({ router, way, externalPort }) => `${way} ${router}:${externalPort}`).join(", ");
}

for (const way of GATEWAY_WAYS) {
  Deno.test(`GatewayLease asks by ${way}, renews at half of the life, and gives back at the end`, async () => {
    await using rig = await openLease({ ways: [way] });
    const state = await rig.wait(rig.lease.settled(never));
    assert.equal(summary(state), `${way} ${ROUTER}:3456`);
    assert.equal(rig.entry()?.lifetimeSeconds, 600);
    const count = (): number => rig.router.asked.filter((text) => /map|AddPort/.test(text)).length;
    assert.equal(count(), 1);
    await rig.advance(265_000);
    assert.equal(count(), 1, "not too soon");
    await rig.advance(40_000);
    assert.equal(count(), 2, "at half of 600 s");
    assert.equal(rig.states.length, 1, "a renewal is no news");
    await rig.wait(rig.lease[Symbol.asyncDispose](), 1_000);
    assert.equal(rig.router.entries.size, 0);
    await rig.advance(3_600_000);
    assert.deepEqual(rig.strays(), []);
  });

  Deno.test(`GatewayLease notices that a router restarted, ${way}`, async () => {
    await using rig = await openLease({ ways: [way] });
    await rig.wait(rig.lease.settled(never));
    await rig.advance(60_000);
    rig.router.restart();
    assert.equal(rig.entry(), undefined);
    await rig.advance(16_000);
    assert.equal(rig.entry()?.client, LOCAL);
    const before = rig.router.asked.filter((text) => /map|AddPort/.test(text)).length;
    await rig.advance(120_000);
    const after = rig.router.asked.filter((text) => /map|AddPort/.test(text)).length;
    assert.equal(after, before, "once is enough");
  });

  Deno.test(`GatewayLease asks until a router is there again, ${way}`, async () => {
    await using rig = await openLease({ ways: [way] });
    await rig.wait(rig.lease.settled(never));
    rig.router.isSilent = true;
    await rig.advance(120_000);
    rig.router.restart();
    rig.router.isSilent = false;
    await rig.advance(90_000);
    assert.equal(rig.entry()?.client, LOCAL);
    assert.equal(rig.lease.state.kind, "granted");
  });
}

Deno.test("GatewayLease goes on to the next protocol when one says no", async () => {
  await using rig = await openLease();
  rig.router.pcpResult = 2;
  assert.equal(summary(await rig.wait(rig.lease.settled(never))), `nat-pmp ${ROUTER}:3456`);
  await rig.wait(rig.lease[Symbol.asyncDispose]());
  assert.equal(rig.router.entries.size, 0);
});

Deno.test("GatewayLease says what the router said, once, and tries on with growing pauses", async () => {
  await using rig = await openLease({ ways: ["nat-pmp"] });
  rig.router.natPmpResult = 3;
  const state = await rig.wait(rig.lease.settled(never));
  assert.match(
    summary(state),
    /192\.168\.1\.1 by NAT-PMP: it has no usable .* itself; perhaps .* \(100\.64\.0\.2\)/,
  );
  await rig.advance(60_000);
  const early = rig.router.asked.length;
  await rig.advance(3_600_000);
  const late = rig.router.asked.length - early;
  assert.equal(rig.states.length, 1);
  assert.ok(early >= 4 && late < 60, `${early} in the first minute, ${late} in an hour`);
  rig.router.natPmpResult = 0;
  await rig.advance(600_000);
  assert.deepEqual(rig.states.map(({ kind }) => kind), ["failing", "granted"]);
});

Deno.test("GatewayLease guesses no reason where the router names one", async () => {
  await using rig = await openLease({ ways: ["nat-pmp"] });
  rig.router.natPmpResult = 2;
  assert.match(summary(await rig.wait(rig.lease.settled(never))), /it is not allowed there$/);
});

Deno.test("GatewayLease does not storm a router whose epochs make no sense", async () => {
  await using rig = await openLease({ ways: ["pcp"] });
  let epoch = 1_000_000;
  rig.router.epoch = () => epoch -= 1_000;
  await rig.wait(rig.lease.settled(never));
  await rig.advance(60_000);
  const maps = rig.router.asked.filter((text) => text === "pcp map").length;
  assert.ok(maps >= 2 && maps <= 6, `${maps} requests in a minute`);
  assert.equal(rig.states.length, 1);
});

Deno.test("GatewayLease tries the others before a protocol that did not answer again", async () => {
  await using rig = await openLease({ ways: ["pcp", "upnp"] });
  rig.router.isPcpMapSilent = true;
  assert.equal(summary(await rig.wait(rig.lease.settled(never))), `upnp ${ROUTER}:3456`);
  assert.equal(rig.router.asked.filter((text) => text === "pcp map").length, 4, "one exchange");
});

Deno.test("GatewayLease is given back later than its second when other ports still use the router", async () => {
  await using rig = await openLease({ ways: ["nat-pmp"] });
  await rig.wait(rig.lease.settled(never));
  const other = rig.gateway.lease({ protocol: "tcp", internal: { address: LOCAL, port: 4000 } });
  await rig.wait(other.settled(never));
  rig.router.isSilent = true;
  await rig.wait(other[Symbol.asyncDispose](), 1_100);
  assert.ok(rig.router.entries.has("tcp 4000"));
  rig.router.isSilent = false;
  await rig.advance(1_000);
  assert.deepEqual([...rig.router.entries.keys()], ["tcp 3456"]);
});

Deno.test("GatewayLease takes another port from PCP, and shows that it is another one", async () => {
  await using rig = await openLease({ ways: ["pcp"] });
  rig.router.otherPort = 40_000;
  const state = await rig.wait(rig.lease.settled(never));
  assert.ok(state.kind === "granted");
  assert.deepEqual(state.hops[0], {
    ...{ router: ROUTER, way: "pcp", externalAddress: "100.64.0.2" },
    ...{ externalPort: 40_000, wantedPort: 3456, lifetimeSeconds: 600 },
  });
});

Deno.test("GatewayLease.retarget() gives the old port back and asks for the new one", async () => {
  for (const way of GATEWAY_WAYS) {
    await using rig = await openLease({ ways: [way] });
    await rig.wait(rig.lease.settled(never));
    rig.lease.retarget(14_500);
    assert.equal(rig.lease.state.kind, "asking");
    assert.equal(summary(await rig.wait(rig.lease.settled(never))), `${way} ${ROUTER}:14500`);
    assert.deepEqual([...rig.router.entries.keys()], ["tcp 14500"]);
  }
});

Deno.test("GatewayLease ends within a second when the router is silent, and at once while it asks", async () => {
  await using rig = await openLease();
  await rig.wait(rig.lease.settled(never));
  rig.router.isSilent = true;
  await rig.wait(rig.lease[Symbol.asyncDispose](), 1_050);
  const asking = rig.gateway.lease({ protocol: "udp", internal: INTERNAL });
  await rig.advance(300);
  await rig.wait(asking[Symbol.asyncDispose](), 0);
});

Deno.test("GatewayLease.settled() throws the reason when it is aborted", async () => {
  await using rig = await openLease();
  rig.router.isSilent = true;
  const controller = new AbortController();
  const reason = new Error("enough");
  const settled = assert.rejects(rig.lease.settled(controller.signal), reason);
  await rig.advance(100);
  controller.abort(reason);
  await settled;
});

Deno.test("openGateway() shares one search and one watch among all ports", async () => {
  await using rig = await openLease({ ways: ["pcp"] });
  const others = Array.from(
    { length: 20 },
    (_, i) => rig.gateway.lease({ protocol: "udp", internal: { address: LOCAL, port: 5000 + i } }),
  );
  await Promise.all(others.map((lease) => rig.wait(lease.settled(never))));
  assert.equal(rig.router.entries.size, 21);
  const announces = (): number => rig.router.asked.filter((text) => text === "pcp announce").length;
  assert.equal(announces(), 1);
  await rig.advance(60_000);
  assert.ok(announces() <= 5, `${announces()} in a minute`);
  rig.router.restart();
  await rig.advance(16_000);
  assert.equal(rig.router.entries.size, 21, "all of them came back");
  await Promise.all(others.map((lease) => rig.wait(lease[Symbol.asyncDispose]())));
  assert.equal(rig.router.entries.size, 1);
});

Deno.test("openGateway() fails with advice when there is no default gateway", async () => {
  await using rig = await openRig();
  const options = { settings: { ways: GATEWAY_WAYS }, local: LOCAL, surroundings: surroundingsOf(undefined) };
  await using gateway = openGateway(options, rig.world.platform);
  await using lease = gateway.lease({ protocol: "tcp", internal: INTERNAL });
  const state = await rig.wait(lease.settled(never));
  assert.match(summary(state), /name the router \(--gateway ADDRESS\)/);
  assert.equal(rig.world.net.sent.length, 0);
});

/** The host, its own router, and the one of the carrier's box above it. */
async function askBoth(inner: readonly GatewayWay[], outer: readonly GatewayWay[]): Promise<string> {
  await using rig = await openRig({ ways: inner, externalAddress: "10.0.0.7" });
  const { net, clock, platform } = rig.world;
  const above = await FakeRouter.open({
    net,
    clock,
    ways: outer,
    address: "10.0.0.1",
    externalAddress: "100.64.9.9",
  });
  // The inner router translates: the outer one sees its address.
  net.route = (packet) =>
    packet.to.address === "10.0.0.1"
      ? { ...packet, from: { address: "10.0.0.7", port: packet.from.port } }
      : packet.from.address === "10.0.0.1"
      ? { ...packet, to: { address: LOCAL, port: packet.to.port } }
      : packet;
  try {
    await using gateway = openGateway({
      settings: { ways: GATEWAY_WAYS, address: "10.0.0.1" },
      ...{ local: LOCAL, surroundings: surroundingsOf(ROUTER) },
    }, platform);
    const lease = gateway.lease({ protocol: "tcp", internal: INTERNAL });
    const state = await rig.wait(lease.settled(never), 30_000);
    const { client = "" } = above.entries.get("tcp 3456") ?? {};
    await rig.wait(lease[Symbol.asyncDispose]());
    assert.equal(above.entries.size + rig.router.entries.size, 0, "both were told to forget it");
    return `${summary(state)}; it leads to ${client}`;
  } finally {
    above[Symbol.dispose]();
  }
}

for (const way of GATEWAY_WAYS) {
  Deno.test(`openGateway() asks the router above the default gateway for the latter's address, ${way}`, async () => {
    assert.equal(
      await askBoth(["nat-pmp"], [way]),
      `nat-pmp ${ROUTER}:3456, ${way} 10.0.0.1:3456; it leads to 10.0.0.7`,
    );
  });
}

Deno.test("openGateway() asks the router above although the nearest one does not answer", async () => {
  assert.equal(await askBoth([], ["nat-pmp"]), "nat-pmp 10.0.0.1:3456; it leads to 10.0.0.7");
});

Deno.test("openGateway() asks a named router of our own network alone", async () => {
  await using rig = await openRig({ address: "192.168.1.254" });
  await using gateway = openGateway({
    settings: { ways: GATEWAY_WAYS, address: "192.168.1.254" },
    ...{ local: LOCAL, surroundings: surroundingsOf(ROUTER) },
  }, rig.world.platform);
  await using lease = gateway.lease({ protocol: "tcp", internal: INTERNAL });
  assert.equal(summary(await rig.wait(lease.settled(never))), "pcp 192.168.1.254:3456");
  assert.deepEqual(rig.strays(), []);
  await rig.wait(lease[Symbol.asyncDispose]());
});
