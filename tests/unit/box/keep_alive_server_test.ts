import assert from "node:assert/strict";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { type KeepAliveMode, openKeepAliveServer } from "../../../src/box/keep_alive_server.ts";
import { openNet } from "../../../src/net/open_net.ts";
import { FakeClock } from "../../fakes/fake_clock.ts";
import { openTcpPeer, type TcpPeer } from "./box_rig.ts";

const LOCAL = { address: "127.0.0.1", port: 0 };
const REQUEST = "HEAD / HTTP/1.1\r\nHost: example\r\n\r\n";

/** Reads until a head is complete; gives its first line. */
async function statusOf(peer: TcpPeer): Promise<string> {
  let text = "";
  while (!text.includes("\r\n\r\n")) text += await peer.inbox.next();
  return text.slice(0, text.indexOf("\r\n"));
}

const ANSWERS: readonly { mode: KeepAliveMode; status: string; closes: boolean }[] = [
  { mode: { kind: "normal" }, status: "HTTP/1.1 200 OK", closes: false },
  { mode: { kind: "close-after-answer" }, status: "HTTP/1.1 200 OK", closes: true },
  { mode: { kind: "error", status: 503 }, status: "HTTP/1.1 503 Error", closes: false },
];

for (const { mode, status, closes } of ANSWERS) {
  Deno.test(`KeepAliveServer answers "${status}" when its mode is ${mode.kind}`, async () => {
    await using net = openNet({ log: silentLogger });
    using server = await openKeepAliveServer({ net, clock: systemClock, listen: LOCAL, mode });
    using peer = await openTcpPeer(net, server.local, LOCAL);
    // Cut in the middle, as a network may.
    peer.write(REQUEST.slice(0, 20));
    peer.write(REQUEST.slice(20));
    assert.equal(await statusOf(peer), status);
    if (closes) return assert.equal(await peer.inbox.next(), "<end>");
    peer.write(REQUEST);
    assert.equal(await statusOf(peer), status);
    assert.equal(server.requestCount, 2);
    assert.equal(server.acceptedCount, 1);
  });
}

Deno.test("KeepAliveServer sends a body when it is asked by GET, none when by HEAD", async () => {
  await using net = openNet({ log: silentLogger });
  using server = await openKeepAliveServer({ net, clock: systemClock, listen: LOCAL });
  using peer = await openTcpPeer(net, server.local, LOCAL);
  peer.write("GET / HTTP/1.1\r\n\r\n");
  assert.match(await peer.inbox.next(), /Content-Length: 3\r\n[^]*\r\n\r\nok\n$/);
  peer.write(REQUEST);
  assert.match(await peer.inbox.next(), /Content-Length: 3\r\n[^]*\r\n\r\n$/);
});

Deno.test("KeepAliveServer closes after its time when its mode says so", async () => {
  const clock = new FakeClock();
  await using net = openNet({ log: silentLogger });
  using server = await openKeepAliveServer({
    net,
    clock,
    listen: LOCAL,
    mode: { kind: "close-after", delayMs: 5000 },
  });
  using peer = await openTcpPeer(net, server.local, LOCAL);
  peer.write(REQUEST);
  assert.equal(await statusOf(peer), "HTTP/1.1 200 OK");
  await clock.advance(4999);
  assert.deepEqual(peer.inbox.waiting, []);
  await clock.advance(1);
  assert.equal(await peer.inbox.next(), "<end>");
});

Deno.test("KeepAliveServer never answers when its mode is silent", async () => {
  await using net = openNet({ log: silentLogger });
  using server = await openKeepAliveServer({
    net,
    clock: systemClock,
    listen: LOCAL,
    mode: { kind: "silent" },
  });
  using peer = await openTcpPeer(net, server.local, LOCAL);
  peer.write(REQUEST);
  using other = await openTcpPeer(net, server.local, LOCAL);
  while (server.requestCount === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  server.setMode({ kind: "normal" });
  other.write(REQUEST);
  assert.equal(await statusOf(other), "HTTP/1.1 200 OK");
  assert.deepEqual(peer.inbox.waiting, []);
});

Deno.test("KeepAliveServer.stop() resets and refuses, start() serves the same endpoint again", async () => {
  await using net = openNet({ log: silentLogger });
  using server = await openKeepAliveServer({ net, clock: systemClock, listen: LOCAL });
  const local = server.local;
  using peer = await openTcpPeer(net, local, LOCAL);
  peer.write(REQUEST);
  assert.equal(await statusOf(peer), "HTTP/1.1 200 OK");
  server.stop();
  assert.equal(await peer.inbox.next(), "<ECONNRESET>");
  assert.equal(server.connectionCount, 0);
  await assert.rejects(openTcpPeer(net, local, LOCAL), { code: "ECONNREFUSED" });
  await server.start();
  using again = await openTcpPeer(net, local, LOCAL);
  again.write(REQUEST);
  assert.equal(await statusOf(again), "HTTP/1.1 200 OK");
});

Deno.test("KeepAliveServer resets a connection when a head does not end", async () => {
  await using net = openNet({ log: silentLogger });
  using server = await openKeepAliveServer({ net, clock: systemClock, listen: LOCAL });
  using peer = await openTcpPeer(net, server.local, LOCAL);
  peer.write("x".repeat(20_000));
  assert.equal(await peer.inbox.next(), "<ECONNRESET>");
});
