import assert from "node:assert/strict";
import type { NatBehavior } from "../../../src/core/behavior.ts";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import { PATIENCE_MS } from "../../../src/behavior/filtering_run.ts";
import { ASKED_MAX } from "../../../src/behavior/mapping_plan.ts";
import { fakeRandom } from "../../fakes/fake_random.ts";
import { EXTERNAL, INSIDE, type NatWorld, openNatWorld } from "../../fakes/nat_world.ts";
import { serveOddStun } from "../../fakes/odd_stun.ts";
import { checkIn, OTHER, SENDS_MAX, serveAll, SERVERS, tcpOf, udpOf } from "./check_rig.ts";

const EI = "endpoint-independent";
const AD = "address-dependent";
const APD = "address-and-port-dependent";
const FALSE: Endpoint = { address: "203.0.113.66", port: 6666 };

function dead(count: number): readonly Endpoint[] {
  return Array.from({ length: count }, (_, i) => ({ address: `198.51.100.${100 + i}`, port: 3478 }));
}

function silence(world: NatWorld, endpoints: readonly Endpoint[]): void {
  for (const { address } of endpoints) world.net.silent.add(address);
}

Deno.test("checkNat() is as sure with dead servers first in the list, and hardly slower", async () => {
  const times: number[] = [];
  for (const count of [0, 6]) {
    const world = openNatWorld({ mapping: EI, filtering: AD });
    await using _servers = await serveAll(world);
    const endpoints = [...dead(count), ...SERVERS];
    silence(world, dead(count));
    const report = await checkIn(world, { endpoints });
    assert.deepEqual([udpOf(report).rfc3489, tcpOf(report).rfc3489], ["restricted", "restricted"]);
    assert.ok(report.sends <= SENDS_MAX, `${report.sends} packets`);
    times.push(report.elapsedMs);
  }
  const [quick = 0, slow = 0] = times;
  assert.ok(slow - quick <= 1600 && slow < 6000, `${slow} instead of ${quick} ms`);
});

Deno.test("checkNat() replaces servers that refuse at once", async () => {
  const world = openNatWorld({ mapping: EI, filtering: EI });
  await using _servers = await serveAll(world);
  world.net.refusesClosedPorts = true;
  const report = await checkIn(world, { endpoints: [...dead(6), ...SERVERS] });
  assert.equal(tcpOf(report).rfc3489, "full-cone");
  assert.equal(tcpOf(report).evidence.filter(({ outcome }) => outcome === "refused").length, 6);
});

Deno.test("checkNat() says blocked when nobody answers, after asking few", async () => {
  const world = openNatWorld({ mapping: EI, filtering: EI });
  silence(world, dead(20));
  const report = await checkIn(world, { endpoints: dead(20) });
  for (const transport of [udpOf(report), tcpOf(report)]) {
    assert.deepEqual([transport.blocked, transport.rfc3489], ["yes", "blocked"]);
    assert.equal(transport.mappingReason?.code, "no-answer");
    const asked = transport.evidence.filter(({ purpose }) => purpose === "mapping");
    assert.equal(asked.length, ASKED_MAX);
  }
  assert.ok(report.elapsedMs < 6000 && report.sends <= SENDS_MAX, `${report.elapsedMs}, ${report.sends}`);
});

Deno.test("checkNat() says that no name resolves where the resolver is silent", async () => {
  const world = openNatWorld({ mapping: EI, filtering: EI });
  const list = ["a.example", "b.example"].map((host) => ({ host, port: 3478 }));
  for (const { host } of list) world.net.names.set(host, "hang");
  const report = await checkIn(world, { servers: { udp: list, tcp: list } });
  for (const transport of [udpOf(report), tcpOf(report)]) {
    assert.deepEqual([transport.mapping, transport.mappingReason?.code], ["unknown", "no-server"]);
  }
  assert.ok(report.elapsedMs <= 10_000, `${report.elapsedMs}`);
});

