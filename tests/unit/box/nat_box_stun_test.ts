import assert from "node:assert/strict";
import { systemClock } from "../../../src/core/clock.ts";
import type { NatBehavior } from "../../../src/core/behavior.ts";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import { silentLogger } from "../../../src/core/log.ts";
import type { Protocol } from "../../../src/core/mapping.ts";
import type { Platform } from "../../../src/core/platform.ts";
import { systemRandom } from "../../../src/core/random.ts";
import { probeUdpFiltering } from "../../../src/behavior/probe_filtering.ts";
import { openNatBox } from "../../../src/box/nat_box.ts";
import type { NatProfile } from "../../../src/box/nat_profile.ts";
import { OutsideNet } from "../../../src/box/outside_net.ts";
import { openNet } from "../../../src/net/open_net.ts";
import { requestBinding } from "../../../src/stun/request_binding.ts";
import { openStunServer } from "../../../src/stun/stun_server.ts";
import { boxTest, freshAddress } from "./box_rig.ts";

interface StunWorld extends AsyncDisposable {
  readonly platform: Platform;
  readonly external: string;
  readonly host: string;
  /** As the inside knows it. */
  readonly primary: Endpoint;
}

/** A box with one server of RFC 5780 behind it, on four endpoints. */
async function openStunWorld(profile: NatProfile): Promise<StunWorld> {
  await using stack = new AsyncDisposableStack();
  const net = stack.use(openNet({ log: silentLogger }));
  const platform = { net, clock: systemClock, random: systemRandom, log: silentLogger };
  const [a, b, external] = [freshAddress(), freshAddress(), freshAddress()];
  const outside = new OutsideNet(net, [a, b].map((inside) => ({ inside, outside: freshAddress() })));
  const server = stack.use(
    await openStunServer({
      net: outside,
      listen: { address: a, port: 0 },
      alternate: { address: b, port: 0 },
      log: silentLogger,
    }),
  );
  assert.ok(server.alternate);
  const ports = [server.listen.port, server.alternate.port];
  const facades = [a, b].flatMap((address) => ports.map((port) => ({ address, port })))
    .map((inside) => ({ inside, outside: outside.outsideOf(inside) }));
  stack.use(await openNatBox({ platform, profile, external, facades }));
  const owned = stack.move();
  return {
    platform,
    external,
    host: freshAddress(),
    primary: server.listen,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const CASES: readonly { profile: NatProfile; protocol: Protocol; samePort: boolean }[] = [
  { profile: "full-cone", protocol: "udp", samePort: true },
  { profile: "full-cone", protocol: "tcp", samePort: true },
  { profile: "port-restricted", protocol: "udp", samePort: true },
  { profile: "port-restricted", protocol: "tcp", samePort: true },
  { profile: "symmetric", protocol: "udp", samePort: false },
  { profile: "symmetric", protocol: "tcp", samePort: false },
];

for (const { profile, protocol, samePort } of CASES) {
  boxTest(
    `openNatBox() lets the inside ask a STUN server and its alternate over ${protocol}, ${profile}`,
    async () => {
      await using world = await openStunWorld(profile);
      const { platform, primary } = world;
      using held = await platform.net.reservePort({
        local: { address: world.host, port: 0 },
        reusePort: true,
      });
      const ask = (server: Endpoint): ReturnType<typeof requestBinding> =>
        requestBinding({ platform, protocol, server, local: held.local, reusePort: true, timeoutMs: 3000 });
      const first = await ask(primary);
      assert.equal(first.reflexive.address, world.external);
      assert.notEqual(first.reflexive.port, held.local.port);
      assert.deepEqual(first.responseOrigin, primary);
      assert.ok(first.otherAddress, "the inside is told where the alternate is");
      const second = await ask(first.otherAddress);
      assert.deepEqual(second.responseOrigin, first.otherAddress);
      assert.equal(second.reflexive.port === first.reflexive.port, samePort);
    },
  );
}

const FILTERINGS: readonly { profile: NatProfile; filtering: NatBehavior }[] = [
  { profile: "full-cone", filtering: "endpoint-independent" },
  { profile: "address-restricted", filtering: "address-dependent" },
  { profile: "port-restricted", filtering: "address-and-port-dependent" },
  // Answers to the control experiment come through another mapping, so they prove nothing.
  { profile: "symmetric", filtering: "unknown" },
];

for (const { profile, filtering } of FILTERINGS) {
  boxTest(`openNatBox() is seen as ${filtering} by the filtering probe when it is ${profile}`, async () => {
    await using world = await openStunWorld(profile);
    const { platform, primary, host } = world;
    const result = await probeUdpFiltering({ platform, server: primary, localAddress: host, waveMs: 100 });
    assert.equal(result.filtering, filtering, result.reason);
  });
}
