import assert from "node:assert/strict";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import type { StreamConnection } from "../../../src/core/net.ts";
import { openTokenListener } from "../../../src/reach/token_listener.ts";
import { openFakeWorld } from "../../fakes/fake_world.ts";

const LOCAL: Endpoint = { address: "192.168.1.2", port: 3456 };
const STRANGER = "198.51.100.7";

Deno.test("openTokenListener() answers over TCP whoever brings a token, in pieces too, and notes who it was", async () => {
  const { platform, net, clock } = openFakeWorld();
  const listener = await openTokenListener({ platform, protocol: "tcp", local: LOCAL });
  const [token, other] = [listener.issue(), listener.issue()];
  assert.notDeepEqual(token.send, other.send);
  let got = "";
  const connecting = net.connectStream({
    local: { address: STRANGER, port: 0 },
    remote: LOCAL,
    onData: (data) => got += data.toHex(),
    onEnd: () => {},
  });
  await clock.advance(100);
  const connection = await connecting;
  connection.write(token.send.subarray(0, 10));
  connection.write(token.send.subarray(10));
  await clock.advance(100);
  assert.equal(got, token.reply.toHex());
  assert.deepEqual([token.from, other.from], [connection.local, undefined]);
  connection.abort();
  listener[Symbol.dispose]();
  assert.equal(net.open.size, 0);
});

Deno.test("openTokenListener() sends others away over TCP, and all at its end", async () => {
  const { platform, net, clock } = openFakeWorld();
  const listener = await openTokenListener({ platform, protocol: "tcp", local: LOCAL });
  const token = listener.issue();
  const ended: string[] = [];
  const connect = async (name: string): Promise<StreamConnection> => {
    const connecting = net.connectStream({
      remote: LOCAL,
      onData: () => assert.fail("nothing is answered"),
      onEnd: () => ended.push(name),
    });
    await clock.advance(20);
    return await connecting;
  };
  const wrong = await connect("wrong");
  await connect("quiet");
  wrong.write(new Uint8Array(40));
  await clock.advance(20);
  assert.deepEqual(ended, ["wrong"]);
  for (let i = 0; i < 70; i++) await connect("crowd");
  await clock.advance(20);
  assert.equal(ended.length, 1 + 70 - 63, "64 at a time, the quiet one among them");
  listener[Symbol.dispose]();
  await clock.advance(20);
  assert.equal(ended.length, 72);
  assert.equal(token.from, undefined);
});

Deno.test("openTokenListener() answers tokens over UDP with as many bytes, and nothing else", async () => {
  const { platform, net, clock } = openFakeWorld();
  const listener = await openTokenListener({ platform, protocol: "udp", local: LOCAL });
  const token = listener.issue();
  const got: Uint8Array[] = [];
  const socket = await net.openDatagram({
    local: { address: STRANGER, port: 5 },
    onDatagram: (data) => got.push(data),
  });
  for (
    const data of [new Uint8Array(32), token.reply, token.send.subarray(1), Uint8Array.of(...token.send, 0)]
  ) {
    socket.send(data, LOCAL);
  }
  await clock.advance(100);
  assert.deepEqual([got.length, token.from], [0, undefined]);
  socket.send(token.send, LOCAL);
  await clock.advance(100);
  assert.deepEqual([...got[0] ?? []], [...token.reply]);
  assert.ok(token.reply.length <= token.send.length, "no amplifier");
  assert.deepEqual(token.from, { address: STRANGER, port: 5 });
  socket[Symbol.dispose]();
  listener[Symbol.dispose]();
  assert.equal(net.open.size, 0);
});

Deno.test("openTokenListener() throws the kernel's code when the port is taken", async () => {
  const { platform } = openFakeWorld();
  using _first = await openTokenListener({ platform, protocol: "tcp", local: LOCAL });
  await assert.rejects(openTokenListener({ platform, protocol: "tcp", local: LOCAL }), {
    code: "EADDRINUSE",
  });
});
