import assert from "node:assert/strict";
import type { NatBehavior } from "../../../src/core/behavior.ts";
import { checkNat } from "../../../src/behavior/check_nat.ts";
import type { CheckProgress } from "../../../src/behavior/check_options.ts";
import type { Finding } from "../../../src/behavior/nat_report.ts";
import type { Rfc3489Kind } from "../../../src/behavior/rfc3489.ts";
import { kernelError } from "../../fakes/fake_net.ts";
import { watch } from "../../fakes/fake_world.ts";
import type { ModelAllocation } from "../../fakes/nat_model.ts";
import { EXTERNAL, INSIDE, openNatWorld } from "../../fakes/nat_world.ts";
import { checkIn, hostPorts, SENDS_MAX, serveAll, SERVERS, tcpOf, udpOf } from "./check_rig.ts";

const EI = "endpoint-independent";
const AD = "address-dependent";
const APD = "address-and-port-dependent";

interface Row {
  readonly mapping: NatBehavior;
  readonly filtering: NatBehavior;
  readonly hairpins: boolean;
  readonly udp: readonly [NatBehavior, Finding, Rfc3489Kind];
  readonly tcp: readonly [NatBehavior, Finding, Rfc3489Kind];
}

function row(
  behaviors: readonly [NatBehavior, NatBehavior, boolean],
  udp: Row["udp"],
  tcp: Row["tcp"],
): Row {
  const [mapping, filtering, hairpins] = behaviors;
  return { mapping, filtering, hairpins, udp, tcp };
}

/** Filtering, hairpinning and the RFC 3489 kind that can be seen of each NAT, over UDP and over TCP. */
const ROWS: readonly Row[] = [
  row([EI, EI, true], [EI, "yes", "full-cone"], [EI, "yes", "full-cone"]),
  row([EI, EI, false], [EI, "no", "full-cone"], ["unknown", "no", "unknown"]),
  row([EI, AD, true], [AD, "yes", "restricted"], [AD, "yes", "restricted"]),
  row([EI, AD, false], [AD, "no", "restricted"], ["unknown", "no", "unknown"]),
  row([EI, APD, true], [APD, "yes", "port-restricted"], [APD, "yes", "port-restricted"]),
  row([EI, APD, false], [APD, "no", "port-restricted"], ["unknown", "no", "unknown"]),
  row([AD, EI, true], [EI, "yes", "symmetric"], [EI, "yes", "symmetric"]),
  row([AD, EI, false], [EI, "unknown", "symmetric"], ["unknown", "unknown", "symmetric"]),
  row([AD, AD, true], ["unknown", "unknown", "symmetric"], ["unknown", "unknown", "symmetric"]),
  row([AD, APD, true], ["unknown", "unknown", "symmetric"], ["unknown", "unknown", "symmetric"]),
  row([APD, EI, true], [EI, "yes", "symmetric"], [EI, "yes", "symmetric"]),
  row([APD, EI, false], [EI, "unknown", "symmetric"], ["unknown", "unknown", "symmetric"]),
  row([APD, AD, true], ["unknown", "unknown", "symmetric"], ["unknown", "unknown", "symmetric"]),
  row([APD, APD, true], ["unknown", "unknown", "symmetric"], ["unknown", "unknown", "symmetric"]),
  row([APD, APD, false], ["unknown", "unknown", "symmetric"], ["unknown", "unknown", "symmetric"]),
];

for (const { mapping, filtering, hairpins, udp, tcp } of ROWS) {
  const name = `${mapping} mapping, ${filtering} filtering, ${hairpins ? "with" : "no"} hairpinning`;
  Deno.test(`checkNat() finds ${name}`, async () => {
    const world = openNatWorld({ mapping, filtering, hairpins });
    await using _servers = await serveAll(world);
    const report = await checkIn(world);
    for (const [transport, expected] of [[udpOf(report), udp], [tcpOf(report), tcp]] as const) {
      assert.equal(transport.mapping, mapping);
      assert.deepEqual([transport.filtering, transport.hairpinning, transport.rfc3489], expected);
      assert.equal(transport.external?.address, EXTERNAL);
      assert.equal(transport.scope, "documentation");
      assert.equal(transport.severalAddresses, "no");
      assert.equal(transport.suspicion, "none");
      assert.equal(transport.blocked, "no");
    }
    assert.ok(report.elapsedMs < 6000, `${report.elapsedMs} ms`);
    assert.ok(report.sends <= SENDS_MAX, `${report.sends} packets`);
  });
}

