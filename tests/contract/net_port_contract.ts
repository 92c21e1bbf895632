import assert from "node:assert/strict";
import {
  bindSocket,
  connectSocket,
  type Descriptor,
  holdLibc,
  listenSocket,
  localAddress,
  openStreamSocket,
} from "../../ffi/mod.ts";
import type { Endpoint } from "../../src/core/endpoint.ts";
import { errorCode } from "../../src/core/errors.ts";
import type { NetTest } from "./net_contract.ts";
import { openHost } from "./net_stream_contract.ts";
import { StreamRecorder } from "./stream_recorder.ts";

const ANY: Endpoint = { address: "127.0.0.1", port: 0 };

/** A loopback port that answers no SYN: its backlog is full and nobody accepts. */
function openBlackHole(): { readonly endpoint: Endpoint } & Disposable {
  const libc = holdLibc(); // it outlives the net under test
  const sockets: Descriptor[] = [];
  const open = (): Descriptor => {
    const socket = openStreamSocket(4);
    sockets.push(socket);
    return socket;
  };
  const listener = open();
  bindSocket(listener, { bytes: new Uint8Array([127, 0, 0, 1]), port: 0, scopeId: 0 }, "black hole");
  listenSocket(listener, 0, "black hole");
  const address = localAddress(listener);
  for (let i = 0; i < 4; i++) connectSocket(open(), address, "black hole");
  return {
    endpoint: { address: "127.0.0.1", port: address.port },
    [Symbol.dispose](): void {
      for (const socket of sockets) socket[Symbol.dispose]();
      libc[Symbol.dispose]();
    },
  };
}

const silent = { onData(): void {}, onEnd(): void {} };

