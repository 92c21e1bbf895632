import assert from "node:assert/strict";
import type { NatBehavior } from "../../../src/core/behavior.ts";
import type { Logger } from "../../../src/core/log.ts";
import type { Reachability } from "../../../src/core/mapping.ts";
import { Leases } from "../../../src/daemon/leases.ts";
import { describeHop, TunnelGateway } from "../../../src/daemon/tunnel_gateway.ts";
import type { LeaseHop } from "../../../src/gateway/lease.ts";
import { type Gateway, openGateway } from "../../../src/gateway/open_gateway.ts";
import { GATEWAY_WAYS, type GatewayMode } from "../../../src/gateway/settings.ts";
import { planFor } from "../../fakes/tunnel_plan.ts";
import type { FakeRouterOptions } from "../gateway/fake_router.ts";
import { type GatewayRig, INTERNAL, never, openRig, ROUTER, surroundingsOf } from "../gateway/gateway_rig.ts";

const EXTERNAL = { address: "203.0.113.10", port: 14500 };
const REACHABLE: Reachability = { state: "reachable", evidence: "seen" };
const UNVERIFIED: Reachability = { state: "unverified", reason: "no hairpinning" };

interface TunnelRig extends GatewayRig {
  readonly gateway: TunnelGateway;
  /** `LEVEL text` */
  readonly lines: readonly string[];
  /** From now on this is bound. */
  readonly bind: () => Promise<AsyncDisposable>;
}

async function open(
  mode: GatewayMode,
  options: Partial<FakeRouterOptions> & {
    readonly protocol?: "tcp" | "udp";
    readonly filtering?: NatBehavior;
  } = {},
): Promise<TunnelRig> {
  const { protocol = "tcp", filtering = "unknown", ...more } = options;
  const lines: string[] = [];
  const log = Object.fromEntries(
    ["debug", "info", "warn", "error"].map((
      level,
    ) => [level, (text: string): void => void lines.push(`${level} ${text}`)]),
  ) as unknown as Logger;
  const rig = await openRig({ ...more, log });
  const gateways = new Leases<Gateway>();
  const settings = { mode, ways: GATEWAY_WAYS };
  const gateway = new TunnelGateway(planFor({ protocol, gateway: settings }), {
    platform: rig.world.platform,
    filtering: { look: () => Promise.resolve({ filtering }) },
    take: (local) =>
      gateways.take(local, () =>
        Promise.resolve(
          openGateway({ settings, local, surroundings: surroundingsOf(ROUTER) }, rig.world.platform),
        )),
  });
  return { ...rig, gateway, lines, bind: () => gateway.open(INTERNAL) };
}

Deno.test("TunnelGateway asks at once when it is forced, and gives back with the endpoint", async () => {
  await using rig = await open("force");
  const bound = await rig.bind();
  await rig.wait(rig.gateway.beforeCheck(never));
  assert.equal(rig.gateway.way, "pcp");
  assert.equal(rig.gateway.hops?.[0]?.externalAddress, "100.64.0.2");
  assert.deepEqual(rig.lines, ["info The router 192.168.1.1 lets TCP port 3456 in (PCP)"]);
  await rig.wait(bound[Symbol.asyncDispose]());
  assert.equal(rig.gateway.way, undefined);
  assert.equal(rig.router.entries.size, 0);
});

Deno.test("TunnelGateway asks nobody when it is off, or nothing but loopback is bound", async () => {
  await using rig = await open("off");
  {
    await using _bound = await rig.bind();
    assert.ok(!(await rig.wait(rig.gateway.afterCheck(UNVERIFIED, EXTERNAL, never))));
    assert.equal(await rig.gateway.behind("address-dependent", never), "address-dependent");
  }
  await using forced = await open("force");
  await using _loopback = await forced.gateway.open({ address: "127.0.0.1", port: 1 });
  await rig.world.clock.advance(10_000);
  assert.deepEqual([rig.router.asked, forced.router.asked], [[], []]);
});

Deno.test("TunnelGateway asks by itself only after nobody was seen to get in", async () => {
  await using rig = await open("auto");
  const bound = await rig.bind();
  await rig.world.clock.advance(10_000);
  assert.ok(!(await rig.wait(rig.gateway.afterCheck(REACHABLE, EXTERNAL, never))));
  assert.deepEqual(rig.router.asked, []);
  assert.ok(await rig.wait(rig.gateway.afterCheck(UNVERIFIED, EXTERNAL, never)), "check again");
  assert.equal(rig.gateway.way, "pcp");
  assert.ok(!(await rig.wait(rig.gateway.afterCheck(UNVERIFIED, EXTERNAL, never))), "not for ever");
  await rig.wait(bound[Symbol.asyncDispose]());
});

Deno.test("TunnelGateway leaves a silent router alone until the next verdict when it asks by itself", async () => {
  await using rig = await open("auto", { ways: [] });
  await using _bound = await rig.bind();
  assert.ok(!(await rig.wait(rig.gateway.afterCheck(UNVERIFIED, EXTERNAL, never))));
  const sent = rig.world.net.sent.length;
  await rig.world.clock.advance(3_600_000);
  assert.equal(rig.world.net.sent.length, sent, "not one packet more");
  assert.deepEqual(rig.lines.filter((line) => !line.startsWith("debug")), []);
  await rig.wait(rig.gateway.afterCheck(UNVERIFIED, EXTERNAL, never));
  assert.ok(rig.world.net.sent.length > sent);
});

