import assert from "node:assert/strict";
import type { OutsideProbe, OutsideView } from "../../../src/behavior/check_options.ts";
import { delay } from "../../../src/core/clock.ts";
import { errorMessage } from "../../../src/core/errors.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { openStunServer } from "../../../src/stun/stun_server.ts";
import { type NatWorld, openNatWorld } from "../../fakes/nat_world.ts";
import { checkIn, serveAll, SERVERS, tcpOf, udpOf } from "./check_rig.ts";

const EI = "endpoint-independent";
const AD = "address-dependent";
const APD = "address-and-port-dependent";
const REFLECTOR = { address: "198.51.100.200", port: 40_123 };

/** Knocks from outside for real: over TCP by connecting, over UDP by a datagram that has to come back. */
function reflectorOf(world: NatWorld): OutsideProbe {
  return async (endpoint, protocol, signal): Promise<OutsideView> => {
    const view = (state: "open" | "closed"): OutsideView => ({
      state,
      evidence: `${REFLECTOR.address} knocked over ${protocol}: ${state}`,
      fromAskedAddress: false,
    });
    if (protocol === "tcp") {
      const limit = new AbortController();
      using _timer = world.clock.schedule(2000, () => limit.abort(new Error("too slow")));
      try {
        using _connection = await world.connectFromOutside(REFLECTOR, {
          remote: endpoint,
          signal: AbortSignal.any([signal, limit.signal]),
          onData: () => {},
          onEnd: () => {},
        });
        return view("open");
      } catch (error) {
        signal.throwIfAborted();
        assert.match(errorMessage(error), /too slow/);
        return view("closed");
      }
    }
    const echoed = Promise.withResolvers<"open" | "closed">();
    using socket = await world.net.openDatagram({
      local: REFLECTOR,
      onDatagram: () => echoed.resolve("open"),
    });
    using _timer = world.clock.schedule(2000, () => echoed.resolve("closed"));
    socket.send(new Uint8Array(32).fill(7), endpoint);
    return view(await echoed.promise);
  };
}

Deno.test("checkNat() lets somebody outside settle it where nothing hairpins", async (t) => {
  for (const filtering of [EI, AD, APD] as const) {
    await t.step(filtering, async () => {
      const world = openNatWorld({ mapping: EI, filtering, hairpins: false });
      await using _servers = await serveAll(world);
      const report = await checkIn(world, { outsideProbe: reflectorOf(world) });
      const tcp = tcpOf(report);
      if (filtering === EI) {
        assert.deepEqual([tcp.filtering, tcp.filteringWay, tcp.rfc3489], [EI, "outside", "full-cone"]);
      } else {
        assert.deepEqual([tcp.filtering, tcp.filteringReason?.code], ["unknown", "strangers-kept-out"]);
        assert.equal(tcp.strangersGetIn, "no");
      }
      assert.equal(udpOf(report).filtering, filtering);
      for (const { evidence } of [tcp, udpOf(report)]) {
        const outside = evidence.filter(({ purpose }) => purpose === "outside");
        assert.deepEqual(outside.map(({ outcome }) => outcome), [filtering === EI ? "arrived" : "silent"]);
        // Over UDP the datagram came back, or nobody outside could tell.
        assert.deepEqual(outside.map(({ note }) => note?.split(" ").at(-1)), [
          filtering === EI ? "open" : "closed",
        ]);
      }
    });
  }
});

Deno.test("checkNat() needs nobody outside but for TCP without NAT", async () => {
  const inside = "203.0.113.99";
  for (const filtering of [EI, APD] as const) {
    const world = openNatWorld({
      ...{ mapping: EI, filtering, inside, externals: [inside] },
      allocation: "preserving",
    });
    await using _servers = await serveAll(world);
    const { mapping, rfc3489 } = tcpOf(await checkIn(world, { outsideProbe: reflectorOf(world) }));
    const kind = filtering === EI ? "open-internet" : "symmetric-udp-firewall";
    assert.deepEqual([mapping, rfc3489], ["none", kind]);
  }
});

Deno.test("checkNat() believes an arrival more than what the probe says of UDP", async () => {
  const world = openNatWorld({ mapping: EI, filtering: EI, hairpins: false });
  const server = { address: "198.51.100.1", port: 3478 };
  await using _server = await world.serveStun(server);
  const report = await checkIn(world, {
    endpoints: [server],
    protocols: ["udp"],
    outsideProbe: async (endpoint, protocol, signal) => {
      await reflectorOf(world)(endpoint, protocol, signal);
      return { state: "unknown", evidence: "sent a datagram" };
    },
  });
  assert.deepEqual([udpOf(report).filtering, udpOf(report).filteringWay], [EI, "outside"]);
});

Deno.test("checkNat() weighs what somebody outside says", async (t) => {
  const open: OutsideView = { state: "open", evidence: "got in" };
  const table: readonly (readonly [string, OutsideView | Error | "hangs", string, string | undefined])[] = [
    ["open", open, EI, undefined],
    [
      "open, but from an address asked before",
      { ...open, fromAskedAddress: true },
      "unknown",
      "known-got-in",
    ],
    ["closed", { state: "closed", evidence: "kept out" }, "unknown", "strangers-kept-out"],
    ["unknown", { state: "unknown", evidence: "-", reason: "no token" }, "unknown", "outside-unsure"],
    ["failed", new TypeError("error sending request"), "unknown", "outside-unsure"],
    ["never", "hangs", "unknown", "outside-unsure"],
  ];
  for (const [name, view, filtering, code] of table) {
    await t.step(name, async () => {
      const world = openNatWorld({ mapping: EI, filtering: APD, hairpins: false });
      await using _servers = await serveAll(world);
      const report = await checkIn(world, {
        protocols: ["tcp"],
        outsideProbe: () =>
          view === "hangs"
            ? new Promise(() => {})
            : view instanceof Error
            ? Promise.reject(view)
            : Promise.resolve(view),
      });
      assert.deepEqual([tcpOf(report).filtering, tcpOf(report).filteringReason?.code], [filtering, code]);
    });
  }
});

Deno.test("checkNat() does not take a hairpin for a stranger when one was kept out", async () => {
  const world = openNatWorld({ mapping: EI, filtering: EI });
  await using _servers = await serveAll(world);
  const report = tcpOf(
    await checkIn(world, {
      protocols: ["tcp"],
      outsideProbe: () => Promise.resolve({ state: "closed", evidence: "kept out" }),
    }),
  );
  assert.deepEqual([report.filtering, report.strangersGetIn, report.hairpinning], ["unknown", "no", "yes"]);
});

Deno.test("checkNat() does not call TCP closed when the mapping was not kept meanwhile", async () => {
  const world = openNatWorld({ mapping: EI, filtering: EI, hairpins: false });
  const { clock, net } = world;
  await using stack = new AsyncDisposableStack();
  for (const listen of SERVERS) {
    // Ends connections after a second.
    stack.use(await openStunServer({ net, log: silentLogger, clock, listen, idleMs: 1000 }));
  }
  const check = (delayMs: number): ReturnType<typeof checkIn> =>
    checkIn(world, {
      protocols: ["tcp"],
      outsideProbe: async (_endpoint, _protocol, signal) => {
        await delay(clock, delayMs, signal);
        return { state: "closed", evidence: "kept out" };
      },
    });
  assert.equal(tcpOf(await check(500)).filteringReason?.code, "strangers-kept-out");
  const late = tcpOf(await check(3000));
  assert.deepEqual([late.filteringReason?.code, late.strangersGetIn], ["outside-unsure", "unknown"]);
});