Deno.test("checkNat() does not say blocked after asking two", async () => {
  const world = openNatWorld({ mapping: EI, filtering: EI });
  silence(world, dead(2));
  const { blocked, blockedReason, rfc3489 } = udpOf(await checkIn(world, { endpoints: dead(2) }));
  assert.deepEqual([blocked, blockedReason?.code, rfc3489], ["unknown", "no-answer", "unknown"]);
});

Deno.test("checkNat() cannot tell much with one server, and says so", async () => {
  const world = openNatWorld({ mapping: EI, filtering: EI });
  const [first] = SERVERS;
  await using _server = await world.serveStun(first);
  const report = udpOf(await checkIn(world, { endpoints: [first] }));
  assert.deepEqual([report.mapping, report.mappingReason?.code], ["unknown", "few-answers"]);
  assert.deepEqual([report.filtering, report.filteringWay], [EI, "hairpin"]);
  assert.equal(report.blocked, "no");
});

Deno.test("checkNat() needs one server with two addresses, no more", async () => {
  const world = openNatWorld({ mapping: APD, filtering: EI });
  const [first] = SERVERS;
  await using _server = await world.serveStun(first, OTHER);
  const report = await checkIn(world, { endpoints: [first] });
  assert.equal(udpOf(report).mapping, APD);
  assert.equal(udpOf(report).mappingReason, undefined);
  assert.equal(tcpOf(report).mapping, APD);
});

Deno.test("checkNat() tells that it could not tell address from port where no server has a second one", async () => {
  const world = openNatWorld({ mapping: AD, filtering: EI });
  const [, second, third] = SERVERS;
  await using _second = await world.serveStun(second);
  await using _third = await world.serveStun(third);
  const { mapping, mappingReason, rfc3489 } = udpOf(await checkIn(world, { endpoints: [second, third] }));
  assert.deepEqual([mapping, mappingReason?.code, rfc3489], [APD, "not-told-apart", "symmetric"]);
});

Deno.test("checkNat() looks on for a server with RFC 5780, two at a time", async () => {
  const world = openNatWorld({ mapping: EI, filtering: APD, hairpins: false });
  const plain = Array.from({ length: 6 }, (_, i) => ({ address: `198.51.100.${50 + i}`, port: 3478 }));
  await using stack = new AsyncDisposableStack();
  for (const server of plain) stack.use(await world.serveStun(server));
  const [last] = SERVERS;
  stack.use(await world.serveStun(last, OTHER));
  const report = await checkIn(world, { endpoints: [...plain, last] });
  assert.deepEqual([udpOf(report).filtering, udpOf(report).filteringWay], [APD, "change-request"]);
  assert.equal(tcpOf(report).evidence.filter(({ purpose }) => purpose === "mapping").length, 3);
});

Deno.test("checkNat() tries another server when one is deaf to CHANGE-REQUEST, without waiting for its end", async () => {
  const world = openNatWorld({ mapping: EI, filtering: AD, hairpins: false });
  const [first, second, third] = SERVERS;
  const never = { address: "198.51.100.77", port: 3479 };
  // Names an address of nobody, so that neither its answers nor the control come from there.
  using _deaf = await serveOddStun({ net: world.net, listen: first, changed: never, isDeaf: true });
  world.net.silent.add(never.address);
  await using _second = await world.serveStun(second, OTHER);
  await using _third = await world.serveStun(third);
  const report = await checkIn(world, { protocols: ["udp"] });
  assert.equal(udpOf(report).filtering, AD);
  assert.ok(report.elapsedMs < PATIENCE_MS + 2000, `${report.elapsedMs} ms`);
});

Deno.test("checkNat() falls back on hairpinning over UDP where no server honours CHANGE-REQUEST", async () => {
  for (const filtering of [EI, AD, APD] as const) {
    const world = openNatWorld({ mapping: EI, filtering });
    await using stack = new AsyncDisposableStack();
    for (const server of SERVERS) stack.use(await world.serveStun(server));
    const report = udpOf(await checkIn(world, { protocols: ["udp"] }));
    assert.deepEqual([report.filtering, report.filteringWay], [filtering, "hairpin"]);
  }
});

