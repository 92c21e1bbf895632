import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { encodeProxyHeader } from "../../../src/forward/proxy_protocol.ts";
import { withFdCheck } from "../../leak.ts";
import { closeQuietly, echo, Pattern, readToEnd, TcpRig, TestTarget, writeAll } from "./tcp_rig.ts";

/** Sends `blocks` times the block, ends, and compares what comes back to the end. */
async function echoThrough(connection: Deno.TcpConn, block: Uint8Array, blocks: number): Promise<void> {
  const sending = (async () => {
    for (let i = 0; i < blocks; i++) await writeAll(connection, block);
    await connection.closeWrite();
  })();
  let got = 0;
  await readToEnd(connection, (data) => {
    for (let at = 0; at < data.length;) {
      const start = got % block.length;
      const piece = data.subarray(at, at + block.length - start);
      assert.equal(
        Buffer.compare(piece, block.subarray(start, start + piece.length)),
        0,
        `byte ${got} or after`,
      );
      at += piece.length;
      got += piece.length;
    }
  });
  await sending;
  assert.equal(got, block.length * blocks);
}

Deno.test("forward() echoes 1 MiB byte for byte when the client ends its side first", () =>
  withFdCheck(async () => {
    await using target = new TestTarget(echo);
    await using rig = await TcpRig.open(target.port);
    using connection = await rig.connect();
    await echoThrough(connection, new Pattern().next(1 << 20), 1);
    await rig.until(() => rig.recordsOf("closed").length === 1);
    const [opened, closed] = rig.records;
    assert.equal(rig.records.length, 2);
    assert.deepEqual(opened?.target, { address: "127.0.0.1", port: target.port });
    assert.deepEqual(opened?.client, { address: "127.0.0.1", port: connection.localAddr.port });
    const seen = target.connections[0]?.remoteAddr;
    assert.deepEqual(opened?.local, { address: "127.0.0.1", port: seen?.port });
    assert.equal(closed?.reason, "eof");
    assert.equal(closed?.bytesIn, 1 << 20);
    assert.equal(closed?.bytesOut, 1 << 20);
    const counters = { active: 0, opened: 1, refused: 0, bytesIn: 1 << 20, bytesOut: 1 << 20 };
    assert.deepEqual(rig.session.counters, counters);
  }));

Deno.test("forward() echoes 256 MiB byte for byte, in blocks that fit no buffer", async () => {
  await using target = new TestTarget(echo);
  await using rig = await TcpRig.open(target.port);
  using connection = await rig.connect();
  await echoThrough(connection, new Pattern().next((1 << 20) + 7), 256);
});

Deno.test("forward() keeps eight bulk streams apart", async () => {
  await using target = new TestTarget(echo);
  await using rig = await TcpRig.open(target.port);
  await Promise.all(Array.from({ length: 8 }, async (_, i) => {
    using connection = await rig.connect();
    const pattern = new Pattern();
    pattern.next(i * 1000);
    await echoThrough(connection, pattern.next((1 << 19) + i), 16);
  }));
});

Deno.test("forward() passes one byte at a time", async () => {
  await using target = new TestTarget(echo);
  await using rig = await TcpRig.open(target.port);
  using connection = await rig.connect();
  const one = new Uint8Array(1);
  for (let i = 0; i < 2000; i++) {
    await writeAll(connection, Uint8Array.of(i & 0xff));
    assert.equal(await connection.read(one), 1);
    assert.equal(one[0], i & 0xff);
  }
});

Deno.test("forward() lets the target end first and the client go on", async () => {
  const heard = Promise.withResolvers<number>();
  await using target = new TestTarget(async (connection) => {
    await writeAll(connection, new TextEncoder().encode("bye"));
    await connection.closeWrite();
    let count = 0;
    await readToEnd(connection, (data) => count += data.length);
    heard.resolve(count);
  });
  await using rig = await TcpRig.open(target.port);
  using connection = await rig.connect();
  let got = 0;
  await readToEnd(connection, (data) => got += data.length);
  assert.equal(got, 3);
  await writeAll(connection, new Uint8Array(100_000));
  await connection.closeWrite();
  assert.equal(await heard.promise, 100_000);
});