Deno.test("checkNat() is done after few round trips where even strangers get in", async () => {
  for (const protocol of ["udp", "tcp"] as const) {
    const world = openNatWorld({ mapping: EI, filtering: EI });
    world.net.refusesClosedPorts = true;
    await using _servers = await serveAll(world);
    const { elapsedMs } = await checkIn(world, { protocols: [protocol] });
    assert.ok(elapsedMs <= 6 * 2 * world.net.latencyMs, `${elapsedMs} ms`);
  }
});

Deno.test("checkNat() counts what it sends", async () => {
  const world = openNatWorld({ mapping: APD, filtering: APD });
  await using _servers = await serveAll(world);
  const { sends } = await checkIn(world);
  const sent = world.net.sent.filter(({ from }) => from.address === INSIDE);
  assert.equal(sends, sent.length + world.net.connects.length);
});

Deno.test("checkNat() tells how ports are given", async (t) => {
  const table: readonly (readonly [ModelAllocation, string, Finding, Finding])[] = [
    ["preserving", "preserving", "yes", "yes"],
    ["contiguous", "contiguous", "no", "no"],
    ["increasing", "increasing", "no", "no"],
    ["parity", "random", "no", "yes"],
    ["random", "random", "no", "no"],
  ];
  for (const [allocation, expected, preserves, keepsParity] of table) {
    await t.step(allocation, async () => {
      const world = openNatWorld({ mapping: EI, filtering: APD, allocation });
      await using _servers = await serveAll(world);
      const report = await checkIn(world);
      for (const transport of [udpOf(report), tcpOf(report)]) {
        assert.deepEqual(
          [transport.allocation, transport.portPreservation, transport.parity],
          [expected, preserves, keepsParity],
          JSON.stringify(transport.portDifferences),
        );
        assert.equal(transport.oneToOne, "no");
        assert.equal(transport.regular, "no");
      }
      assert.ok(report.sends <= SENDS_MAX, `${report.sends} packets`);
    });
  }
});

Deno.test("checkNat() calls a symmetric NAT with near ports regular, as frp does", async () => {
  const world = openNatWorld({ mapping: AD, filtering: EI, allocation: "contiguous" });
  await using _servers = await serveAll(world);
  const { regular, portSpread = 0 } = udpOf(await checkIn(world, { protocols: ["udp"] }));
  assert.equal(regular, "yes");
  assert.ok(portSpread >= 1 && portSpread <= 5);
});

Deno.test("checkNat() sees several external addresses", async () => {
  const externals = ["203.0.113.10", "203.0.113.11", "203.0.113.12"];
  const world = openNatWorld({ mapping: EI, filtering: EI, externals, isArbitrary: true });
  await using _servers = await serveAll(world);
  const report = await checkIn(world);
  for (const transport of [udpOf(report), tcpOf(report)]) {
    assert.equal(transport.severalAddresses, "yes");
    assert.equal(transport.mapping, EI);
  }
});

Deno.test("checkNat() does not judge by an address that it could not let in", async () => {
  const externals = ["203.0.113.10", "203.0.113.11", "203.0.113.12"];
  const world = openNatWorld({ mapping: EI, filtering: AD, externals, isArbitrary: true });
  await using _servers = await serveAll(world);
  const { filtering, strangersGetIn, hairpinning, filteringReason } = tcpOf(
    await checkIn(world, { protocols: ["tcp"] }),
  );
  assert.deepEqual([filtering, strangersGetIn, hairpinning], ["unknown", "no", "yes"]);
  assert.equal(filteringReason?.code, "strangers-kept-out");
});

Deno.test("checkNat() calls a cloud host's 1:1 NAT open", async () => {
  const world = openNatWorld({ mapping: EI, filtering: EI, allocation: "preserving" });
  await using _servers = await serveAll(world);
  const report = await checkIn(world);
  for (const transport of [udpOf(report), tcpOf(report)]) {
    assert.deepEqual([transport.mapping, transport.oneToOne, transport.rfc3489], [
      EI,
      "yes",
      "open-internet",
    ]);
  }
});

