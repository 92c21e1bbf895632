import assert from "node:assert/strict";
import { checkNat } from "../../../src/behavior/check_nat.ts";
import type { NatBehavior } from "../../../src/core/behavior.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { systemRandom } from "../../../src/core/random.ts";
import type { NatProfile } from "../../../src/box/nat_profile.ts";
import { openDemoWorld } from "../../../src/cli/demo_world.ts";
import { openNet } from "../../../src/net/open_net.ts";
import { boxTest } from "../box/box_rig.ts";
import { assertWhole, hostPorts, SENDS_MAX, tcpOf, udpOf } from "./check_rig.ts";

const EI = "endpoint-independent";
const AD = "address-dependent";
const APD = "address-and-port-dependent";

/** With real sockets; what the box does not do, the other tests have: it hairpins only where nothing is filtered. */
const ROWS: readonly (readonly [NatProfile, NatBehavior, NatBehavior, NatBehavior, string, string])[] = [
  ["full-cone", EI, EI, EI, "full-cone", "full-cone"],
  ["address-restricted", EI, AD, "unknown", "restricted", "unknown"],
  ["port-restricted", EI, APD, "unknown", "port-restricted", "unknown"],
  ["symmetric", APD, "unknown", "unknown", "symmetric", "symmetric"],
];

for (const [profile, mapping, udpFiltering, tcpFiltering, udpKind, tcpKind] of ROWS) {
  boxTest(`checkNat() finds out over real sockets that a NAT is ${profile}`, async () => {
    await using net = openNet({ log: silentLogger });
    const platform = { net, clock: systemClock, random: systemRandom, log: silentLogger };
    await using world = await openDemoWorld(platform, { profile });
    const servers = hostPorts(world.stunServers);
    const report = await checkNat({
      platform,
      localAddress: world.home,
      servers: { udp: servers, tcp: servers },
      deadlineMs: 30_000,
    });
    const [udp, tcp] = [udpOf(report), tcpOf(report)];
    assertWhole(udp);
    assertWhole(tcp);
    assert.deepEqual([udp.mapping, udp.filtering, udp.rfc3489], [mapping, udpFiltering, udpKind]);
    assert.deepEqual([tcp.mapping, tcp.filtering, tcp.rfc3489], [mapping, tcpFiltering, tcpKind]);
    for (const { portPreservation, external } of [udp, tcp]) {
      assert.equal(portPreservation, "no");
      assert.equal(external?.address, world.box.externalAddress);
    }
    assert.ok(report.sends <= SENDS_MAX, `${report.sends} packets`);
  });
}
