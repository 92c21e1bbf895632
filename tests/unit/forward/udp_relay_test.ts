import assert from "node:assert/strict";
import * as ffi from "../../../ffi/mod.ts";
import { encodeProxyHeader } from "../../../src/forward/proxy_protocol.ts";
import { UdpEngine } from "../../../src/forward/udp_engine.ts";
import { openUpstream } from "../../../src/forward/udp_upstream.ts";
import { pattern, Peer, UdpRig, udpTest } from "./udp_rig.ts";

const SIZES = [0, 1, 63, 64, 1200, 1472, 1473, 9000, 32_768, 64_999, 65_000, 65_506, 65_507];
const WAYS = [
  { isSegmented: true, isJoined: false },
  { isSegmented: false, isJoined: false },
  { isSegmented: true, isJoined: true },
  { isSegmented: false, isJoined: true },
];

for (const way of WAYS) {
  const label = `${way.isSegmented ? "with" : "without"} GSO, ${way.isJoined ? "with" : "without"} GRO`;

  udpTest(`UdpRelay passes datagrams of 0 to 65,507 bytes whole, both ways, ${label}`, () => {
    using target = new Peer();
    using client = new Peer();
    using rig = new UdpRig({ targets: [target.endpoint], ...way });
    for (const [seed, size] of SIZES.entries()) {
      const sent = pattern(size, seed);
      client.send(sent, rig.internal);
      rig.turn();
      const [there, ...more] = target.take();
      assert.deepEqual(there?.data, sent, `${size} bytes to the target`);
      assert.equal(more.length, 0);
      const answer = pattern(size, seed + 100);
      target.send(answer, there.from);
      rig.turn();
      assert.deepEqual(client.take(), [{ data: answer, from: rig.internal }], `${size} bytes back`);
    }
    const total = SIZES.reduce((sum, size) => sum + size, 0);
    assert.deepEqual(rig.counters.read(), {
      active: 1,
      opened: 1,
      refused: 0,
      bytesIn: total,
      bytesOut: total,
    });
  });

  udpTest(`UdpRelay keeps order and content of 3,600 datagrams, ${label}`, () => {
    using target = new Peer();
    using client = new Peer();
    using rig = new UdpRig({ targets: [target.endpoint], ...way });
    const echoed: Uint8Array[] = [];
    const sent: Uint8Array[] = [];
    let seed = 7;
    for (let burst = 0; burst < 100; burst++) {
      for (let i = 0; i < 36; i++) {
        seed = (seed * 1103515245 + 12345) % 2 ** 31;
        // Runs of equal ones, single ones, shorter and empty ones between.
        const size = seed % 3 === 0 ? 1200 : seed % 7 === 0 ? 0 : seed % 2001;
        sent.push(pattern(size, burst * 36 + i));
        client.send(sent.at(-1) ?? new Uint8Array(), rig.internal);
      }
      rig.turn(2);
      for (const { data, from } of target.take()) target.send(data, from);
      rig.turn(2);
      echoed.push(...client.take().map((got) => got.data));
    }
    assert.equal(echoed.length, sent.length);
    for (let i = 0; i < sent.length; i++) assert.deepEqual(echoed[i], sent[i], `datagram ${i}`);
    assert.deepEqual(rig.relay.drops, { refused: 0, overRate: 0, truncated: 0 });
  });
}

udpTest("UdpRelay gives each of 64 clients its own session and its own replies", () => {
  using stack = new DisposableStack();
  const target = stack.use(new Peer());
  const rig = stack.use(new UdpRig({ targets: [target.endpoint] }));
  const clients = Array.from({ length: 64 }, () => stack.use(new Peer()));
  for (let round = 0; round < 3; round++) {
    for (const [i, client] of clients.entries()) client.send(Uint8Array.of(i, round), rig.internal);
    rig.turn();
    const there = target.take();
    assert.equal(there.length, 64);
    for (const { data, from } of there.reverse()) target.send(Uint8Array.of(...data, 99), from);
    rig.turn();
    for (const [i, client] of clients.entries()) {
      assert.deepEqual(client.take(), [{ data: Uint8Array.of(i, round, 99), from: rig.internal }]);
    }
  }
  assert.equal(rig.relay.active, 64);
  assert.equal(new Set(rig.records.map((record) => record.local?.port)).size, 64);
  assert.deepEqual(new Set(rig.story), new Set(["opened"]));
});