/** What a `Net` guarantees about ports, refusals and aborts. */
export function portContract(test: NetTest): void {
  test("connectStream() shares its port with a listener when reusePort is set", async (net) => {
    using keepAlive = await openHost(net);
    using host = await openHost(net, { reusePort: true });
    const local = host.listener.local;
    for (let i = 0; i < 30; i++) {
      const log = new StreamRecorder();
      using out = await net.connectStream({
        local,
        remote: keepAlive.listener.local,
        reusePort: true,
        onData: log.onData,
        onEnd: log.onEnd,
      });
      assert.deepEqual(out.local, local);
      const { connection } = await keepAlive.next();
      assert.deepEqual(connection.remote, local);
      using visitor = await net.connectStream({ remote: local, ...silent });
      assert.deepEqual((await host.next()).connection.remote, visitor.local);
      connection.write(new Uint8Array(5));
      await log.bytes(5);
    }
  }, { needs: "full" });

  test("connectStream() makes two connections from one port when they go to different peers", async (net) => {
    using one = await openHost(net);
    using two = await openHost(net);
    using first = await net.connectStream({
      local: ANY,
      remote: one.listener.local,
      reusePort: true,
      ...silent,
    });
    using second = await net.connectStream({
      local: first.local,
      remote: two.listener.local,
      reusePort: true,
      ...silent,
    });
    assert.deepEqual(second.local, first.local);
    await Promise.all([one.next(), two.next()]);
  });

  test("reservePort() keeps a port that others can share and takes none of its visitors", async (net) => {
    using reservation = await net.reservePort({ local: ANY });
    const { local } = reservation;
    assert.ok(local.port > 0);
    using host = await openHost(net, { local, reusePort: true });
    for (let i = 0; i < 30; i++) {
      using visitor = await net.connectStream({ remote: local, ...silent });
      assert.deepEqual((await host.next()).connection.remote, visitor.local);
    }
  }, { needs: "full" });

  test("reservePort() names a port that can be used, and refuses one that is taken", async (net) => {
    const reservation = await net.reservePort({ local: ANY });
    using host = await openHost(net, { local: reservation.local, reusePort: true });
    assert.deepEqual(host.listener.local, reservation.local);
    reservation[Symbol.dispose]();
    using taken = await openHost(net);
    await assert.rejects(net.reservePort({ local: taken.listener.local, reusePort: false }), {
      code: "EADDRINUSE",
    });
  });

  test("connectStream() works as usual where there is no spare socket to use", async (net) => {
    using host = await openHost(net);
    using out = await net.connectStream({
      ...{ local: ANY, remote: host.listener.local, reusePort: true, usesSpareSocket: true },
      ...silent,
    });
    assert.deepEqual((await host.next()).connection.remote, out.local);
  });

  test("reservePort() and connectStream() take our own uid for the owner", async (net) => {
    using host = await openHost(net);
    const ownerUid = Deno.uid() ?? undefined;
    using reservation = await net.reservePort({ local: ANY, ownerUid });
    const { local } = reservation;
    using out = await net.connectStream({
      ...{ local, remote: host.listener.local, reusePort: true, ownerUid },
      ...silent,
    });
    assert.deepEqual(out.local, local);
  });

  test("listenStream() rejects with EADDRINUSE and the address when the port is taken", async (net) => {
    using host = await openHost(net);
    await assert.rejects(openHost(net, { local: host.listener.local }), (error: Error) => {
      assert.equal(errorCode(error), "EADDRINUSE");
      assert.ok(error.message.includes(`127.0.0.1:${host.listener.local.port}`), error.message);
      return true;
    });
  });

  test("connectStream() rejects with ECONNREFUSED when nobody listens", async (net) => {
    const host = await openHost(net);
    const { local } = host.listener;
    host[Symbol.dispose]();
    await assert.rejects(net.connectStream({ remote: local, ...silent }), { code: "ECONNREFUSED" });
  });

  test("connectStream() rejects with the reason when aborted before or meanwhile", async (net) => {
    using hole = openBlackHole();
    const reason = new Error("enough");
    const stop = new AbortController();
    const pending = net.connectStream({ remote: hole.endpoint, signal: stop.signal, ...silent });
    setTimeout(() => stop.abort(reason), 20);
    await assert.rejects(pending, (error) => error === reason);
    await assert.rejects(
      net.connectStream({ remote: hole.endpoint, signal: stop.signal, ...silent }),
      (error) => error === reason,
    );
  });

  test("connectStream() ignores its signal once the connection stands", async (net) => {
    using host = await openHost(net);
    const stop = new AbortController();
    const log = new StreamRecorder();
    using here = await net.connectStream({
      remote: host.listener.local,
      signal: stop.signal,
      onData: log.onData,
      onEnd: log.onEnd,
    });
    stop.abort();
    const { connection } = await host.next();
    connection.write(new Uint8Array(3));
    await log.bytes(3);
    assert.equal(here.pendingBytes, 0);
  });

  test("connectStream() ends by itself when a probe's user timeout passes without an answer", async (net) => {
    using hole = openBlackHole();
    const probe = { idleSeconds: 1, intervalSeconds: 1, userTimeoutMs: 300 };
    await assert.rejects(net.connectStream({ remote: hole.endpoint, probe, ...silent }), {
      code: "ETIMEDOUT",
    });
  }, { needs: "full" });

  test("asyncDispose() ends pending connects and open connections", async (net) => {
    using hole = openBlackHole();
    using host = await openHost(net);
    const log = new StreamRecorder();
    const here = await net.connectStream({
      remote: host.listener.local,
      onData: log.onData,
      onEnd: log.onEnd,
    });
    const pending = net.connectStream({ remote: hole.endpoint, ...silent });
    const refused = assert.rejects(pending, { name: "AbortError" });
    await net[Symbol.asyncDispose]();
    await refused;
    here.write(new Uint8Array(1));
    here.end();
    here.abort();
    assert.equal(log.endCount, 0);
    await assert.rejects(openHost(net), TypeError);
    await assert.rejects(net.reservePort({ local: ANY }), TypeError);
    await assert.rejects(net.connectStream({ remote: host.listener.local, ...silent }), TypeError);
  });
}
