import assert from "node:assert/strict";
import {
  bindSocket,
  connectSocket,
  holdLibc,
  listenSocket,
  localAddress,
  openStreamSocket,
} from "../../../ffi/mod.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { errorCode } from "../../../src/core/errors.ts";
import { silentLogger } from "../../../src/core/log.ts";
import type { StreamConnection, StreamHandlers } from "../../../src/core/net.ts";
import { LinuxNet } from "../../../src/net/linux_net.ts";
import { withFdCheck } from "../../leak.ts";
import { closeQuietly, echo, freePort, TcpRig, TestTarget, tunnelOptions, writeAll } from "./tcp_rig.ts";

const LOOPBACK = "127.0.0.1";

const deaf: StreamHandlers = { onData(): void {}, onEnd(): void {} };

/** Reads one byte; "reset", another error, or what was read. A quick reset may come while still connecting. */
async function outcome(connecting: Deno.TcpConn | Promise<Deno.TcpConn>): Promise<string> {
  let connection: Deno.TcpConn | undefined;
  try {
    connection = await connecting;
    const count = await connection.read(new Uint8Array(1));
    return count === null ? "end" : "data";
  } catch (error) {
    return error instanceof Deno.errors.ConnectionReset ? "reset" : String(error);
  } finally {
    if (connection !== undefined) closeQuietly(connection);
  }
}

/** Waits for the one end of the one connection. */
async function endOf(rig: TcpRig): Promise<string | undefined> {
  await rig.until(() => rig.recordsOf("closed").length === 1);
  return rig.recordsOf("closed")[0]?.reason;
}

Deno.test("forward() passes the client's RST on to the target", () =>
  withFdCheck(async () => {
    await using net = LinuxNet.open({ log: silentLogger, clock: systemClock });
    const seen = Promise.withResolvers<string>();
    await using target = new TestTarget(async (connection) => {
      await connection.read(new Uint8Array(10));
      seen.resolve(await outcome(connection));
    });
    await using rig = await TcpRig.open(target.port);
    const client = await net.connectStream({ remote: rig.internal, ...deaf });
    client.write(new Uint8Array(10));
    await rig.until(() => rig.session.counters.bytesIn === 10);
    client.abort();
    assert.equal(await seen.promise, "reset");
    assert.equal(await endOf(rig), "reset by client");
  }));

Deno.test("forward() passes the target's RST on to the client", () =>
  withFdCheck(async () => {
    await using net = LinuxNet.open({ log: silentLogger, clock: systemClock });
    const accepted = Promise.withResolvers<StreamConnection>();
    const target = await net.listenStream({
      local: { address: LOOPBACK, port: 0 },
      onConnection(connection): StreamHandlers {
        accepted.resolve(connection);
        return deaf;
      },
    });
    await using rig = await TcpRig.open(target.local.port);
    const client = await rig.connect();
    (await accepted.promise).abort();
    assert.equal(await outcome(client), "reset");
    assert.equal(await endOf(rig), "reset by target");
  }));

Deno.test("forward() delivers what the target sent before it reset", async () => {
  await using net = LinuxNet.open({ log: silentLogger, clock: systemClock });
  const target = await net.listenStream({
    local: { address: LOOPBACK, port: 0 },
    onConnection(connection): StreamHandlers {
      connection.write(new Uint8Array(1000));
      return { ...deaf, onData: () => connection.abort() };
    },
  });
  await using rig = await TcpRig.open(target.local.port);
  const client = await rig.connect();
  let got = 0;
  while (got < 1000) got += await client.read(new Uint8Array(1000)) ?? 0;
  await writeAll(client, new Uint8Array(1));
  assert.equal(await outcome(client), "reset");
});

Deno.test("forward() resets the client when the target refuses, and serves when it is back", async () => {
  const port = freePort();
  await using rig = await TcpRig.open(port);
  assert.equal(await outcome(rig.connect()), "reset");
  assert.equal(await endOf(rig), "target refused");
  await using _target = new TestTarget(echo, port);
  const client = await rig.connect();
  await writeAll(client, new Uint8Array(1));
  assert.equal(await outcome(client), "data");
  assert.equal(rig.session.counters.opened, 2);
});