udpTest("UdpRelay takes replies from the target only", () => {
  using target = new Peer();
  using stranger = new Peer();
  using client = new Peer();
  using rig = new UdpRig({ targets: [target.endpoint] });
  client.send(pattern(10, 1), rig.internal);
  rig.turn();
  const [there] = target.take();
  assert.ok(there);
  stranger.send(pattern(10, 2), there.from);
  rig.turn();
  assert.deepEqual(client.take(), []);
});

udpTest("UdpRelay ignores that the target was unreachable, and reaches it when it comes back", () => {
  using client = new Peer();
  let target = new Peer();
  const { endpoint } = target;
  using rig = new UdpRig({ targets: [endpoint] });
  target[Symbol.dispose]();
  for (let i = 0; i < 5; i++) {
    client.send(pattern(100, i), rig.internal);
    rig.turn();
  }
  assert.equal(rig.targetFailures, 1);
  target = new Peer(endpoint.address, endpoint.port);
  using back = target;
  client.send(pattern(100, 9), rig.internal);
  rig.turn();
  const got = back.take();
  assert.deepEqual(got.map((g) => g.data), [pattern(100, 9)]);
  assert.equal(rig.relay.active, 1);
  assert.deepEqual(rig.story, ["opened"]);
});

udpTest("UdpRelay loses nothing when the error about one datagram comes up while sending the next", () => {
  using client = new Peer();
  let target = new Peer();
  const { endpoint } = target;
  using rig = new UdpRig({ targets: [endpoint] });
  target[Symbol.dispose]();
  client.send(pattern(5, 0), rig.internal);
  client.send(pattern(50, 1), rig.internal); // the first one's ICMP is pending by now
  rig.loop.turn(0);
  target = new Peer(endpoint.address, endpoint.port);
  using back = target;
  client.send(pattern(60, 2), rig.internal);
  rig.loop.turn(0);
  rig.turn();
  assert.deepEqual(back.take().map((got) => got.data), [pattern(60, 2)]);
});

udpTest("UdpRelay ends idle sessions, and the same client gets a new one afterwards", () => {
  using target = new Peer();
  using client = new Peer();
  using rig = new UdpRig({ targets: [target.endpoint], options: { idleMs: 90_000 } });
  client.send(pattern(30, 1), rig.internal);
  rig.turn();
  const [first] = target.take();
  assert.ok(first);
  rig.advance(60_000);
  target.send(pattern(20, 2), first.from); // a reply keeps it, too
  rig.turn();
  rig.advance(60_000);
  client.send(pattern(30, 1), rig.internal); // and so does a datagram of the client
  rig.turn();
  rig.advance(89_000);
  assert.equal(rig.relay.active, 1);
  const fds = ffi.openFds().length;
  rig.advance(3000);
  assert.equal(rig.relay.active, 0);
  assert.equal(ffi.openFds().length, fds - 1);
  const { client: who, bytesIn, bytesOut, durationMs, reason } = rig.records.at(-1) ?? {};
  assert.deepEqual({ who, bytesIn, bytesOut, durationMs, reason }, {
    who: client.endpoint,
    bytesIn: 60,
    bytesOut: 20,
    durationMs: 212_000,
    reason: "idle",
  });
  target.take();
  client.send(pattern(31, 3), rig.internal);
  rig.turn();
  assert.deepEqual(target.take().map((got) => got.data), [pattern(31, 3)]);
  assert.deepEqual(rig.story, ["opened", "closed: idle", "opened"]);
  assert.deepEqual(rig.cap.count, 1);
});

udpTest("UdpRelay closes its sessions as stopped when disposed", () => {
  using target = new Peer();
  using client = new Peer();
  const rig = new UdpRig({ targets: [target.endpoint] });
  client.send(pattern(30, 1), rig.internal);
  rig.turn();
  target.take();
  rig[Symbol.dispose]();
  assert.deepEqual(rig.story, ["opened", "closed: stopped"]);
  assert.deepEqual([rig.cap.count, rig.guard.active, rig.counters.read().active], [0, 0, 0]);
});

udpTest(
  "UdpRelay refuses new clients when full, tells each once and everybody once, and keeps old ones",
  () => {
    using stack = new DisposableStack();
    const target = stack.use(new Peer());
    const rig = stack.use(new UdpRig({ targets: [target.endpoint], maxSessions: 2 }));
    const clients = Array.from({ length: 4 }, () => stack.use(new Peer()));
    for (let round = 0; round < 3; round++) {
      for (const client of clients) client.send(pattern(8, round), rig.internal);
      rig.turn();
    }
    assert.equal(target.take().length, 6);
    assert.deepEqual(rig.story, ["opened", "opened", "refused: full", "refused: full"]);
    assert.deepEqual(rig.records.slice(2).map((r) => r.client), clients.slice(2).map((c) => c.endpoint));
    assert.equal(rig.logged.filter((line) => line.startsWith("warn")).length, 1);
    rig.advance(91_500);
    assert.equal(rig.relay.active, 0);
    clients[3]?.send(pattern(8, 0), rig.internal);
    rig.turn();
    assert.equal(rig.relay.active, 1);
  },
);