Deno.test("checkNat() finds no NAT, and a firewall without NAT", async (t) => {
  const inside = "203.0.113.99";
  const table: readonly (readonly [NatBehavior, NatBehavior, Rfc3489Kind])[] = [
    [EI, EI, "open-internet"],
    [AD, AD, "symmetric-udp-firewall"],
    [APD, APD, "symmetric-udp-firewall"],
  ];
  for (const [filtering, seen, kind] of table) {
    await t.step(filtering, async () => {
      const allocation = "preserving";
      const world = openNatWorld({ mapping: EI, filtering, inside, externals: [inside], allocation });
      await using _servers = await serveAll(world);
      const report = await checkIn(world);
      const { mapping, filtering: found, rfc3489, hairpinning } = udpOf(report);
      assert.deepEqual([mapping, found, rfc3489, hairpinning], ["none", seen, kind, "yes"]);
      const tcp = tcpOf(report);
      const evidence = [...udpOf(report).evidence, ...tcp.evidence];
      assert.ok(evidence.every(({ purpose }) => purpose !== "hairpin"), "knocks at its own address");
      assert.deepEqual([tcp.mapping, tcp.filtering, tcp.filteringReason?.code], [
        "none",
        "unknown",
        "no-nat",
      ]);
      assert.equal(tcp.rfc3489, "unknown");
    });
  }
});

Deno.test("checkNat() checks IPv6 likewise", async () => {
  const inside = "2001:db8::2";
  const world = openNatWorld({
    ...{ mapping: EI, filtering: APD, inside, externals: [inside] },
    allocation: "preserving",
  });
  const [a, b, other] = ["2001:db8:100::1", "2001:db8:100::3", "2001:db8:100::2"].map((address) => ({
    address,
    port: 3478,
  }));
  assert.ok(a && b && other);
  await using _first = await world.serveStun(a, { ...other, port: 3479 });
  await using _second = await world.serveStun(b);
  const report = await checkIn(world, { family: 6, endpoints: [a, b] });
  assert.equal(report.local.address, inside);
  assert.equal(udpOf(report).rfc3489, "symmetric-udp-firewall");
  assert.equal(tcpOf(report).mapping, "none");
});

Deno.test("checkNat() asks for the mapping of the port it was given", async () => {
  const world = openNatWorld({ mapping: EI, filtering: EI });
  await using _servers = await serveAll(world);
  const report = await checkIn(world, { port: 3456 });
  for (const transport of [udpOf(report), tcpOf(report)]) {
    assert.deepEqual(transport.internal, { address: INSIDE, port: 3456 });
    const mapping = transport.evidence.filter(({ purpose }) => purpose === "mapping");
    assert.ok(mapping.length >= 3 && mapping.every(({ local }) => local?.port === 3456));
    const others = transport.evidence.filter(({ purpose }) => purpose === "ports");
    assert.ok(others.length >= 5 && others.every(({ local }) => local?.port !== 3456));
  }
});

Deno.test("checkNat() knocks at nobody's endpoint but its own", async () => {
  const world = openNatWorld({ mapping: EI, filtering: APD });
  await using _servers = await serveAll(world);
  const report = await checkIn(world);
  const own = new Set(
    [udpOf(report), tcpOf(report)].flatMap(({ evidence }) =>
      evidence.flatMap(({ seen }) => seen ? [seen.port] : [])
    ),
  );
  const knocked = [...world.net.sent.map(({ to }) => to), ...world.net.connects]
    .filter(({ address }) => address === EXTERNAL);
  assert.ok(knocked.length > 0 && knocked.every(({ port }) => own.has(port)));
});