Deno.test("forward() gives a hanging target up after the connect time limit", async () => {
  // A full queue of a listener that accepts nothing drops every further SYN.
  using _libc = holdLibc();
  using hanging = openStreamSocket(4);
  bindSocket(hanging, { bytes: Uint8Array.of(127, 0, 0, 1), port: 0, scopeId: 0 }, "loopback");
  listenSocket(hanging, 0, "loopback");
  using queued = openStreamSocket(4);
  connectSocket(queued, localAddress(hanging), "loopback");
  await using rig = await TcpRig.open(localAddress(hanging).port, { connectTimeoutMs: 300 });
  assert.equal(await outcome(rig.connect()), "reset");
  assert.equal(await endOf(rig), "target timed out");
});

Deno.test("forward() ends a connection that is idle for too long, and no busy one", async () => {
  await using target = new TestTarget(echo);
  await using rig = await TcpRig.open(target.port, { idleMs: 1000 });
  const idle = await rig.connect();
  const busy = await rig.connect();
  const byte = new Uint8Array(1);
  const ended = outcome(idle);
  let isEnded = false;
  void ended.then(() => isEnded = true);
  while (!isEnded) {
    await writeAll(busy, byte);
    assert.equal(await busy.read(byte), 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal(await ended, "reset");
  await writeAll(busy, byte);
  assert.equal(await busy.read(byte), 1);
  busy.close();
  await rig.until(() => rig.recordsOf("closed").length === 2);
  assert.equal(rig.recordsOf("closed")[0]?.reason, "idle");
});

Deno.test("forward() turns clients away who are denied or too many", async () => {
  await using target = new TestTarget(echo);
  await using denied = await TcpRig.open(target.port, { access: { deny: ["127.0.0.0/8"] } });
  assert.equal(await outcome(denied.connect()), "reset");
  await denied.until(() => denied.records.length === 1);
  assert.deepEqual([denied.records[0]?.state, denied.records[0]?.reason], ["refused", "denied"]);
  assert.equal(denied.session.counters.refused, 1);

  await using few = await TcpRig.open(target.port, { access: { perClient: 1 } });
  const first = await few.connect();
  await few.until(() => few.recordsOf("opened").length === 1);
  assert.equal(await outcome(few.connect()), "reset");
  first.close();
  await few.until(() => few.recordsOf("closed").length === 1);
  const again = await few.connect();
  await writeAll(again, new Uint8Array(1));
  assert.equal(await outcome(again), "data");
});

Deno.test("forward() refuses what cannot work, and leaves nothing", () =>
  withFdCheck(async () => {
    await using rig = await TcpRig.open(freePort());
    const { forwarder } = rig;
    const port = freePort();
    const attempts: [{ address: string; port: number }, ReturnType<typeof tunnelOptions>, string][] = [
      [{ address: LOOPBACK, port }, tunnelOptions(port), "forward_loop"],
      [{ address: "0.0.0.0", port }, tunnelOptions(port), "forward_loop"],
      [{ address: "192.0.2.1", port }, tunnelOptions(1), "EADDRNOTAVAIL"],
      [{ address: LOOPBACK, port }, tunnelOptions(1, { device: "nosuchif0" }), "ENODEV"],
    ];
    for (const [internal, options, code] of attempts) {
      await assert.rejects(forwarder.forward(internal, options, () => {}), (error) =>
        errorCode(error) === code);
    }
  }));

Deno.test("forward() warns once, and works, when the congestion control is unknown", async () => {
  await using target = new TestTarget(echo);
  await using rig = await TcpRig.open(target.port, { congestion: "nosuchcc" });
  const client = await rig.connect();
  await writeAll(client, new Uint8Array(1));
  assert.equal(await outcome(client), "data");
  assert.equal(rig.lines.filter((line) => line.includes("nosuchcc")).length, 1);
});
