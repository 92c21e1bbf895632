import assert from "node:assert/strict";
import type { Endpoint } from "../../src/core/endpoint.ts";
import { errorCode } from "../../src/core/errors.ts";
import type { DatagramSocket, Net } from "../../src/core/net.ts";
import type { NetTest } from "./net_contract.ts";

const ANY_V4: Endpoint = { address: "127.0.0.1", port: 0 };
const ANY_V6: Endpoint = { address: "::1", port: 0 };

/** A datagram, kept. */
interface Arrival {
  readonly data: Uint8Array;
  readonly from: Endpoint;
}

/** A socket that queues what it gets. */
interface Inbox extends Disposable {
  readonly socket: DatagramSocket;
  readonly all: readonly Arrival[];
  next(): Promise<Arrival>;
}

async function openInbox(
  net: Net,
  local: Endpoint,
  options: { remote?: Endpoint; reusePort?: boolean } = {},
): Promise<Inbox> {
  const all: Arrival[] = [];
  let taken = 0;
  let wake = (): void => {};
  const socket = await net.openDatagram({
    local,
    ...options,
    onDatagram(data, from): void {
      all.push({ data: data.slice(), from });
      wake();
    },
  });
  return {
    socket,
    all,
    async next(): Promise<Arrival> {
      const index = taken++;
      while (all[index] === undefined) await new Promise<void>((resolve) => wake = resolve);
      return all[index];
    },
    [Symbol.dispose]: () => socket[Symbol.dispose](),
  };
}

