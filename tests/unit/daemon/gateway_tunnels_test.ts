// Loaded lazily by what is tested; a fake clock does not wait for a disk.
import "../../../src/gateway/open_gateway.ts";
import "../../../src/gateway/surroundings.ts";
import assert from "node:assert/strict";
import type { HostPort } from "../../../src/core/endpoint.ts";
import { Feed } from "../../../src/core/feed.ts";
import type { MappingEvent } from "../../../src/core/mapping.ts";
import { TunnelSet } from "../../../src/daemon/tunnel_set.ts";
import { GATEWAY_WAYS, type GatewayMode } from "../../../src/gateway/settings.ts";
import type { TunnelPlan } from "../../../src/plan/tunnel_plan.ts";
import { KeeperWorld } from "../../fakes/keeper_world.ts";
import { planFor } from "../../fakes/tunnel_plan.ts";
import { FakeRouter } from "../gateway/fake_router.ts";
import { surroundingsOf } from "../gateway/gateway_rig.ts";

interface Rig extends AsyncDisposable {
  readonly world: KeeperWorld;
  readonly router: FakeRouter;
  readonly set: TunnelSet;
  readonly events: readonly MappingEvent[];
  readonly plan: (mode: GatewayMode, changes?: Partial<TunnelPlan>) => TunnelPlan;
}

async function open(): Promise<Rig> {
  const world = new KeeperWorld();
  const { net, clock } = world;
  const router = await FakeRouter.open({ net, clock, ways: ["pcp"] });
  const servers: HostPort[] = [];
  for (let i = 1; i <= 3; i++) servers.push((await world.addStun(`198.51.100.${i}`)).spec);
  const host = await world.addHost("198.51.100.81");
  const events: MappingEvent[] = [];
  const feed = new Feed<MappingEvent>((error) => {
    throw error;
  });
  feed.subscribe((event) => events.push(event));
  const set = new TunnelSet({
    ...{ platform: world.platform, feed, lang: "en", endsWhenUnusable: false },
    surroundings: surroundingsOf(router.address),
  });
  return {
    ...{ world, router, set, events },
    plan: (mode, changes) =>
      planFor({
        ...{ stunServers: servers, canaryServers: servers, keepAliveHosts: [host.spec] },
        gateway: { mode, ways: GATEWAY_WAYS },
        ...changes,
      }),
    async [Symbol.asyncDispose](): Promise<void> {
      const ending = set[Symbol.asyncDispose]();
      await world.clock.advance(2_000);
      await ending;
      assert.equal(router.entries.size, 0, "the router was not told");
      router[Symbol.dispose]();
      assert.equal(world.clock.pendingTimers, 0, "a timer was left");
    },
  };
}

Deno.test("TunnelSet asks the router for each tunnel, tells by which protocol, and gives back", async () => {
  await using rig = await open();
  const { world, set, plan, router, events } = rig;
  await set.apply([
    plan("force"),
    plan("force", { name: "game", protocol: "udp", port: { kind: "fixed", port: 7777 } }),
  ]);
  await world.clock.advance(20_000);
  assert.deepEqual([...router.entries.keys()].sort(), ["tcp 3456", "udp 7777"]);
  assert.deepEqual(set.vitals("web", "tcp")?.gateway?.map(({ way }) => way), ["pcp"]);
  const checked = events.filter((event) => event.event === "checked");
  assert.deepEqual(checked.map(({ name, gateway }) => `${name} ${gateway}`).sort(), ["game pcp", "web pcp"]);
  const applying = set.apply([plan("force")]);
  await world.clock.advance(2_000);
  await applying;
  assert.deepEqual([...router.entries.keys()], ["tcp 3456"], "only what left is given back");
});

Deno.test("TunnelSet checks again after it asked a router by itself", async () => {
  await using rig = await open();
  const { world, set, plan, router, events } = rig;
  await set.apply([plan("auto")]);
  await world.clock.advance(40_000);
  assert.deepEqual([...router.entries.keys()], ["tcp 3456"]);
  const checked = events.filter((event) => event.event === "checked");
  assert.deepEqual(checked.map(({ gateway }) => gateway), [undefined, "pcp"]);
});

Deno.test("TunnelSet asks no router when that is off", async () => {
  await using rig = await open();
  await rig.set.apply([rig.plan("off")]);
  await rig.world.clock.advance(60_000);
  assert.deepEqual(rig.router.asked, []);
});

Deno.test("TunnelSet keeps the mapping whatever a router does", async () => {
  await using rig = await open();
  const { world, set, plan, router, events } = rig;
  await set.apply([plan("force")]);
  await world.clock.advance(20_000);
  router.isSilent = true;
  await world.clock.advance(900_000);
  const told = events.filter(({ event }) => event !== "checked").map(({ event }) => event);
  assert.deepEqual(told, ["mapped"]);
  router.isSilent = false;
  await world.clock.advance(90_000);
  assert.deepEqual([...router.entries.keys()], ["tcp 3456"]);
});