Deno.test("checkNat() works with classic servers of RFC 3489", async (t) => {
  const table: readonly (readonly [NatBehavior, NatBehavior, string])[] = [
    [EI, EI, "full-cone"],
    [EI, AD, "restricted"],
    [EI, APD, "port-restricted"],
    [APD, APD, "symmetric"],
  ];
  for (const [mapping, filtering, kind] of table) {
    await t.step(kind, async () => {
      const world = openNatWorld({ mapping, filtering, hairpins: false });
      const [first, second] = SERVERS;
      using _first = await serveOddStun({ net: world.net, listen: first, changed: OTHER });
      using _second = await serveOddStun({ net: world.net, listen: second });
      const report = udpOf(await checkIn(world, { protocols: ["udp"], endpoints: [first, second] }));
      assert.deepEqual([report.mapping, report.rfc3489], [mapping, kind]);
    });
  }
});

Deno.test("checkNat() believes no answer with a wrong id or from another port", async () => {
  const world = openNatWorld({ mapping: EI, filtering: EI });
  const [first, second, third] = SERVERS;
  const lies = { net: world.net, seen: (): Endpoint => FALSE };
  using _id = await serveOddStun({ ...lies, listen: first, hasWrongId: true });
  using _port = await serveOddStun({ ...lies, listen: second, answersFromPort: 3999 });
  await using _third = await world.serveStun(third, OTHER);
  const report = udpOf(await checkIn(world, { protocols: ["udp"] }));
  assert.deepEqual([report.mapping, report.rfc3489, report.suspicion], [EI, "full-cone", "none"]);
  assert.ok(report.externals.every(({ address }) => address === EXTERNAL));
});

Deno.test("checkNat() outvotes a server that lies, whoever answers first", async () => {
  for (const liar of [0, 1, 2]) {
    const world = openNatWorld({ mapping: EI, filtering: AD });
    const [first, second, third] = SERVERS;
    const fourth = { address: "198.51.100.5", port: 3478 };
    const endpoints = [first, second, third, fourth];
    await using stack = new AsyncDisposableStack();
    for (const [i, listen] of endpoints.entries()) {
      if (i === liar) stack.use(await serveOddStun({ net: world.net, listen, seen: () => FALSE }));
      else stack.use(await world.serveStun(listen, i === 3 ? OTHER : undefined));
    }
    // With an address of its own nobody is asked for the way out, and the first three are the first three.
    const options = { protocols: ["udp"], endpoints, localAddress: INSIDE } as const;
    const report = udpOf(await checkIn(world, options));
    assert.deepEqual([report.mapping, report.rfc3489], [EI, "restricted"]);
    assert.equal(report.external?.address, EXTERNAL);
    assert.equal(report.suspicion, "contradicted");
    assert.deepEqual([report.regular, report.portSpread], ["no", 0]);
    assert.match(report.suspicionReason?.text ?? "", /203\.0\.113\.66:6666/);
    assert.deepEqual([report.severalAddresses, report.severalAddressesReason?.code], [
      "unknown",
      "contradicted",
    ]);
  }
});

Deno.test("checkNat() knows a transparent proxy by its addresses", async () => {
  const world = openNatWorld({ mapping: EI, filtering: EI });
  const fake = { address: "198.18.0.7", port: 4000 };
  await using stack = new AsyncDisposableStack();
  for (const listen of SERVERS) stack.use(await serveOddStun({ net: world.net, listen, seen: () => fake }));
  const report = udpOf(await checkIn(world, { protocols: ["udp"] }));
  assert.deepEqual([report.mapping, report.mappingReason?.code], ["unknown", "fake-ip"]);
  assert.deepEqual([report.suspicion, report.scope, report.rfc3489], ["fake-ip", "fake-ip", "unknown"]);
});