Deno.test("checkNat() tells of each step that ended", async () => {
  const world = openNatWorld({ mapping: EI, filtering: EI });
  await using _servers = await serveAll(world);
  const told: CheckProgress[] = [];
  await checkIn(world, { onProgress: (progress) => void told.push(progress) });
  assert.deepEqual(told.map(({ done }) => done), [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.ok(told.every(({ total }) => total === 8));
  const steps = told.filter(({ protocol }) => protocol === "tcp").map(({ step }) => step).sort();
  assert.deepEqual(steps, ["hairpin", "mapping", "ports", "proxy"]);
});

Deno.test("checkNat() tells of a port that cannot be bound, and checks the other transport", async () => {
  const world = openNatWorld({ mapping: EI, filtering: EI });
  await using _servers = await serveAll(world);
  using _taken = await world.net.openDatagram({
    local: { address: INSIDE, port: 3456 },
    onDatagram: () => {},
  });
  const report = await checkIn(world, { port: 3456 });
  const { bindError, mappingReason, filteringReason } = udpOf(report);
  assert.match(bindError?.message ?? "", /EADDRINUSE/);
  assert.deepEqual([mappingReason?.code, filteringReason?.code], ["bind-failed", "bind-failed"]);
  assert.equal(tcpOf(report).rfc3489, "full-cone");
});

Deno.test("checkNat() says why it could ask nobody", async () => {
  const world = openNatWorld({ mapping: EI, filtering: EI });
  const noNames = await checkIn(world, {
    servers: { udp: [{ host: "nowhere.example", port: 3478 }], tcp: [] },
  });
  assert.equal(udpOf(noNames).mappingReason?.code, "no-server");
  assert.match(udpOf(noNames).mappingReason?.text ?? "", /nowhere\.example/);
  assert.equal(udpOf(noNames).blocked, "unknown");
  world.net.localAddressTowards = (): Promise<string> =>
    Promise.reject(kernelError("ENETUNREACH", "connect"));
  const noRoute = await checkIn(world);
  assert.equal(tcpOf(noRoute).mappingReason?.code, "no-route");
  assert.equal(noRoute.local.address, undefined);
});

Deno.test("checkNat() does not blame the servers for what our own kernel refuses", async () => {
  const world = openNatWorld({ mapping: EI, filtering: EI });
  world.net.route = (): never => {
    throw kernelError("EPERM", "send");
  };
  const endpoints = Array.from({ length: 5 }, (_, i) => ({ address: `198.51.100.${i + 1}`, port: 3478 }));
  const report = udpOf(await checkIn(world, { endpoints, protocols: ["udp"] }));
  assert.ok(report.evidence.every(({ outcome }) => outcome === "silent"));
  world.net.route = (): never => {
    throw kernelError("ENETUNREACH", "send");
  };
  const { blocked, mappingReason, evidence } = udpOf(await checkIn(world, { endpoints, protocols: ["udp"] }));
  assert.equal(blocked, "unknown");
  assert.match(mappingReason?.detail ?? "", /ENETUNREACH/);
  assert.ok(evidence.every(({ outcome }) => outcome === "failed"));
});

Deno.test("checkNat() says what it knows when its time is up", async () => {
  const world = openNatWorld({ mapping: EI, filtering: APD });
  await using _servers = await serveAll(world);
  const report = await checkIn(world, { deadlineMs: 100 });
  assert.equal(report.elapsedMs, 100);
  assert.equal(udpOf(report).mapping, EI);
  assert.equal(udpOf(report).filtering, "unknown");
  const nothing = await checkIn(world, { deadlineMs: 5 });
  assert.equal(tcpOf(nothing).mappingReason?.code, "time-up");
});

Deno.test("checkNat() ends with the abort reason and leaves nothing behind", async () => {
  for (const afterMs of [0, 5, 25, 55, 300, 1200]) {
    const world = openNatWorld({ mapping: EI, filtering: APD });
    await using _servers = await serveAll(world);
    const open = world.net.open.size;
    const controller = new AbortController();
    const list = hostPorts(SERVERS);
    const result = watch(
      checkNat({
        platform: world.platform,
        servers: { udp: list, tcp: list },
        signal: controller.signal,
        outsideProbe: (_endpoint, _protocol, signal) =>
          new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      }),
    );
    await world.clock.advance(afterMs);
    const reason = new Error("enough");
    controller.abort(reason);
    await world.clock.advance(0);
    assert.equal(result.error, reason, `after ${afterMs} ms`);
    // The servers still have to hear of the resets.
    await world.clock.advance(50);
    assert.equal(world.net.open.size, open);
    assert.equal(world.clock.pendingTimers, 0);
  }
});

Deno.test("checkNat() refuses what makes no sense", async () => {
  const world = openNatWorld({ mapping: EI, filtering: EI });
  const base = { platform: world.platform, servers: { udp: [], tcp: [] } };
  await assert.rejects(checkNat({ ...base, port: 65_536 }), RangeError);
  await assert.rejects(checkNat({ ...base, deadlineMs: 0 }), RangeError);
  await assert.rejects(checkNat({ ...base, localAddress: "eth0" }), TypeError);
  await assert.rejects(checkNat({ ...base, localAddress: "::1" }), TypeError);
  await assert.rejects(checkNat({ ...base, signal: AbortSignal.abort(new Error("no")) }), /no/);
});
