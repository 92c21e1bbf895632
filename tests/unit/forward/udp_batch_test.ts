import assert from "node:assert/strict";
import fc from "fast-check";
import { DatagramInbox } from "../../../ffi/datagram_inbox.ts";
import { DatagramOutbox } from "../../../ffi/datagram_outbox.ts";
import { MmsgLibrary } from "../../../ffi/mmsg.ts";
import { ERRNO } from "../../../ffi/mod.ts";
import { joinReceivedDatagrams } from "../../../ffi/udp_options.ts";
import { lowerLimit, runEnd, sendRemedy, UdpBatch, type UdpFlow } from "../../../src/forward/udp_batch.ts";
import { peerEndpoint, peerKey } from "../../../src/forward/udp_peer.ts";
import { addSlot } from "../../../src/forward/udp_engine.ts";
import * as ffi from "../../../ffi/mod.ts";
import { socketAddressOf } from "../../../src/net/socket_address.ts";
import { pattern, Peer, udpTest } from "./udp_rig.ts";

const FLOW: UdpFlow = { peer: new Uint32Array(8), bytesIn: 0, bytesOut: 0 };
const OTHER: UdpFlow = { peer: new Uint32Array(8), bytesIn: 0, bytesOut: 0 };

function runsOf(lengths: readonly number[], flows: readonly UdpFlow[], max = Infinity): number[][] {
  const packets = { count: lengths.length, lengths, flows };
  const runs: number[][] = [];
  for (let first = 0; first < lengths.length;) {
    const end = runEnd(packets, first, max);
    runs.push(lengths.slice(first, end));
    first = end;
  }
  return runs;
}

const RUNS: readonly (readonly [string, readonly number[], readonly number[][]])[] = [
  ["equal ones are joined", [5, 5, 5], [[5, 5, 5]]],
  ["a shorter one ends a run", [5, 5, 3, 3], [[5, 5, 3], [3]]],
  ["a longer one begins a run", [5, 6, 6], [[5], [6, 6]]],
  ["empty ones are alone", [0, 0, 5, 0, 5], [[0], [0], [5], [0], [5]]],
  ["64 at most", new Array(70).fill(9), [new Array(64).fill(9), new Array(6).fill(9)]],
  ["less than 65,000 bytes", [32_500, 32_499, 32_500, 32_500], [[32_500, 32_499], [32_500], [32_500]]],
  ["a great one is alone", [65_507, 65_507], [[65_507], [65_507]]],
];

for (const [what, lengths, runs] of RUNS) {
  Deno.test(`runEnd() ends runs right when ${what}`, () => {
    assert.deepEqual(runsOf(lengths, lengths.map(() => FLOW)), runs);
  });
}

Deno.test("runEnd() never joins datagrams of different flows, nor what is over the limit", () => {
  assert.deepEqual(runsOf([5, 5, 5], [FLOW, OTHER, OTHER]), [[5], [5, 5]]);
  assert.deepEqual(runsOf([1200, 1200, 800, 800], [FLOW, FLOW, FLOW, FLOW], 1199), [[1200], [1200], [
    800,
    800,
  ]]);
  assert.deepEqual(runsOf([1, 1], [FLOW, FLOW], 0), [[1], [1]]);
});

Deno.test("runEnd() splits any datagrams into runs that the kernel cuts back into the same ones", () => {
  const length = fc.oneof(fc.constantFrom(0, 64, 1200), fc.nat(1500), fc.nat(65_507));
  fc.assert(fc.property(fc.array(fc.tuple(length, fc.boolean()), { maxLength: 200 }), (packets) => {
    const lengths = packets.map(([bytes]) => bytes);
    const runs = runsOf(lengths, packets.map(([, isOther]) => isOther ? OTHER : FLOW));
    const cut = runs.flatMap((run) => {
      if (run.length === 1) return run;
      const size = run[0] ?? 0;
      const total = run.reduce((a, b) => a + b, 0);
      assert.ok(size > 0 && run.length <= 64 && total < 65_000);
      return Array.from({ length: Math.ceil(total / size) }, (_, i) => Math.min(size, total - i * size));
    });
    assert.deepEqual(cut, lengths);
  }));
});

Deno.test("sendRemedy() tries again, sends plain, skips or gives up by what the kernel said", () => {
  const run = { isRun: true, retries: 0 };
  const one = { isRun: false, retries: 0 };
  assert.equal(sendRemedy(ERRNO.EINVAL, run), "plain");
  assert.equal(sendRemedy(5, run), "plain"); // EIO
  assert.equal(sendRemedy(90, run), "plain"); // EMSGSIZE
  assert.equal(sendRemedy(90, one), "skip");
  assert.equal(sendRemedy(ERRNO.ECONNREFUSED, one), "retry");
  assert.equal(sendRemedy(ERRNO.ECONNREFUSED, { isRun: true, retries: 2 }), "skip");
  assert.equal(sendRemedy(ERRNO.EAGAIN, run), "drop-rest");
  assert.equal(sendRemedy(ERRNO.ENOBUFS, one), "drop-rest");
  assert.equal(sendRemedy(1, { isRun: false, retries: 1 }), "skip"); // EPERM
});

Deno.test("lowerLimit() excludes the refused size, or all of them when the card cannot do it", () => {
  assert.equal(lowerLimit(90, 1400), 1399);
  assert.equal(lowerLimit(5, 1400), 0);
});