udpTest("UdpRelay asks the access guard for each session", () => {
  using target = new Peer();
  using client = new Peer();
  using denied = new UdpRig({ targets: [target.endpoint], access: { deny: ["127.0.0.0/8"] } });
  client.send(pattern(8, 0), denied.internal);
  denied.turn();
  assert.deepEqual(denied.story, ["refused: denied"]);
  assert.equal(denied.counters.read().refused, 1);
  assert.equal(denied.cap.count, 0);
  assert.deepEqual(target.take(), []);
});

udpTest("UdpRelay puts the PROXY v2 header before the first datagram of a session only", () => {
  using target = new Peer();
  using client = new Peer();
  using rig = new UdpRig({ targets: [target.endpoint], options: { proxyProtocol: "v2" } });
  const header = encodeProxyHeader({
    version: "v2",
    protocol: "udp",
    source: client.endpoint,
    destination: rig.internal,
  });
  assert.equal(header[13], 0x12); // AF_INET, DGRAM
  for (let i = 0; i < 4; i++) client.send(pattern(40, i), rig.internal); // equal ones, that could be joined
  rig.turn();
  client.send(pattern(40, 4), rig.internal);
  rig.turn();
  const first = Uint8Array.of(...header, ...pattern(40, 0));
  assert.deepEqual(target.take().map((got) => got.data), [
    first,
    pattern(40, 1),
    pattern(40, 2),
    pattern(40, 3),
    pattern(40, 4),
  ]);
  assert.equal(rig.counters.read().bytesIn, 200);
});

udpTest("UdpRelay keeps the PROXY header for the next datagram when the first is too long with it", () => {
  using target = new Peer();
  using client = new Peer();
  using rig = new UdpRig({ targets: [target.endpoint], options: { proxyProtocol: "v2" } });
  client.send(pattern(65_507, 0), rig.internal);
  rig.turn();
  client.send(pattern(3, 1), rig.internal);
  rig.turn();
  assert.deepEqual(target.take().map((got) => got.data.length), [28 + 3]);
  assert.equal(rig.relay.drops.refused, 1);
  assert.equal(rig.counters.read().bytesIn, 3);
});

udpTest("UdpRelay does not go in circles when the target is its own public socket", () => {
  using client = new Peer();
  using rig = new UdpRig();
  rig.relay.setTargets([rig.internal]);
  client.send(pattern(8, 0), rig.internal);
  rig.turn(50);
  assert.deepEqual(rig.story, ["opened", "refused: loop"]);
  assert.equal(rig.relay.active, 1);
});

udpTest("UdpRelay does not go in circles through another tunnel of the same thread", () => {
  using client = new Peer();
  using engine = UdpEngine.open();
  using a = new UdpRig({ engine });
  using b = new UdpRig({ engine, loop: a.loop, targets: [a.internal] });
  a.relay.setTargets([b.internal]);
  client.send(pattern(8, 0), a.internal);
  a.turn(50);
  assert.equal(a.relay.active + b.relay.active, 1);
  assert.deepEqual(b.story, ["refused: loop"]);
});

udpTest("UdpRelay shares an engine with another relay without mixing their replies", () => {
  using targetA = new Peer();
  using targetB = new Peer();
  using client = new Peer();
  using engine = UdpEngine.open();
  using a = new UdpRig({ engine, targets: [targetA.endpoint] });
  using b = new UdpRig({ engine, loop: a.loop, targets: [targetB.endpoint] });
  client.send(pattern(8, 1), a.internal);
  client.send(pattern(8, 2), b.internal);
  a.turn();
  const [fromA] = targetA.take();
  const [fromB] = targetB.take();
  assert.ok(fromA && fromB);
  targetA.send(pattern(9, 3), fromA.from);
  targetB.send(pattern(9, 4), fromB.from);
  a.turn();
  const got = client.take().toSorted((x, y) => x.from.port - y.from.port);
  assert.deepEqual(
    got,
    [{ data: pattern(9, 3), from: a.internal }, { data: pattern(9, 4), from: b.internal }]
      .toSorted((x, y) => x.from.port - y.from.port),
  );
});

