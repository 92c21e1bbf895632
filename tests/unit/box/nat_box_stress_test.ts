import assert from "node:assert/strict";
import { delay, systemClock } from "../../../src/core/clock.ts";
import type { RestartMode } from "../../../src/box/box_side.ts";
import { fakeRandom } from "../../fakes/fake_random.ts";
import { withFdCheck } from "../../leak.ts";
import {
  boxTest,
  freshAddress,
  openRig,
  openTcpPeer,
  openTcpServer,
  openUdpPeer,
  type Rig,
} from "./box_rig.ts";

/** Does something at random; kernel refusals are part of it. */
async function stir(rig: Rig, fraction: () => number, port: number): Promise<void> {
  const index = ([0, 1, 2] as const)[Math.floor(fraction() * 3)] ?? 0;
  const local = { address: rig.host, port };
  switch (Math.floor(fraction() * 5)) {
    case 0: {
      using peer = await openTcpPeer(rig.net, rig.facades[index], local);
      peer.write("x".repeat(Math.floor(fraction() * 200_000)));
      await delay(systemClock, fraction() * 4);
      return;
    }
    case 1: {
      const peer = await openTcpPeer(rig.net, rig.facades[index], local);
      peer.connection.end();
      (await rig.tcp[index].accepted.next()).connection.end();
      return;
    }
    case 2: {
      const [mapping] = rig.box.mappingsOf("tcp");
      if (mapping === undefined) return;
      const external = { address: rig.box.externalAddress, port: mapping.externalPort };
      using visitor = await openTcpPeer(rig.net, external, { address: freshAddress(), port: 0 });
      visitor.write("hello");
      return;
    }
    case 3: {
      using host = await openUdpPeer(rig.net, { address: rig.host, port: 0 });
      host.send("hello", rig.facades[index]);
      return;
    }
    default:
      return rig.box.restart();
  }
}

for (const restartMode of ["silent", "reset"] as const satisfies readonly RestartMode[]) {
  boxTest(
    `openNatBox() leaves nothing open when disposed amid anything, restart mode ${restartMode}`,
    async () => {
      for (let seed = 1; seed <= 5; seed++) {
        await withFdCheck(async () => {
          const { fraction } = fakeRandom(seed);
          await using rig = await openRig({ profile: "full-cone", restartMode });
          using server = await openTcpServer(rig.net, { local: { address: rig.host, port: 0 } });
          const works = Array.from({ length: 30 }, () => stir(rig, fraction, server.local.port));
          await Promise.allSettled(works);
          // The box still works after all that.
          using host = await openUdpPeer(rig.net, { address: rig.host, port: 0 });
          host.send("last", rig.facades[0]);
          for (let text = ""; text !== "last";) text = (await rig.udp[0].inbox.next()).text;
          assert.ok(rig.box.mappingsOf("udp").length > 0);
        });
      }
    },
  );
}
