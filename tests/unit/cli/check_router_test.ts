import assert from "node:assert/strict";
import { lookAtRouter, type RouterView } from "../../../src/cli/check_router.ts";
import type { GatewayWay } from "../../../src/core/mapping.ts";
import { watch } from "../../fakes/fake_world.ts";
import { LOCAL, never, openRig, ROUTER, surroundingsOf } from "../gateway/gateway_rig.ts";

Deno.test("lookAtRouter() asks the default gateway for its far side, by each protocol, and changes nothing", async () => {
  const rows: readonly (readonly [readonly GatewayWay[], RouterView])[] = [
    [["nat-pmp"], { router: ROUTER, far: "100.64.0.2" }],
    [["upnp"], { router: ROUTER, far: "100.64.0.2" }],
    [["pcp", "nat-pmp", "upnp"], { router: ROUTER, far: "100.64.0.2" }],
    [[], { router: ROUTER }],
  ];
  for (const [ways, expected] of rows) {
    await using rig = await openRig({ ways });
    const { platform } = rig.world;
    const start = rig.world.clock.now();
    const surroundings = surroundingsOf(ROUTER);
    const view = await rig.wait(lookAtRouter({ platform, surroundings, local: LOCAL, signal: never }));
    assert.deepEqual({ ...view }, expected, ways.join(" "));
    assert.ok(rig.world.clock.now() - start <= 1550);
    assert.deepEqual(rig.strays(), []);
    assert.equal(rig.router.entries.size, 0);
  }
});

Deno.test("lookAtRouter() asks nobody where no router of the user's can be", async () => {
  await using rig = await openRig();
  const { platform } = rig.world;
  const look = (local: string, gateway: string | undefined): Promise<RouterView> =>
    rig.wait(lookAtRouter({ platform, surroundings: surroundingsOf(gateway), local, signal: never }));
  assert.deepEqual(await look("198.51.100.7", "198.51.100.1"), { router: "198.51.100.1" });
  assert.deepEqual(await look("100.64.3.4", "100.64.0.1"), { router: "100.64.0.1" });
  assert.deepEqual(await look("fd00::2", "fe80::1"), { router: "fe80::1" });
  assert.deepEqual(await look("127.0.0.1", ROUTER), {});
  assert.deepEqual(await look(LOCAL, undefined), { router: undefined });
  assert.deepEqual(rig.router.asked, []);
});

Deno.test("lookAtRouter() ends with the signal's reason", async () => {
  await using rig = await openRig({ ways: [] });
  const ended = new AbortController();
  const look = watch(
    lookAtRouter({
      ...{ platform: rig.world.platform, surroundings: surroundingsOf(ROUTER), local: LOCAL },
      signal: ended.signal,
    }),
  );
  await rig.world.clock.advance(100);
  const reason = new Error("over");
  ended.abort(reason);
  await rig.world.clock.advance(0);
  assert.equal(look.error, reason);
});
