import assert from "node:assert/strict";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import type { DatagramSocket } from "../../../src/core/net.ts";
import { FakeClock } from "../../fakes/fake_clock.ts";
import { optionsFor, pattern, portableTest, type Rig } from "./portable_rig.ts";

const ANY: Endpoint = { address: "127.0.0.1", port: 0 };

/** A socket that keeps what comes. */
class Mailbox implements Disposable {
  readonly #got: { readonly data: Uint8Array; readonly from: Endpoint }[] = [];
  #wake = (): void => {};
  #socket: DatagramSocket | undefined;

  static async open(rig: Rig, onDatagram?: (data: Uint8Array, from: Endpoint) => void): Promise<Mailbox> {
    const box = new Mailbox();
    box.#socket = await rig.net.openDatagram({
      local: ANY,
      onDatagram: (data, from) => {
        box.#got.push({ data: data.slice(), from });
        onDatagram?.(data, from);
        box.#wake();
      },
    });
    return box;
  }

  get local(): Endpoint {
    return this.#socket?.local ?? ANY;
  }

  /** Came and was not taken yet. */
  get count(): number {
    return this.#got.length;
  }

  send(data: Uint8Array, to: Endpoint): void {
    this.#socket?.send(data, to);
  }

  async next(): Promise<{ readonly data: Uint8Array; readonly from: Endpoint }> {
    while (true) {
      const first = this.#got.shift();
      if (first !== undefined) return first;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  [Symbol.dispose](): void {
    this.#socket?.[Symbol.dispose]();
  }
}

async function openEcho(rig: Rig): Promise<Mailbox> {
  let send = (_data: Uint8Array, _to: Endpoint): void => {};
  const box = await Mailbox.open(rig, (data, from) => send(data, from));
  send = (data, to): void => box.send(data, to);
  return box;
}

portableTest("PortableUdpSession carries datagrams of every size, each to its own client", async (rig) => {
  using server = await openEcho(rig);
  const { session, at } = await rig.forward(optionsFor(server.local, { protocol: "udp" }));
  using one = await Mailbox.open(rig);
  using two = await Mailbox.open(rig);
  for (const size of [1, 0, 1200, 9000, 65_507]) {
    one.send(pattern(size, 1), at);
    two.send(pattern(size, 2), at);
    const [a, b] = await Promise.all([one.next(), two.next()]);
    assert.deepEqual([a.data, b.data], [pattern(size, 1), pattern(size, 2)]);
    assert.deepEqual([a.from, b.from], [at, at]);
  }
  assert.equal(session.counters.opened, 2);
  assert.equal(session.counters.active, 2);
  assert.notDeepEqual((await rig.record("opened", 0)).local, (await rig.record("opened", 1)).local);
});

portableTest("PortableUdpSession puts PROXY v2 before the first datagram only", async (rig) => {
  using server = await Mailbox.open(rig);
  const { at } = await rig.forward(optionsFor(server.local, { protocol: "udp", proxyProtocol: "v2" }));
  using client = await Mailbox.open(rig);
  client.send(Uint8Array.of(1, 2, 3), at);
  const ports = [client.local.port, at.port].map((n) => n.toString(16).padStart(4, "0")).join("");
  const want = `0d0a0d0a000d0a515549540a2112000c7f0000017f000001${ports}010203`;
  assert.equal((await server.next()).data.toHex(), want);
  client.send(Uint8Array.of(4), at);
  assert.equal((await server.next()).data.toHex(), "04");
});

portableTest("PortableUdpSession goes on when the target was unreachable for a while", async (rig) => {
  const target = rig.freePort("udp");
  const { session, at } = await rig.forward(optionsFor(target, { protocol: "udp" }));
  using client = await Mailbox.open(rig);
  client.send(Uint8Array.of(1), at);
  await rig.record("opened");
  client.send(Uint8Array.of(2), at);
  using server = await rig.net.openDatagram({
    local: target,
    onDatagram: (data, from) => server.send(data, from),
  });
  // An ICMP error may still be on its way and cost one datagram.
  for (let i = 0; i < 100 && client.count === 0; i++) {
    client.send(Uint8Array.of(3), at);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await client.next();
  assert.equal(session.counters.opened, 1);
});

portableTest(
  "PortableTunnel refuses a new UDP client when it is full, and the known one goes on",
  async (rig) => {
    using server = await openEcho(rig);
    const access = { allow: [], deny: [], maxSessions: 1 };
    const { at } = await rig.forward(optionsFor(server.local, { protocol: "udp", access }));
    using one = await Mailbox.open(rig);
    using two = await Mailbox.open(rig);
    one.send(Uint8Array.of(1), at);
    await one.next();
    two.send(Uint8Array.of(2), at);
    assert.equal((await rig.record("refused")).reason, "full");
    one.send(Uint8Array.of(3), at);
    assert.deepEqual((await one.next()).data, Uint8Array.of(3));
  },
);

const clock = new FakeClock();
portableTest("PortableUdpSession expires without traffic, and the client gets a new one", async (rig) => {
  using server = await openEcho(rig);
  const { session, at } = await rig.forward(optionsFor(server.local, { protocol: "udp", idleMs: 90_000 }));
  using client = await Mailbox.open(rig);
  client.send(Uint8Array.of(1), at);
  await client.next();
  await clock.advance(60_000);
  client.send(Uint8Array.of(2), at);
  await client.next();
  await clock.advance(60_000);
  assert.equal(session.counters.active, 1);
  await clock.advance(31_000);
  const { reason, bytesIn, bytesOut } = await rig.record("closed");
  assert.deepEqual([reason, bytesIn, bytesOut], ["idle", 2, 2]);
  client.send(Uint8Array.of(3), at);
  assert.deepEqual((await client.next()).data, Uint8Array.of(3));
  assert.equal(session.counters.opened, 2);
}, { clock: () => clock });
