import assert from "node:assert/strict";
import * as fc from "fast-check";
import { GatewayError } from "../../../src/gateway/errors.ts";
import type { Mapper, MapperHandlers } from "../../../src/gateway/mapper.ts";
import { NatPmpMapper } from "../../../src/gateway/natpmp.ts";
import { PcpMapper } from "../../../src/gateway/pcp.ts";
import { type GatewayRig, never, openRig, requestFor } from "./gateway_rig.ts";

const HANDLERS: MapperHandlers = { onForgotten: () => {} };
const MAPPERS: readonly (readonly [name: string, make: (rig: GatewayRig) => Mapper])[] = [
  ["NatPmpMapper", (rig) => new NatPmpMapper(rig.link, HANDLERS)],
  ["PcpMapper", (rig) => new PcpMapper(rig.link, HANDLERS)],
];

for (const [name, make] of MAPPERS) {
  Deno.test(`${name}.map() gives a grant or a GatewayError, whatever a router says`, async () => {
    const start = fc.constantFrom<number[]>([], [0, 0x80], [0, 0x82, 0, 0], [2, 0x80], [2, 0x81, 0, 0], [
      0,
      0x81,
      0,
      1,
    ]);
    const answers = fc.array(fc.tuple(start, fc.uint8Array({ maxLength: 80 })), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(answers, async (list) => {
        await using rig = await openRig({ ways: [] });
        using router = await rig.world.net.openDatagram({
          local: { address: rig.router.address, port: 5351 },
          onDatagram: (_data, from) => {
            for (const [head, rest] of list) router.send(Uint8Array.from([...head, ...rest]), from);
          },
        });
        try {
          const { externalPort, lifetimeSeconds } = await rig.wait(make(rig).map(requestFor(), never));
          assert.ok(externalPort > 0 && lifetimeSeconds > 0);
        } catch (error) {
          assert.ok(error instanceof GatewayError, String(error));
        }
        assert.deepEqual(rig.strays(), []);
      }),
      { numRuns: 150 },
    );
  });

  Deno.test(`${name}.map() asks again when datagrams are lost, and gives up after 3 s`, async () => {
    await using rig = await openRig();
    let lost = 2;
    rig.world.net.route = (packet) => packet.to.port === 5351 && lost-- > 0 ? undefined : packet;
    assert.equal((await rig.wait(make(rig).map(requestFor(), never))).externalPort, 3456);
    rig.router.isSilent = true;
    await rig.wait(assert.rejects(make(rig).map(requestFor(), never), { fault: "silent" }), 3_050);
  });

  Deno.test(`${name}.map() gives up at once when the port is closed`, async () => {
    await using rig = await openRig({ ways: [] });
    rig.world.net.refusesClosedPorts = true;
    await rig.wait(assert.rejects(make(rig).map(requestFor(), never), { fault: "silent" }), 100);
  });

  Deno.test(`${name}.map() believes no answer about another port`, async () => {
    await using rig = await openRig();
    // The router mixes its clients up.
    const { net } = rig.world;
    net.route = (packet) => {
      if (packet.from.port !== 5351) return packet;
      const data = packet.data.slice();
      const at = data[0] === 2 ? 40 : 8;
      data[at] = (data[at] ?? 0) ^ 1;
      return { ...packet, data };
    };
    await rig.wait(assert.rejects(make(rig).map(requestFor(), never), { fault: "silent" }));
  });

  Deno.test(`${name} throws the reason at once when it is aborted`, async () => {
    await using rig = await openRig();
    rig.router.isSilent = true;
    const controller = new AbortController();
    const reason = new Error("enough");
    const asking = assert.rejects(make(rig).map(requestFor(), controller.signal), reason);
    await rig.world.clock.advance(300);
    controller.abort(reason);
    await rig.wait(asking, 0);
  });
}

Deno.test("PcpMapper says how long the router does not want to be asked", async () => {
  await using rig = await openRig({ ways: ["pcp"] });
  rig.router.pcpResult = 8;
  await rig.wait(assert.rejects(new PcpMapper(rig.link, HANDLERS).map(requestFor(), never), (error) => {
    assert.ok(error instanceof GatewayError);
    assert.equal(error.fault, "refused");
    assert.match(error.message, /out of resources/);
    return error.retryAfterMs === 600_000;
  }));
});

Deno.test("NatPmpMapper takes a router that does not know the version for one that is not there", async () => {
  await using rig = await openRig({ ways: ["nat-pmp"] });
  rig.router.natPmpResult = 1;
  const asking = new NatPmpMapper(rig.link, HANDLERS).map(requestFor(), never);
  await rig.wait(assert.rejects(asking, { fault: "silent", message: /version/ }));
});