udpTest("UdpRelay drops and counts what is over the tunnel's rate", () => {
  using target = new Peer();
  using client = new Peer();
  using rig = new UdpRig({ targets: [target.endpoint], access: { bytesPerSecond: 10_000 } });
  for (let i = 0; i < 10; i++) client.send(pattern(1000, i), rig.internal);
  rig.turn();
  const passed = target.take().length;
  assert.ok(passed >= 4 && passed <= 5, `${passed} passed`);
  assert.equal(rig.relay.drops.overRate, 10 - passed);
  rig.advance(1000);
  client.send(pattern(1000, 1), rig.internal);
  rig.turn();
  assert.equal(target.take().length, 1);
});

udpTest("UdpRelay joins IPv4 clients with IPv6 targets and the other way round", () => {
  for (const [here, there] of [["127.0.0.1", "::1"], ["::1", "127.0.0.1"], ["::1", "::1"]] as const) {
    using target = new Peer(there);
    using client = new Peer(here);
    using rig = new UdpRig({ address: here, targets: [target.endpoint] });
    for (let i = 0; i < 3; i++) client.send(pattern(50, i), rig.internal);
    rig.turn();
    const got = target.take();
    assert.deepEqual(got.map((g) => g.data), [pattern(50, 0), pattern(50, 1), pattern(50, 2)]);
    for (const { data, from } of got) target.send(data, from);
    rig.turn();
    assert.deepEqual(client.take().map((g) => g.data), [pattern(50, 0), pattern(50, 1), pattern(50, 2)]);
    assert.deepEqual(rig.records[0]?.client, client.endpoint);
    assert.equal(rig.relay.active, 1);
  }
});

udpTest("UdpRelay.setTargets() counts for new sessions; old ones live on", () => {
  using oldTarget = new Peer();
  using newTarget = new Peer();
  using early = new Peer();
  using late = new Peer();
  using rig = new UdpRig({ targets: [oldTarget.endpoint] });
  early.send(pattern(4, 0), rig.internal);
  rig.turn();
  rig.relay.setTargets([newTarget.endpoint]);
  early.send(pattern(4, 1), rig.internal);
  late.send(pattern(4, 2), rig.internal);
  rig.turn();
  assert.deepEqual(oldTarget.take().map((got) => got.data), [pattern(4, 0), pattern(4, 1)]);
  assert.deepEqual(newTarget.take().map((got) => got.data), [pattern(4, 2)]);
});

udpTest("UdpRelay refuses while there is no target", () => {
  using client = new Peer();
  using target = new Peer();
  using rig = new UdpRig();
  client.send(pattern(4, 0), rig.internal);
  rig.turn();
  assert.deepEqual(rig.story, ["refused: no target"]);
  assert.deepEqual([rig.cap.count, rig.guard.active, rig.targetFailures], [0, 0, 0]);
  rig.relay.setTargets([target.endpoint]);
  rig.advance(1001);
  client.send(pattern(4, 1), rig.internal);
  rig.turn();
  assert.deepEqual(target.take().map((got) => got.data), [pattern(4, 1)]);
});

udpTest("openUpstream() takes the next target when there is no way to the first", () => {
  using target = new Peer();
  // A link-local address without its link: connecting to it fails at once.
  const nowhere = { address: "fe80::1", port: 9 };
  const upstream = openUpstream([nowhere, target.endpoint]);
  assert.ok(typeof upstream !== "string");
  using _descriptor = upstream.descriptor;
  assert.deepEqual(upstream.target, target.endpoint);
  const none = openUpstream([nowhere]);
  assert.match(String(none), /^target unreachable \(E[A-Z]+\)$/);
});

udpTest("UdpRelay sends replies plain when the kernel refuses to cut them", () => {
  using target = new Peer();
  using client = new Peer();
  using rig = new UdpRig({ targets: [target.endpoint] });
  // Without checksums there is no UDP_SEGMENT: EINVAL. SO_NO_CHECK, <asm-generic/socket.h>
  ffi.setIntOption(rig.public, { level: 1, option: 11, name: "SO_NO_CHECK" }, 1);
  client.send(pattern(1, 0), rig.internal);
  rig.turn();
  const [there] = target.take();
  assert.ok(there);
  const answers = [300, 300, 300, 100, 200, 200, 0, 200].map((size, i) => pattern(size, i));
  for (const answer of answers) target.send(answer, there.from);
  rig.turn();
  assert.deepEqual(client.take().map((got) => got.data), answers);
  assert.equal(rig.relay.limit.segmentBytes, 199);
  assert.equal(rig.relay.drops.refused, 0);
});