Deno.test("TunnelGateway warns once when a forced router says no, and never throws", async () => {
  await using rig = await open("force", { ways: ["nat-pmp"] });
  rig.router.natPmpResult = 2;
  await using _bound = await rig.bind();
  assert.ok(!(await rig.wait(rig.gateway.afterCheck(UNVERIFIED, EXTERNAL, never))));
  await rig.world.clock.advance(600_000);
  assert.deepEqual(rig.lines.filter((line) => line.startsWith("warn")), [
    "warn No router lets strangers in to the port",
  ]);
});

Deno.test("TunnelGateway asks for the external port where the router is the one that translates", async () => {
  await using rig = await open("auto", { externalAddress: EXTERNAL.address });
  const bound = await rig.bind();
  assert.ok(await rig.wait(rig.gateway.afterCheck(UNVERIFIED, EXTERNAL, never)));
  assert.deepEqual([...rig.router.entries.keys()], ["tcp 14500"]);
  const moved = { ...EXTERNAL, port: 14_600 };
  assert.ok(await rig.wait(rig.gateway.afterCheck(UNVERIFIED, moved, never)));
  assert.deepEqual([...rig.router.entries.keys()], ["tcp 14600"]);
  await rig.wait(bound[Symbol.asyncDispose]());
  assert.equal(rig.router.entries.size, 0);
});

for (
  const [filtering, expected] of [["endpoint-independent", false], [
    "address-and-port-dependent",
    true,
  ]] as const
) {
  Deno.test(`TunnelGateway asks ${expected} for UDP when filtering is ${filtering}`, async () => {
    await using rig = await open("auto", { protocol: "udp", filtering });
    const bound = await rig.bind();
    assert.equal(await rig.wait(rig.gateway.afterCheck(UNVERIFIED, EXTERNAL, never)), expected);
    const { filtering: seen } = await rig.gateway.look(INTERNAL.address, never);
    assert.equal(seen, expected ? "unknown" : filtering);
    await rig.wait(bound[Symbol.asyncDispose]());
  });
}

Deno.test("TunnelGateway.behind() makes filtering unknown only where a router lets strangers in", async () => {
  await using rig = await open("auto", { protocol: "udp" });
  const bound = await rig.bind();
  assert.equal(await rig.gateway.behind("endpoint-independent", never), "endpoint-independent");
  assert.deepEqual(rig.router.asked, []);
  assert.equal(await rig.wait(rig.gateway.behind("address-and-port-dependent", never)), "unknown");
  await rig.wait(bound[Symbol.asyncDispose]());
  assert.equal(await rig.gateway.behind("address-dependent", never), "address-dependent", "nothing is bound");
  await using silent = await open("auto", { protocol: "udp", ways: [] });
  await using _bound = await silent.bind();
  assert.equal(await silent.wait(silent.gateway.behind("address-dependent", never)), "address-dependent");
});

Deno.test("TunnelGateway asks again when the mapping came back: the router may have restarted", async () => {
  await using rig = await open("force");
  const bound = await rig.bind();
  await rig.wait(rig.gateway.beforeCheck(never));
  rig.router.restart();
  const news = {
    name: "web",
    protocol: "tcp",
    at: new Date(0),
    internal: INTERNAL,
    external: EXTERNAL,
  } as const;
  rig.gateway.note({ event: "mapped", ...news });
  await rig.world.clock.advance(100);
  assert.equal(rig.router.entries.size, 0, "the first announcement says nothing");
  rig.gateway.note({ event: "restored", ...news });
  await rig.world.clock.advance(100);
  assert.equal(rig.router.entries.size, 1);
  await rig.wait(bound[Symbol.asyncDispose]());
});

Deno.test("TunnelGateway starts nothing for an endpoint that is gone", async () => {
  await using rig = await open("auto", { protocol: "udp" });
  const bound = await rig.bind();
  const asking = rig.gateway.afterCheck(UNVERIFIED, EXTERNAL, never);
  await bound[Symbol.asyncDispose]();
  assert.ok(!(await rig.wait(asking)));
  await rig.world.clock.advance(60_000);
  assert.equal(rig.router.entries.size, 0);
});

Deno.test("describeHop() says what is odd about a grant", () => {
  const ports = { externalPort: 3456, wantedPort: 3456 };
  const hop: LeaseHop = { router: ROUTER, way: "upnp", ...ports, lifetimeSeconds: 600 };
  assert.equal(describeHop(hop, "TCP").level, "info");
  assert.match(describeHop({ ...hop, lifetimeSeconds: Infinity }, "TCP").text, /knows no leases/);
  const other = describeHop({ ...hop, externalPort: 4000 }, "TCP");
  assert.equal(other.level, "warn");
  assert.match(other.text, /4000 in \(UPnP\) instead of 3456/);
});