/** What UDP sockets of a `Net` guarantee. */
export function datagramContract(test: NetTest): void {
  for (const [name, any] of [["IPv4", ANY_V4], ["IPv6", ANY_V6]] as const) {
    test(`openDatagram() exchanges datagrams over ${name}, the empty and the 60 kB one included`, async (net) => {
      using a = await openInbox(net, any);
      using b = await openInbox(net, any);
      const big = Uint8Array.from({ length: 60_000 }, (_, i) => i * 7);
      for (const data of [new Uint8Array([1, 2, 3]), new Uint8Array(), big]) {
        a.socket.send(data, b.socket.local);
        const there = await b.next();
        assert.deepEqual(there.data, data);
        assert.deepEqual(there.from, a.socket.local);
        b.socket.send(there.data, there.from);
        assert.deepEqual((await a.next()).data, data);
      }
    });
  }

  test("openDatagram() takes nothing from strangers when connected", async (net) => {
    using friend = await openInbox(net, ANY_V4);
    using stranger = await openInbox(net, ANY_V4);
    using connected = await openInbox(net, ANY_V4, { remote: friend.socket.local });
    stranger.socket.send(new Uint8Array([66]), connected.socket.local);
    connected.socket.send(new Uint8Array([1]));
    assert.deepEqual((await friend.next()).from, connected.socket.local);
    stranger.socket.send(new Uint8Array([67]), connected.socket.local);
    friend.socket.send(new Uint8Array([2]), connected.socket.local);
    assert.deepEqual(await connected.next(), { data: new Uint8Array([2]), from: friend.socket.local });
    assert.equal(connected.all.length, 1);
  });

  test("openDatagram() leaves datagrams of a shared port to their sockets", async (net) => {
    using server = await openInbox(net, ANY_V4);
    using visitor = await openInbox(net, ANY_V4);
    using service = await openInbox(net, ANY_V4, { reusePort: true });
    using ours = await openInbox(net, service.socket.local, {
      reusePort: true,
      remote: server.socket.local,
    });
    assert.deepEqual(ours.socket.local, service.socket.local);
    for (let i = 0; i < 50; i++) {
      visitor.socket.send(new Uint8Array([i]), service.socket.local);
      assert.deepEqual((await service.next()).data, new Uint8Array([i]));
      server.socket.send(new Uint8Array([100 + i]), service.socket.local);
      assert.deepEqual((await ours.next()).data, new Uint8Array([100 + i]));
    }
  });

  test("openDatagram() gives every shareable socket a port of its own when port 0 is asked for", async (net) => {
    using stack = new DisposableStack();
    const ports = new Set<number>();
    for (let i = 0; i < 400; i++) {
      const inbox = stack.use(await openInbox(net, ANY_V4, { reusePort: true }));
      ports.add(inbox.socket.local.port);
    }
    assert.equal(ports.size, 400);
  });

  test("openDatagram() rejects with EADDRINUSE when the port is taken", async (net) => {
    using first = await openInbox(net, ANY_V4);
    await assert.rejects(openInbox(net, first.socket.local), (error: Error) => {
      assert.equal(errorCode(error), "EADDRINUSE");
      assert.ok(error.message.includes(`127.0.0.1:${first.socket.local.port}`), error.message);
      return true;
    });
  });

  test("DatagramSocket.send() throws TypeError when it has no destination or is closed", async (net) => {
    using inbox = await openInbox(net, ANY_V4);
    assert.throws(() => inbox.socket.send(new Uint8Array(1)), TypeError);
    inbox.socket[Symbol.dispose]();
    inbox.socket[Symbol.dispose]();
    assert.throws(() => inbox.socket.send(new Uint8Array(1), inbox.socket.local), TypeError);
  });

  test("DatagramSocket.send() refuses a datagram that is too long with EMSGSIZE", async (net) => {
    const failed = Promise.withResolvers<unknown>();
    using socket = await net.openDatagram({ local: ANY_V4, onDatagram(): void {}, onError: failed.resolve });
    try {
      socket.send(new Uint8Array(70_000), { address: "127.0.0.1", port: 9 });
    } catch (error) {
      failed.resolve(error);
    }
    assert.equal(errorCode(await failed.promise), "EMSGSIZE");
  });

  test("openDatagram() tells onError of a refusal and goes on when the peer comes back", async (net) => {
    const peer = await openInbox(net, ANY_V4);
    const { local } = peer.socket;
    peer[Symbol.dispose]();
    const refused = Promise.withResolvers<Error>();
    const answered = Promise.withResolvers<void>();
    using socket = await net.openDatagram({
      local: ANY_V4,
      remote: local,
      onDatagram: () => answered.resolve(),
      onError: refused.resolve,
    });
    socket.send(new Uint8Array([1]));
    assert.equal(errorCode(await refused.promise), "ECONNREFUSED");
    using again = await openInbox(net, local);
    socket.send(new Uint8Array([2])); // not swallowed by the old error
    assert.deepEqual((await again.next()).data, new Uint8Array([2]));
    again.socket.send(new Uint8Array([3]), socket.local);
    await answered.promise;
  }, { needs: "full" });

  test("DatagramSocket.send() sends although an earlier datagram was refused", async (net) => {
    const peer = await openInbox(net, ANY_V4);
    const { local } = peer.socket;
    peer[Symbol.dispose]();
    const errors: (string | undefined)[] = [];
    using socket = await net.openDatagram({
      local: ANY_V4,
      remote: local,
      onDatagram(): void {},
      onError: (error) => errors.push(errorCode(error)),
    });
    socket.send(new Uint8Array([1])); // the refusal waits in the socket
    const opening = openInbox(net, local);
    socket.send(new Uint8Array([2])); // and is reported here, where it does not belong
    using again = await opening;
    assert.deepEqual((await again.next()).data, new Uint8Array([2]));
    socket.send(new Uint8Array([3]));
    await again.next();
    assert.deepEqual(errors, ["ECONNREFUSED"]);
  }, { needs: "full" });

  test("openDatagram() delivers nothing more when the handler disposes the socket", async (net) => {
    let count = 0;
    const first = Promise.withResolvers<void>();
    const socket: DatagramSocket = await net.openDatagram({
      local: ANY_V4,
      onDatagram(): void {
        count++;
        socket[Symbol.dispose]();
        first.resolve();
      },
    });
    using sender = await openInbox(net, ANY_V4);
    for (let i = 0; i < 10; i++) sender.socket.send(new Uint8Array([i]), socket.local);
    await first.promise;
    using probe = await openInbox(net, ANY_V4);
    sender.socket.send(new Uint8Array([99]), probe.socket.local);
    await probe.next(); // a later turn of the loop
    assert.equal(count, 1);
  });
}
