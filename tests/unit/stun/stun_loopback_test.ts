import assert from "node:assert/strict";
import { systemClock } from "../../../src/core/clock.ts";
import { type Endpoint, parseHostPort } from "../../../src/core/endpoint.ts";
import { silentLogger } from "../../../src/core/log.ts";
import type { Net } from "../../../src/core/net.ts";
import type { Platform } from "../../../src/core/platform.ts";
import { systemRandom } from "../../../src/core/random.ts";
import { probeUdpFiltering } from "../../../src/behavior/probe_filtering.ts";
import { openNet } from "../../../src/net/open_net.ts";
import { lookUpReflexive } from "../../../src/stun/lookup.ts";
import { requestBinding } from "../../../src/stun/request_binding.ts";
import { StunServerList } from "../../../src/stun/server_list.ts";
import { type OpenStunServer, openStunServer } from "../../../src/stun/stun_server.ts";

/** All of 127.0.0.0/8 answers on Linux only. */
const hasLoopbackRange = Deno.build.os === "linux";

function platformOf(net: Net): Platform {
  return { net, clock: systemClock, random: systemRandom, log: silentLogger };
}

function serve(net: Net, listen: Endpoint, alternate?: Endpoint): Promise<OpenStunServer> {
  return openStunServer({ net, log: silentLogger, listen, alternate });
}

function at(address: string, port = 0): Endpoint {
  return { address, port };
}

Deno.test("requestBinding() and openStunServer() agree over real sockets", async (t) => {
  await using net = openNet({ log: silentLogger });
  for (const address of ["127.0.0.1", "::1"]) {
    await using server = await serve(net, at(address));
    for (const protocol of ["udp", "tcp"] as const) {
      await t.step(`${protocol} ${address}`, async () => {
        const result = await requestBinding({
          platform: platformOf(net),
          protocol,
          server: server.listen,
          local: at(address),
        });
        assert.deepEqual(result.reflexive, result.local);
        assert.deepEqual(result.server, server.listen);
        assert.deepEqual(result.responseOrigin, server.listen);
        assert.equal(result.software, "porthole");
        assert.ok(result.rttMs >= 0 && result.rttMs < 5000);
      });
    }
  }
});

Deno.test("requestBinding() ends with the kernel's ECONNREFUSED over real sockets", async () => {
  await using net = openNet({ log: silentLogger });
  let server: Endpoint;
  {
    await using closed = await serve(net, at("127.0.0.1"));
    server = closed.listen;
  }
  // The runtime's own UDP sockets keep ICMP to themselves.
  const protocols = net.capability === "full" ? ["udp", "tcp"] as const : ["tcp"] as const;
  for (const protocol of protocols) {
    const asking = requestBinding({ platform: platformOf(net), protocol, server, timeoutMs: 3000 });
    await assert.rejects(asking, { code: "ECONNREFUSED" });
  }
});

Deno.test({
  name: "lookUpReflexive() asks two real servers from one port",
  ignore: !hasLoopbackRange,
  fn: async () => {
    await using net = openNet({ log: silentLogger });
    if (net.capability !== "full") return;
    await using one = await serve(net, at("127.0.0.1"));
    await using two = await serve(net, at("127.0.0.2"));
    const platform = platformOf(net);
    const specs = [one, two].map(({ listen }) => parseHostPort(`${listen.address}:${listen.port}`));
    for (const protocol of ["udp", "tcp"] as const) {
      using reservation = await net.reservePort({ local: at("127.0.0.1"), reusePort: true });
      const { local } = reservation;
      const servers = new StunServerList({ specs, family: 4, platform });
      const { first, second } = await lookUpReflexive({ platform, protocol, servers, local });
      assert.deepEqual(first.reflexive, local);
      const other = await second;
      assert.deepEqual(other?.reflexive, local);
      assert.notDeepEqual(other?.server, first.server);
    }
  },
});

Deno.test({
  name: "probeUdpFiltering() sees over real sockets that nothing is filtered",
  ignore: !hasLoopbackRange,
  fn: async () => {
    await using net = openNet({ log: silentLogger });
    await using server = await serve(net, at("127.0.0.1"), at("127.0.0.2"));
    const result = await probeUdpFiltering({
      platform: platformOf(net),
      server: server.listen,
      localAddress: "127.0.0.1",
    });
    assert.equal(result.filtering, "endpoint-independent");
    assert.deepEqual(result.evidence.alternate?.address ?? "127.0.0.2", "127.0.0.2");
  },
});

Deno.test("openStunServer() keeps serving TCP clients over real sockets one after another", async () => {
  await using net = openNet({ log: silentLogger });
  await using server = await serve(net, at("127.0.0.1"));
  const platform = platformOf(net);
  for (let i = 0; i < 50; i++) {
    await requestBinding({ platform, protocol: "tcp", server: server.listen });
  }
  assert.equal(server.answers, 50);
});