Deno.test("forward() holds a fast sender back while the receiver does not read", async () => {
  const block = new Pattern().next(1 << 20);
  const blocks = 64;
  let written = 0;
  await using target = new TestTarget(async (connection) => {
    for (let i = 0; i < blocks; i++) {
      await writeAll(connection, block);
      written++;
    }
    await connection.closeWrite();
  });
  await using rig = await TcpRig.open(target.port);
  using connection = await rig.connect();
  // Until nothing moves any more: what the kernel buffers on both connections, and one pipe.
  for (let last = -1; last !== written || written === 0;) {
    last = written;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert.ok(written < blocks, `${written} MiB were taken though nobody reads`);
  let got = 0;
  await readToEnd(connection, (data) => {
    const start = got % block.length;
    const head = data.subarray(0, block.length - start);
    assert.equal(Buffer.compare(head, block.subarray(start, start + head.length)), 0);
    got += data.length;
  });
  assert.equal(got, blocks << 20);
});

for (const version of ["v1", "v2"] as const) {
  Deno.test(`forward() sends a PROXY ${version} header before the first byte when asked to`, async () => {
    const chunks: Uint8Array[] = [];
    await using target = new TestTarget(async (connection) => {
      await readToEnd(connection, (data) => chunks.push(data.slice()));
    });
    await using rig = await TcpRig.open(target.port, { proxyProtocol: version });
    using connection = await rig.connect();
    const source = { address: "127.0.0.1", port: connection.localAddr.port };
    await writeAll(connection, new TextEncoder().encode("hello"));
    await connection.closeWrite();
    await rig.until(() => rig.recordsOf("closed").length === 1);
    const header = encodeProxyHeader({ version, protocol: "tcp", source, destination: rig.internal });
    assert.equal(
      Buffer.concat(chunks).toString("latin1"),
      Buffer.from(header).toString("latin1") + "hello",
    );
    assert.equal(rig.recordsOf("closed")[0]?.bytesIn, 5, "the header is not the client's");
  });
}

Deno.test("forward() loses no byte when the tunnel's rate is limited", async () => {
  await using target = new TestTarget(echo);
  await using rig = await TcpRig.open(target.port, { access: { bytesPerSecond: 2 << 20 } });
  using connection = await rig.connect();
  await echoThrough(connection, new Pattern().next(300_001), 1);
});

Deno.test("retarget() moves new connections only", async () => {
  const named = (name: string) => async (connection: Deno.TcpConn): Promise<void> => {
    await writeAll(connection, new TextEncoder().encode(name));
    await echo(connection);
  };
  await using first = new TestTarget(named("1"));
  await using second = new TestTarget(named("2"));
  await using rig = await TcpRig.open(0);
  /** Connects until the Worker has heard of the new target. */
  const meet = async (name: string): Promise<Deno.TcpConn> => {
    for (;;) {
      const connection = await rig.connect();
      const byte = new Uint8Array(1);
      const count = await connection.read(byte).catch(() => 0);
      if (count === 1 && String.fromCharCode(byte[0] ?? 0) === name) return connection;
      connection.close();
    }
  };
  assert.equal(rig.session.target, undefined);
  const early = await rig.connect();
  await assert.rejects(early.read(new Uint8Array(1)));
  closeQuietly(early);
  await rig.until(() => rig.recordsOf("refused").length === 1);
  assert.equal(rig.records[0]?.reason, "target unknown");
  rig.session.retarget({ address: "203.0.113.1", port: first.port });
  using old = await meet("1");
  rig.session.retarget({ address: "203.0.113.1", port: second.port });
  using _young = await meet("2");
  await echoThrough(old, new Pattern().next(100_000), 1);
});
