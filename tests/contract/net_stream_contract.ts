import assert from "node:assert/strict";
import type { Endpoint } from "../../src/core/endpoint.ts";
import { errorCode } from "../../src/core/errors.ts";
import type { Net, StreamConnection, StreamListener } from "../../src/core/net.ts";
import type { NetTest } from "./net_contract.ts";
import { portContract } from "./net_port_contract.ts";
import { StreamRecorder } from "./stream_recorder.ts";

const ANY: Endpoint = { address: "127.0.0.1", port: 0 };
const PAUSED = true;
const FLOWING = false;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** An accepted connection and what it brought. */
interface Arrival {
  readonly connection: StreamConnection;
  readonly recorder: StreamRecorder;
}

/** A listener that queues its connections. */
interface Host extends Disposable {
  readonly listener: StreamListener;
  next(): Promise<Arrival>;
}

/** Opens one. */
export async function openHost(
  net: Net,
  options: { local?: Endpoint; reusePort?: boolean } = {},
): Promise<Host> {
  const all: Arrival[] = [];
  let taken = 0;
  let wake = (): void => {};
  const listener = await net.listenStream({
    local: ANY,
    ...options,
    onConnection(connection): StreamRecorder {
      const recorder = new StreamRecorder();
      all.push({ connection, recorder });
      wake();
      return recorder;
    },
  });
  return {
    listener,
    async next(): Promise<Arrival> {
      const index = taken++;
      while (all[index] === undefined) await new Promise<void>((resolve) => wake = resolve);
      return all[index];
    },
    [Symbol.dispose]: () => listener[Symbol.dispose](),
  };
}

/** A connection and both ends' records. */
async function openPair(net: Net): Promise<
  & { here: StreamConnection; hereLog: StreamRecorder; there: StreamConnection; thereLog: StreamRecorder }
  & Disposable
> {
  using host = await openHost(net);
  const hereLog = new StreamRecorder();
  const here = await net.connectStream({
    remote: host.listener.local,
    onData: hereLog.onData,
    onEnd: hereLog.onEnd,
  });
  const { connection: there, recorder: thereLog } = await host.next();
  return {
    here,
    hereLog,
    there,
    thereLog,
    [Symbol.dispose](): void {
      here.abort();
      there.abort();
    },
  };
}