udpTest(
  "UdpBatch sends runs that a socket with UDP_GRO receives joined, and that leave it joined again",
  () => {
    using library = MmsgLibrary.open();
    using sender = new Peer();
    using middle = new Peer();
    using last = new Peer();
    joinReceivedDatagrams(middle.socket.number);
    const inbox = new DatagramInbox(library, 8);
    const batch = new UdpBatch(library, inbox, "in");
    const flow: UdpFlow = { ...FLOW };
    const limit = { segmentBytes: Infinity };
    const sent = [...Array.from({ length: 40 }, (_, i) => pattern(1200, i)), pattern(700, 40)];
    const bytes = 40 * 1200 + 700;
    for (const [i, data] of sent.entries()) {
      inbox.bytes.set(data, i * 1200);
      batch.add(i * 1200, data.length, flow);
    }
    connect(sender, middle);
    assert.equal(batch.flush(sender.socket.number, limit), bytes);
    assert.deepEqual([limit.segmentBytes, flow.bytesIn, batch.dropped], [Infinity, bytes, 0]);

    assert.equal(inbox.receive(middle.socket.number), 1);
    assert.deepEqual([inbox.lengths[0], inbox.segments[0], inbox.isTruncated[0]], [bytes, 1200, 0]);
    assert.deepEqual(peerEndpoint(inbox.peers.slice(0, 8)), sender.endpoint);
    addSlot(batch, { inbox, slot: 0, flow }, () => true);
    assert.equal(batch.count, 41);
    connect(middle, last);
    batch.flush(middle.socket.number, limit);
    assert.deepEqual(last.take().map((got) => got.data), sent);
  },
);

udpTest("UdpBatch gives back what the kernel did not take", () => {
  using library = MmsgLibrary.open();
  using sender = new Peer();
  const inbox = new DatagramInbox(library, 8);
  const batch = new UdpBatch(library, inbox, "in");
  const flow: UdpFlow = { ...FLOW };
  for (let i = 0; i < 3; i++) batch.add(inbox.offsetOf(i), 10, flow); // it is not connected: EDESTADDRREQ
  assert.equal(batch.flush(sender.socket.number, { segmentBytes: Infinity }), 0);
  assert.deepEqual([batch.dropped, flow.bytesIn, batch.isFirstLost, batch.count], [3, 0, true, 0]);
});

udpTest("DatagramInbox.receive() fills slots from one on and tells that nothing is there", () => {
  using library = MmsgLibrary.open();
  using sender = new Peer();
  using receiver = new Peer();
  const inbox = new DatagramInbox(library, 4);
  assert.equal(inbox.receive(receiver.socket.number), -ERRNO.EAGAIN);
  for (let i = 0; i < 5; i++) sender.send(pattern(i * 100, i), receiver.endpoint);
  assert.equal(inbox.receive(receiver.socket.number, 1), 3);
  assert.equal(inbox.receive(receiver.socket.number), 2);
  assert.deepEqual([...inbox.lengths], [300, 400, 100, 200]);
  for (const [slot, i] of [[0, 3], [1, 4], [2, 1], [3, 2]] as const) {
    const start = inbox.offsetOf(slot);
    assert.deepEqual(inbox.bytes.slice(start, start + i * 100), pattern(i * 100, i));
  }
});

udpTest("DatagramInbox.receive() has whole sources of both families in the same slot", () => {
  using library = MmsgLibrary.open();
  const inbox = new DatagramInbox(library, 1);
  for (const address of ["127.0.0.1", "::1", "127.0.0.1"]) {
    using sender = new Peer(address);
    using receiver = new Peer(address);
    sender.send(pattern(3, 0), receiver.endpoint);
    assert.equal(inbox.receive(receiver.socket.number), 1);
    assert.deepEqual(peerEndpoint(inbox.peers.slice(0, 8)), sender.endpoint);
  }
});

udpTest("DatagramOutbox.send() goes on behind what is sent", () => {
  using library = MmsgLibrary.open();
  using sender = new Peer();
  using receiver = new Peer();
  connect(sender, receiver);
  const inbox = new DatagramInbox(library, 4);
  const outbox = new DatagramOutbox(library, inbox, { messages: 3, pieces: 3 });
  inbox.bytes.set(pattern(100, 1));
  for (let i = 0; i < 3; i++) {
    assert.ok(outbox.hasRoom(1));
    outbox.begin(undefined, 0);
    outbox.addPiece(i * 10, 10);
  }
  assert.ok(!outbox.hasRoom(1));
  assert.equal(outbox.send(sender.socket.number, 2), 1);
  assert.equal(outbox.send(sender.socket.number, 0), 3);
  const all = pattern(100, 1);
  assert.deepEqual(
    receiver.take().map((got) => got.data),
    [all.slice(20, 30), all.slice(0, 10), all.slice(10, 20), all.slice(20, 30)],
  );
});

Deno.test("peerKey() differs where one bit of address, port or scope does, and only there", () => {
  const address = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  );
  const endpoint = fc.record({ bytes: address, port: fc.nat(65_535), scopeId: fc.nat(9) });
  fc.assert(fc.property(endpoint, fc.nat(), (a, seed) => {
    const peers = new Uint32Array(16);
    const bytes = new Uint8Array(peers.buffer);
    bytes.set(ffi.encodeSockaddr(a));
    bytes.copyWithin(32, 0, 32);
    assert.equal(peerKey(peers, 0), peerKey(peers, 1));
    // sin_port and sin_addr; sin6_port, sin6_addr and sin6_scope_id
    const counted = a.bytes.length === 4
      ? [2, 3, 4, 5, 6, 7]
      : [2, 3, ...Array.from({ length: 20 }, (_, i) => 8 + i)];
    const changed = 32 + (counted[seed % counted.length] ?? 0);
    bytes[changed] = (bytes[changed] ?? 0) ^ (1 << (seed >> 8) % 8);
    assert.notEqual(peerKey(peers, 0), peerKey(peers, 1));
  }));
});

function connect(from: Peer, to: Peer): void {
  ffi.connectSocket(from.socket, socketAddressOf(to.endpoint), "peer");
}
