import assert from "node:assert/strict";
import type { NatBehavior } from "../../../../../src/core/behavior.ts";
import { systemClock } from "../../../../../src/core/clock.ts";
import type { HostPort } from "../../../../../src/core/endpoint.ts";
import { silentLogger } from "../../../../../src/core/log.ts";
import { systemRandom } from "../../../../../src/core/random.ts";
import type { NatProfile } from "../../../../../src/box/nat_profile.ts";
import { openDemoWorld } from "../../../../../src/cli/demo_world.ts";
import { checkTransportNat } from "../../../../../src/cli/compat/natter/check_nat.ts";
import type { NatCheck, NatType } from "../../../../../src/cli/compat/natter/nat_check.ts";
import { openNet } from "../../../../../src/net/open_net.ts";
import { fakeNat } from "../../../../fakes/fake_nat.ts";
import { openFakeWorld, watch } from "../../../../fakes/fake_world.ts";
import { boxTest } from "../../../box/box_rig.ts";

const never = new AbortController().signal;
const FIRST = { address: "198.51.100.1", port: 3478 };
const SECOND = { address: "198.51.100.2", port: 3479 };
const THIRD = { address: "198.51.100.9", port: 3478 };
const SERVERS: readonly HostPort[] = [FIRST, THIRD].map(({ address, port }) => ({ host: address, port }));

async function checkBehind(mapping: NatBehavior, filtering: NatBehavior): Promise<NatCheck | undefined> {
  const world = openFakeWorld();
  world.net.route = fakeNat({ inside: "192.168.1.2", external: "203.0.113.10", mapping, filtering });
  await using _first = await world.serveStun(FIRST, SECOND);
  await using _third = await world.serveStun(THIRD);
  const open = world.net.open.size;
  const options = { platform: world.platform, servers: SERVERS, signal: never };
  const result = watch(checkTransportNat("udp", options));
  await world.clock.advance(15_000);
  assert.equal(result.error, undefined);
  assert.equal(world.net.open.size, open);
  assert.equal(world.clock.pendingTimers, 0);
  return result.value;
}

Deno.test("checkTransportNat() tells every NAT apart over UDP", async (t) => {
  const independent = "endpoint-independent";
  const strict = "address-and-port-dependent";
  const table: readonly (readonly [NatBehavior, NatBehavior, NatType])[] = [
    [independent, independent, "full-cone"],
    [independent, "address-dependent", "restricted"],
    [independent, strict, "port-restricted"],
    [strict, strict, "symmetric"],
    ["address-dependent", independent, "symmetric"],
  ];
  for (const [mapping, filtering, expected] of table) {
    await t.step(`${mapping} mapping, ${filtering} filtering`, async () => {
      assert.equal((await checkBehind(mapping, filtering))?.type, expected);
    });
  }
});

Deno.test("checkTransportNat() says unknown when servers are too few", async () => {
  const world = openFakeWorld();
  world.net.route = fakeNat({
    inside: "192.168.1.2",
    external: "203.0.113.10",
    mapping: "endpoint-independent",
    filtering: "endpoint-independent",
  });
  await using _third = await world.serveStun(THIRD);
  const options = { platform: world.platform, servers: SERVERS.slice(1), signal: never };
  const one = watch(checkTransportNat("udp", options));
  await world.clock.advance(15_000);
  assert.deepEqual([one.value?.type, one.value?.mapping], ["unknown", "unknown"]);
  assert.match(one.value?.reason ?? "", /few/);
});

Deno.test("checkTransportNat() ends within its limit when nobody answers, and at once when aborted", async () => {
  const world = openFakeWorld();
  const silent = Array.from({ length: 12 }, (_, i) => ({ host: `198.51.100.${i + 20}`, port: 3478 }));
  for (const { host } of silent) world.net.silent.add(host);
  const options = { platform: world.platform, servers: silent };
  const late = watch(checkTransportNat("udp", { ...options, signal: never }));
  await world.clock.advance(15_000);
  assert.match(late.value?.reason ?? "", /no STUN server answered/);
  const ended = new AbortController();
  const cut = watch(checkTransportNat("udp", { ...options, signal: ended.signal }));
  await world.clock.advance(100);
  const reason = new Error("over");
  ended.abort(reason);
  await world.clock.advance(0);
  assert.equal(cut.error, reason);
  assert.equal(world.net.open.size, 0);
});

Deno.test("checkTransportNat() says unknown without a route, and throws if the port is taken", async () => {
  const world = openFakeWorld();
  const refused = Object.assign(new Error("Cannot bind"), { code: "EADDRINUSE" });
  const options = { platform: world.platform, servers: SERVERS, signal: never };
  {
    const net = { ...world.platform.net, openDatagram: () => Promise.reject(refused) };
    Object.setPrototypeOf(net, world.platform.net);
    const platform = { ...world.platform, net };
    const busy = watch(checkTransportNat("udp", { ...options, platform, address: "192.168.1.2" }));
    await world.clock.advance(15_000);
    assert.equal(busy.error, refused);
  }
  world.net.localAddressTowards = (): Promise<string> =>
    Promise.reject(Object.assign(new Error("no route"), { code: "ENETUNREACH" }));
  for (const protocol of ["udp", "tcp"] as const) {
    const check = watch(checkTransportNat(protocol, options));
    await world.clock.advance(15_000);
    assert.match(check.value?.reason ?? "", /^no route/);
  }
});

const PROFILES: readonly (readonly [NatProfile, NatType, NatCheck["mapping"]])[] = [
  ["full-cone", "full-cone", "same"],
  ["port-restricted", "unknown", "same"],
  ["symmetric", "symmetric", "differs"],
];
for (const [profile, type, mapping] of PROFILES) {
  boxTest(`checkTransportNat() finds what there is to see over TCP of a ${profile} NAT`, async () => {
    await using net = openNet({ log: silentLogger });
    const platform = { net, clock: systemClock, random: systemRandom, log: silentLogger };
    await using world = await openDemoWorld(platform, { profile });
    const servers = world.stunServers.map(({ address, port }) => ({ host: address, port }));
    const check = await checkTransportNat("tcp", { platform, address: world.home, servers, signal: never });
    assert.deepEqual([check.type, check.mapping], [type, mapping], JSON.stringify(check));
  });
}