/** What TCP connections of a `Net` guarantee. */
export function streamContract(test: NetTest): void {
  for (const address of ["127.0.0.1", "::1"]) {
    test(`connectStream() carries bytes both ways over ${address}`, async (net) => {
      using host = await openHost(net, { local: { address, port: 0 } });
      const log = new StreamRecorder();
      using here = await net.connectStream({ remote: host.listener.local, ...handlersOf(log) });
      const { connection: there, recorder } = await host.next();
      assert.deepEqual(there.remote, here.local);
      assert.deepEqual(there.local, here.remote);
      assert.deepEqual(here.remote, host.listener.local);
      here.write(text("ping"));
      await recorder.bytes(4);
      there.write(text("pong"));
      await log.bytes(4);
      assert.equal(recorder.text + log.text, "pingpong");
    });
  }

  test("StreamConnection.end() closes one side when the other goes on", async (net) => {
    using pair = await openPair(net);
    pair.here.write(text("question"));
    pair.here.end();
    assert.equal(await pair.thereLog.ended, undefined);
    assert.equal(pair.thereLog.text, "question");
    pair.there.write(new Uint8Array(300_000));
    pair.there.end();
    assert.equal(await pair.hereLog.ended, undefined);
    assert.equal(pair.hereLog.byteCount, 300_000);
    assert.deepEqual([pair.hereLog.endCount, pair.thereLog.endCount], [1, 1]);
  });

  test("StreamConnection.end() sends what is queued before the FIN", async (net) => {
    using pair = await openPair(net);
    pair.there.setPaused(PAUSED);
    pair.here.write(new Uint8Array(8_000_000));
    assert.ok(pair.here.pendingBytes > 0);
    pair.here.end();
    pair.here.write(text("too late"));
    pair.there.setPaused(FLOWING);
    assert.equal(await pair.thereLog.ended, undefined);
    assert.equal(pair.thereLog.byteCount, 8_000_000);
  });

  test("StreamConnection.abort() is an error to the peer and silent here", async (net) => {
    using pair = await openPair(net);
    pair.here.abort();
    pair.here.abort();
    assert.equal(errorCode(await pair.thereLog.ended), "ECONNRESET");
    pair.there.write(text("into the void"));
    pair.there.end();
    assert.equal(pair.hereLog.endCount, 0);
    assert.equal(pair.thereLog.endCount, 1);
  });

  test("StreamConnection.abort() reaches a peer that has ended its side", async (net) => {
    using pair = await openPair(net);
    pair.there.end();
    await pair.hereLog.ended;
    pair.here.abort();
    assert.equal(errorCode(await pair.thereLog.ended), "ECONNRESET");
  });

  test("StreamConnection.write() calls onEnd later when the peer has reset", async (net) => {
    using pair = await openPair(net);
    pair.there.setPaused(PAUSED);
    pair.here.abort();
    for (let i = 0; i < 50 && pair.thereLog.endCount === 0; i++) {
      pair.there.write(text("x"));
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    pair.there.setPaused(FLOWING);
    assert.ok(await pair.thereLog.ended instanceof Error);
    assert.equal(pair.thereLog.endCount, 1);
  });

  test("StreamConnection.setPaused() pushes back on the peer when set, and loses nothing", async (net) => {
    using pair = await openPair(net);
    pair.there.setPaused(PAUSED);
    const chunk = Uint8Array.from({ length: 1_000_000 }, (_, i) => i);
    const sum = chunk.reduce((total, byte) => total + byte, 0);
    for (let i = 0; i < 16; i++) pair.here.write(chunk);
    chunk.fill(0); // ours again: the queue holds a copy
    const pending = pair.here.pendingBytes;
    assert.ok(pending > 1_000_000, `${pending} bytes pending`);
    assert.ok(pair.thereLog.byteCount < 1_000_000);
    pair.there.setPaused(FLOWING);
    await pair.thereLog.bytes(16_000_000);
    assert.equal(pair.here.pendingBytes, 0);
    assert.equal(pair.thereLog.byteCount, 16_000_000);
    assert.equal(pair.thereLog.checksum, 16 * sum);
  });

  test("StreamConnection.setPaused() stops at once when called by the handler", async (net) => {
    let calls = 0;
    const first = Promise.withResolvers<StreamConnection>();
    const done = Promise.withResolvers<void>();
    let byteCount = 0;
    using listener = await net.listenStream({
      local: ANY,
      onConnection: (connection) => ({
        onData(data): void {
          byteCount += data.length;
          if (++calls === 1) {
            connection.setPaused(PAUSED);
            first.resolve(connection);
          }
          if (byteCount === 2_000_000) done.resolve();
        },
        onEnd(): void {},
      }),
    });
    using here = await net.connectStream({ remote: listener.local, ...handlersOf(new StreamRecorder()) });
    here.write(new Uint8Array(2_000_000));
    using connection = await first.promise;
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(calls, 1);
    connection.setPaused(FLOWING);
    await done.promise;
  });

  test("StreamConnection.setPaused() keeps the peer's last bytes when both have ended", async (net) => {
    using pair = await openPair(net);
    pair.there.setPaused(PAUSED);
    pair.there.end();
    await pair.hereLog.ended;
    pair.here.write(text("last words"));
    pair.here.end();
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(pair.thereLog.endCount, 0);
    pair.there.setPaused(FLOWING);
    assert.equal(await pair.thereLog.ended, undefined);
    assert.equal(pair.thereLog.text, "last words");
  });

  test("connectStream() calls no handler before its caller has the connection", async (net) => {
    const greeting = await net.listenStream({
      local: ANY,
      onConnection(connection): StreamRecorder {
        connection.write(text("hello"));
        connection.end();
        return new StreamRecorder();
      },
    });
    const log: string[] = [];
    const ended = Promise.withResolvers<void>();
    const connect = async (depth: number): Promise<StreamConnection> => {
      if (depth > 0) return await connect(depth - 1);
      return await net.connectStream({
        remote: greeting.local,
        onData: () => log.push("data"),
        onEnd(): void {
          log.push("end");
          ended.resolve();
        },
      });
    };
    using _connection = await connect(20);
    log.push("connected");
    await ended.promise;
    assert.deepEqual(log, ["connected", "data", "end"]);
    greeting[Symbol.dispose]();
  });

  test("listenStream() serves 400 visitors in a row when each closes first", async (net) => {
    using listener = await net.listenStream({
      local: ANY,
      onConnection: (connection) => ({
        onData: (data) => connection.write(data),
        onEnd: () => connection.end(),
      }),
    });
    for (let i = 0; i < 400; i++) {
      const log = new StreamRecorder();
      const visitor = await net.connectStream({ remote: listener.local, ...handlersOf(log) });
      visitor.write(text(`visitor ${i}`));
      visitor.end();
      assert.equal(await log.ended, undefined);
      assert.equal(log.text, `visitor ${i}`);
    }
  });

  test("listenStream() leaves accepted connections alone when disposed", async (net) => {
    using pair = await openPair(net); // its listener is closed already
    pair.here.write(text("still there"));
    await pair.thereLog.bytes(11);
    assert.equal(pair.thereLog.text, "still there");
  });

  test("listenStream() goes on when onConnection aborts or throws", async (net) => {
    let count = 0;
    using listener = await net.listenStream({
      local: ANY,
      onConnection(connection): StreamRecorder {
        count++;
        if (count === 1) connection.abort();
        if (count === 2) throw new Error("on purpose");
        connection.write(text("ok"));
        return new StreamRecorder();
      },
    });
    for (let i = 0; i < 2; i++) {
      const log = new StreamRecorder();
      try {
        using _refused = await net.connectStream({ remote: listener.local, ...handlersOf(log) });
        assert.equal(errorCode(await log.ended), "ECONNRESET");
      } catch (error) {
        assert.equal(errorCode(error), "ECONNRESET"); // the RST was faster than our epoll
      }
    }
    const log = new StreamRecorder();
    using _served = await net.connectStream({ remote: listener.local, ...handlersOf(log) });
    await log.bytes(2);
  });
  portContract(test);
}

function handlersOf(log: StreamRecorder): Pick<StreamRecorder, "onData" | "onEnd"> {
  return { onData: log.onData, onEnd: log.onEnd };
}
