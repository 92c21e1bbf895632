import assert from "node:assert/strict";
import { GatewayError } from "../../../src/gateway/errors.ts";
import { findMappers, type FindMappersOptions } from "../../../src/gateway/find_mappers.ts";
import { GATEWAY_WAYS } from "../../../src/gateway/settings.ts";
import { watch } from "../../fakes/fake_world.ts";
import { never, openRig, waysOf } from "./gateway_rig.ts";

const OPTIONS: FindMappersOptions = {
  ways: GATEWAY_WAYS,
  isNear: true,
  onForgotten: () => {},
  signal: never,
};

Deno.test("findMappers() takes PCP at once when it answers first", async () => {
  await using rig = await openRig();
  const mappers = await rig.wait(findMappers(rig.link, OPTIONS), 100);
  assert.equal(mappers[0]?.way, "pcp");
});

Deno.test("findMappers() gives every protocol that answers when all are waited for, the best one first", async () => {
  await using rig = await openRig();
  const mappers = await rig.wait(findMappers(rig.link, { ...OPTIONS, waitsForAll: true }));
  assert.equal(waysOf(mappers), "pcp nat-pmp upnp");
});

Deno.test("findMappers() waits for better protocols for a short time only", async () => {
  await using rig = await openRig({ ways: ["upnp"] });
  const start = rig.world.clock.now();
  const mappers = await rig.wait(findMappers(rig.link, OPTIONS));
  assert.equal(waysOf(mappers), "upnp");
  assert.ok(rig.world.clock.now() - start < 1_000);
});

for (const way of GATEWAY_WAYS) {
  Deno.test(`findMappers() finds ${way} alone`, async () => {
    await using rig = await openRig({ ways: [way] });
    assert.equal(waysOf(await rig.wait(findMappers(rig.link, OPTIONS))), way);
  });

  Deno.test(`findMappers() tries nothing but ${way} when told so`, async () => {
    await using rig = await openRig();
    const mappers = await rig.wait(findMappers(rig.link, { ...OPTIONS, ways: [way], waitsForAll: true }));
    assert.equal(waysOf(mappers), way);
    const others = rig.router.asked.filter((text) => !text.startsWith(way === "upnp" ? "" : way));
    assert.deepEqual(others, []);
  });
}

Deno.test("findMappers() takes UPnP when the router hears multicast only", async () => {
  await using rig = await openRig({ ways: ["upnp"] });
  rig.world.net.route = (packet) => {
    if (packet.to.port !== 1900) return packet;
    return packet.to.address === "239.255.255.250"
      ? { ...packet, to: { address: rig.router.address, port: 1900 } }
      : undefined;
  };
  assert.equal(waysOf(await rig.wait(findMappers(rig.link, OPTIONS))), "upnp");
  const far = watch(findMappers(rig.link, { ...OPTIONS, isNear: false }));
  await rig.world.clock.advance(5_000);
  assert.ok(far.error instanceof GatewayError, "a router that is further away is not searched so");
});

Deno.test("findMappers() throws when nobody answers, and nobody else was asked", async () => {
  await using rig = await openRig();
  rig.router.isSilent = true;
  const failing = assert.rejects(findMappers(rig.link, OPTIONS), { code: "gateway", fault: "silent" });
  await rig.wait(failing);
  assert.deepEqual(rig.strays(), []);
});

Deno.test("findMappers() asks by PCP only over IPv6", async () => {
  await using rig = await openRig();
  const link = { ...rig.link, router: "2001:db8::1", local: "2001:db8::2" };
  await rig.wait(assert.rejects(findMappers(link, OPTIONS), GatewayError));
  assert.deepEqual([...new Set(rig.world.net.sent.map(({ to }) => to.port))], [5351]);
});

Deno.test("findMappers() ends at once when it is aborted", async () => {
  await using rig = await openRig();
  rig.router.isSilent = true;
  const controller = new AbortController();
  const finding = watch(findMappers(rig.link, { ...OPTIONS, signal: controller.signal }));
  await rig.world.clock.advance(100);
  const reason = new Error("enough");
  controller.abort(reason);
  await rig.world.clock.advance(0);
  assert.equal(finding.error, reason);
});