Deno.test("checkNat() knows a transparent proxy by whom it answers for", async () => {
  const world = openNatWorld({ mapping: EI, filtering: EI });
  await using _servers = await serveAll(world);
  using _proxy = await world.net.listenStream({
    local: { address: "192.0.2.9", port: 9 },
    onConnection: (connection) => ({ onData: () => {}, onEnd: () => connection.abort() }),
  });
  const report = await checkIn(world);
  assert.equal(tcpOf(report).suspicion, "answers-for-nobody");
  assert.equal(udpOf(report).suspicion, "none");
});

Deno.test("checkNat() knows a transparent proxy by its speed", async () => {
  const world = openNatWorld({ mapping: EI, filtering: EI });
  const far = ["9.9.9.1", "9.9.9.2", "9.9.9.3"].map((address) => ({ address, port: 3478 }));
  await using stack = new AsyncDisposableStack();
  for (const server of far) stack.use(await world.serveStun(server));
  world.net.latencyMs = 0.2;
  const report = await checkIn(world, { endpoints: far });
  assert.deepEqual([udpOf(report).suspicion, tcpOf(report).suspicion], ["too-fast", "too-fast"]);
  world.net.latencyMs = 5;
  const later = await checkIn(world, { endpoints: far });
  assert.deepEqual([udpOf(later).suspicion, tcpOf(later).suspicion], ["none", "none"]);
});

Deno.test("checkNat() is sure and quick at 300 ms round trip", async () => {
  for (const filtering of [EI, AD, APD] as const) {
    const world = openNatWorld({ mapping: EI, filtering });
    world.net.latencyMs = 150;
    await using _servers = await serveAll(world);
    const report = await checkIn(world);
    for (const transport of [udpOf(report), tcpOf(report)]) {
      assert.deepEqual([transport.mapping, transport.filtering], [EI, filtering]);
      assert.equal(transport.hairpinning, "yes");
    }
    assert.ok(report.elapsedMs < 6000, `${report.elapsedMs} ms`);
    assert.ok(report.sends <= SENDS_MAX, `${report.sends} packets`);
  }
});

Deno.test("checkNat() says nothing wrong when packets are lost at 300 ms round trip", async () => {
  let known = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const filtering: NatBehavior = ([EI, AD, APD] as const)[seed % 3] ?? EI;
    const mapping = seed % 4 === 0 ? APD : EI;
    const world = openNatWorld({ mapping, filtering });
    world.net.latencyMs = 150;
    await using _servers = await serveAll(world);
    const { route } = world.net;
    const random = fakeRandom(seed);
    world.net.route = (packet) => random.fraction() < 0.05 ? undefined : route(packet);
    const report = udpOf(await checkIn(world, { protocols: ["udp"] }));
    assert.ok([mapping, "unknown"].includes(report.mapping), `seed ${seed}: ${report.mapping}`);
    assert.ok([filtering, "unknown"].includes(report.filtering), `seed ${seed}: ${report.filtering}`);
    if (report.mapping !== "unknown" && (mapping === APD || report.filtering !== "unknown")) known++;
  }
  assert.ok(known >= 36, `only ${known} of 40 were sure`);
});

Deno.test("checkNat() sends nothing to a local address that a server names as its other one", async () => {
  const world = openNatWorld({ mapping: EI, filtering: EI });
  const [first, second] = SERVERS;
  const local = { address: "192.168.1.1", port: 53 };
  using _liar = await serveOddStun({ net: world.net, listen: first, changed: local });
  await using _second = await world.serveStun(second);
  await checkIn(world, { protocols: ["udp"], endpoints: [first, second] });
  const sent = world.net.sent.filter(({ from, to }) =>
    from.address === INSIDE && to.address === local.address
  );
  assert.deepEqual(sent, []);
});
