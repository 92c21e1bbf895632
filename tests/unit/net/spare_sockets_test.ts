/** The order trick: who is bound first needs no privilege when a listener comes that does not share. */
import assert from "node:assert/strict";
import {
  bindSocket,
  holdLibc,
  listenSocket,
  openStreamSocket,
  reuseSocketAddress,
} from "../../../ffi/mod.ts";
import { systemClock } from "../../../src/core/clock.ts";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import { silentLogger } from "../../../src/core/log.ts";
import type { Net, StreamConnection } from "../../../src/core/net.ts";
import { LinuxNet } from "../../../src/net/linux_net.ts";
import { withFdCheck } from "../../leak.ts";

const LOOPBACK = [127, 0, 0, 1];
const ANY: Endpoint = { address: "127.0.0.1", port: 0 };
const quiet = { onData(): void {}, onEnd(): void {} };

function spareTest(name: string, run: (net: LinuxNet) => Promise<void>): void {
  Deno.test({
    name,
    ignore: Deno.build.os !== "linux",
    fn: () =>
      withFdCheck(async () => {
        using _libc = holdLibc();
        await using net = LinuxNet.open({ log: silentLogger, clock: systemClock });
        await run(net);
      }),
  });
}

/** A listener with SO_REUSEADDR alone, as most servers are. */
function comeToPort(port: number): Disposable {
  const socket = openStreamSocket(4);
  reuseSocketAddress(socket);
  bindSocket(socket, { bytes: Uint8Array.from(LOOPBACK), port, scopeId: 0 }, "service");
  listenSocket(socket, 16, "service");
  return socket;
}

/** A host that hands out its side of each connection. */
async function openHost(net: Net): Promise<{ local: Endpoint; next: () => Promise<StreamConnection> }> {
  const accepted: StreamConnection[] = [];
  let arrived = Promise.withResolvers<void>();
  const { local } = await net.listenStream({
    local: ANY,
    onConnection(connection): typeof quiet {
      accepted.push(connection);
      arrived.resolve();
      return quiet;
    },
  });
  const next = async (): Promise<StreamConnection> => {
    for (let first = accepted.shift();; first = accepted.shift()) {
      if (first !== undefined) return first;
      await arrived.promise;
      arrived = Promise.withResolvers();
    }
  };
  return { local, next };
}

spareTest(
  "connectStream() takes spare sockets over and over beside a listener that does not share",
  async (net) => {
    const hosts = [await openHost(net), await openHost(net)];
    using held = await net.reservePort({ local: ANY, spareSockets: 2 });
    using _service = comeToPort(held.local.port);
    const how = { local: held.local, reusePort: true, ...quiet };
    for (const host of [...hosts, ...hosts, ...hosts]) {
      await assert.rejects(net.connectStream({ ...how, remote: host.local }), { code: "EADDRINUSE" });
      const out = await net.connectStream({ ...how, remote: host.local, usesSpareSocket: true });
      assert.deepEqual(out.local, held.local);
      assert.deepEqual((await host.next()).remote, held.local);
      out.abort();
    }
  },
);

spareTest("connectStream() has a spare socket back however its connection ended", async (net) => {
  const host = await openHost(net);
  const deaf = await net.reservePort({ local: ANY });
  using held = await net.reservePort({ local: ANY, spareSockets: 1 });
  using _service = comeToPort(held.local.port);
  const how = { local: held.local, reusePort: true, usesSpareSocket: true };
  const connect = async (): Promise<{ out: StreamConnection; ended: Promise<string | undefined> }> => {
    const ended = Promise.withResolvers<string | undefined>();
    const out = await net.connectStream({
      ...how,
      remote: host.local,
      onData: () => {},
      onEnd: (error) => ended.resolve(error?.message),
    });
    return { out, ended: ended.promise };
  };
  const reset = await connect();
  (await host.next()).abort();
  assert.match(await reset.ended ?? "", /ECONNRESET/);
  const closed = await connect();
  (await host.next()).end();
  assert.equal(await closed.ended, undefined);
  closed.out.end(); // both ends are over
  await assert.rejects(net.connectStream({ ...how, remote: deaf.local, ...quiet }), { code: "ECONNREFUSED" });
  await assert.rejects(
    net.connectStream({ ...how, remote: host.local, signal: AbortSignal.abort(new Error("no")), ...quiet }),
    { message: "no" },
  );
  const last = await connect();
  await assert.rejects(net.connectStream({ ...how, remote: host.local, ...quiet }), { code: "EADDRINUSE" });
  last.out.abort();
  deaf[Symbol.dispose]();
});

spareTest("connectStream() binds anew when no spare socket is left and nobody objects", async (net) => {
  const [one, two] = [await openHost(net), await openHost(net)];
  using held = await net.reservePort({ local: ANY, spareSockets: 1 });
  const how = { local: held.local, reusePort: true, usesSpareSocket: true, ...quiet };
  using _first = await net.connectStream({ ...how, remote: one.local });
  using second = await net.connectStream({ ...how, remote: two.local });
  assert.deepEqual(second.local, held.local);
});

spareTest("reservePort() closes a spare socket that is in use when it is given back", async (net) => {
  const host = await openHost(net);
  const held = await net.reservePort({ local: ANY, spareSockets: 1 });
  const { local } = held;
  const how = { local, reusePort: true, usesSpareSocket: true, ...quiet };
  const out = await net.connectStream({ ...how, remote: host.local });
  held[Symbol.dispose]();
  out.abort();
  using again = await net.reservePort({ local, reusePort: false }); // nothing of ours is left on it
  assert.deepEqual(again.local, local);
});

spareTest("reservePort() refuses spare sockets on a port of its own", async (net) => {
  await assert.rejects(net.reservePort({ local: ANY, reusePort: false, spareSockets: 1 }), TypeError);
});
