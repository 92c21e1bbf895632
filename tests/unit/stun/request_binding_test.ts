import assert from "node:assert/strict";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import type { DatagramSocket } from "../../../src/core/net.ts";
import { ATTRIBUTE, encodeAddress, encodeErrorCode } from "../../../src/stun/attributes.ts";
import { encodeMessage } from "../../../src/stun/message.ts";
import { requestBinding, type RequestBindingOptions } from "../../../src/stun/request_binding.ts";
import { kernelError } from "../../fakes/fake_net.ts";
import { type FakeWorld, openFakeWorld, watch } from "../../fakes/fake_world.ts";

const SERVER: Endpoint = { address: "198.51.100.1", port: 3478 };
const LOCAL: Endpoint = { address: "192.168.1.2", port: 3456 };
const LIE: Endpoint = { address: "192.0.2.66", port: 666 };

function options(world: FakeWorld, more: Partial<RequestBindingOptions> = {}): RequestBindingOptions {
  return { platform: world.platform, protocol: "udp", server: SERVER, local: LOCAL, ...more };
}

function lie(request: Uint8Array): Uint8Array {
  const id = request.slice(4, 20);
  const attributes = [encodeAddress(ATTRIBUTE.xorMappedAddress, LIE, id)];
  return encodeMessage({ class: "success", method: 1, id, attributes });
}

/** A UDP server that does what the test says with each request. */
function serveUdp(
  world: FakeWorld,
  onRequest: (data: Uint8Array, from: Endpoint, socket: DatagramSocket, n: number) => void,
): Promise<DatagramSocket> {
  let n = 0;
  const opening: Promise<DatagramSocket> = world.net.openDatagram({
    local: SERVER,
    onDatagram: (data, from) => void opening.then((socket) => onRequest(data, from, socket, ++n)),
  });
  return opening;
}

Deno.test("requestBinding() tells the reflexive address over UDP", async () => {
  const world = openFakeWorld();
  await using server = await world.serveStun(SERVER);
  const result = watch(requestBinding(options(world)));
  await world.clock.advance(20);
  assert.deepEqual(result.value, {
    reflexive: LOCAL,
    local: LOCAL,
    server: SERVER,
    responseOrigin: SERVER,
    software: "porthole",
    rttMs: 20,
  });
  assert.equal(server.answers, 1);
  assert.equal(world.net.open.size, 2);
  assert.equal(world.clock.pendingTimers, 0);
});

Deno.test("requestBinding() takes any address and port when none is given", async () => {
  const world = openFakeWorld();
  await using _server = await world.serveStun(SERVER);
  const result = watch(requestBinding(options(world, { local: undefined })));
  await world.clock.advance(20);
  assert.equal(result.value?.local.address, "192.168.1.2");
  assert.notEqual(result.value?.local.port, 0);
});

Deno.test("requestBinding() repeats the same request at the times of RFC 8489, then gives up", async () => {
  const world = openFakeWorld();
  const times: number[] = [];
  world.net.route = (): undefined => void times.push(world.clock.now());
  const result = watch(requestBinding(options(world)));
  await world.clock.advance(39_499);
  assert.deepEqual(times, [0, 500, 1500, 3500, 7500, 15_500, 31_500]);
  assert.equal(new Set(world.net.sent.map(({ data }) => data.toHex())).size, 1);
  assert.ok(!result.isSettled);
  await world.clock.advance(1);
  const error = result.error as Record<string, unknown>;
  assert.equal(error["code"], "stun_timeout");
  assert.equal(error["sends"], 7);
  assert.deepEqual(error["server"], SERVER);
  assert.equal(world.net.open.size, 0);
  assert.equal(world.clock.pendingTimers, 0);
});

Deno.test("requestBinding() ends at timeoutMs if that comes first", async () => {
  const world = openFakeWorld();
  const result = watch(requestBinding(options(world, { timeoutMs: 700, rtoMs: 200, maxSends: 5 })));
  await world.clock.advance(700);
  assert.equal((result.error as { sends?: number }).sends, 3);
});

Deno.test("requestBinding() takes the answer to a repeated request", async () => {
  const world = openFakeWorld();
  await using _server = await world.serveStun(SERVER);
  let losses = 2;
  world.net.route = (packet) => losses-- > 0 ? undefined : packet;
  const result = watch(requestBinding(options(world)));
  await world.clock.advance(1520);
  assert.deepEqual(result.value?.reflexive, LOCAL);
  assert.equal(result.value?.rttMs, 1520);
});

Deno.test("requestBinding() ignores liars and garbage over UDP", async () => {
  const world = openFakeWorld();
  using stranger = await world.net.openDatagram({ local: LIE, onDatagram: () => {} });
  using _server = await serveUdp(world, (data, from, socket, n) => {
    stranger.send(lie(data), from);
    if (n === 1) {
      socket.send(new Uint8Array([1, 2, 3]), from);
      socket.send(data, from);
      const otherId = lie(data);
      otherId[19] = (otherId[19] ?? 0) ^ 1;
      socket.send(otherId, from);
      const noCookie = lie(data);
      noCookie[4] = 0;
      socket.send(noCookie, from);
      const request = lie(data);
      request[0] = 0;
      socket.send(request, from);
      return;
    }
    const id = data.slice(4, 20);
    const attributes = [encodeAddress(ATTRIBUTE.mappedAddress, { address: "203.0.113.10", port: 14500 })];
    socket.send(encodeMessage({ class: "success", method: 1, id, attributes }), from);
  });
  const result = watch(requestBinding(options(world)));
  await world.clock.advance(400);
  assert.ok(!result.isSettled);
  await world.clock.advance(200);
  assert.deepEqual(result.value?.reflexive, { address: "203.0.113.10", port: 14500 });
});

Deno.test("requestBinding() ends at once when the kernel says ECONNREFUSED", async () => {
  const world = openFakeWorld();
  world.net.refusesClosedPorts = true;
  const result = watch(requestBinding(options(world)));
  await world.clock.advance(20);
  assert.equal((result.error as { code?: string }).code, "ECONNREFUSED");
  assert.equal(world.net.open.size, 0);
});

Deno.test("requestBinding() tells the server's refusal", async () => {
  const world = openFakeWorld();
  using _server = await serveUdp(world, (data, from, socket) => {
    const attributes = [encodeErrorCode({ status: 401, reason: "Unauthorized" })];
    socket.send(encodeMessage({ class: "error", method: 1, id: data.slice(4, 20), attributes }), from);
  });
  const result = watch(requestBinding(options(world)));
  await world.clock.advance(20);
  const { code, status, message } = result.error as Record<string, unknown>;
  assert.deepEqual([code, status], ["stun_error_response", 401]);
  assert.equal(message, "Cannot ask STUN server 198.51.100.1:3478: it answered error 401 Unauthorized");
});

Deno.test("requestBinding() passes the abort reason on and closes everything", async () => {
  for (const protocol of ["udp", "tcp"] as const) {
    const world = openFakeWorld();
    world.net.silent.add(SERVER.address);
    const controller = new AbortController();
    const result = watch(requestBinding(options(world, { protocol, signal: controller.signal })));
    await world.clock.advance(100);
    const reason = new Error("enough");
    controller.abort(reason);
    await world.clock.advance(0);
    assert.equal(result.error, reason);
    assert.equal(world.net.open.size, 0);
    assert.equal(world.clock.pendingTimers, 0);
    await assert.rejects(requestBinding(options(world, { protocol, signal: controller.signal })), reason);
  }
});

Deno.test("requestBinding() tells the reflexive address over TCP however the stream is cut", async () => {
  for (const chunkBytes of [1, 7, 19, 20, 21, Infinity]) {
    const world = openFakeWorld();
    world.net.chunkBytes = chunkBytes;
    await using _server = await world.serveStun(SERVER);
    const result = watch(requestBinding(options(world, { protocol: "tcp" })));
    await world.clock.advance(40);
    assert.deepEqual(result.value?.reflexive, LOCAL);
    assert.equal(result.value?.rttMs, 20);
    await world.clock.advance(10);
    assert.equal(world.net.open.size, 2, "our connection is reset, and the server lets go of it");
  }
});

Deno.test("requestBinding() gives up after 5 s over TCP, connected or not", async () => {
  const world = openFakeWorld();
  world.net.silent.add(SERVER.address);
  const unconnected = watch(requestBinding(options(world, { protocol: "tcp" })));
  await world.clock.advance(5000);
  assert.equal((unconnected.error as { sends?: number }).sends, 0);
  world.net.silent.clear();
  using _listener = await world.net.listenStream({
    local: SERVER,
    onConnection: () => ({ onData: () => {}, onEnd: () => {} }),
  });
  const mute = watch(requestBinding(options(world, { protocol: "tcp" })));
  await world.clock.advance(5000);
  const { code, sends } = mute.error as Record<string, unknown>;
  assert.deepEqual([code, sends], ["stun_timeout", 1]);
});

Deno.test("requestBinding() ends a TCP exchange that is not STUN, closes, or breaks", async (t) => {
  const text = new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n");
  const cases: Record<
    string,
    (connection: { write(d: Uint8Array): void; end(): void; abort(): void }) => void
  > = {
    "it does not speak STUN": (connection) => connection.write(text),
    "it closed the connection": (connection) => connection.end(),
    "the connection broke": (connection) => connection.abort(),
  };
  for (const [reason, act] of Object.entries(cases)) {
    await t.step(reason, async () => {
      const world = openFakeWorld();
      using _listener = await world.net.listenStream({
        local: SERVER,
        onConnection: (connection) => ({ onData: () => act(connection), onEnd: () => {} }),
      });
      const result = watch(requestBinding(options(world, { protocol: "tcp" })));
      await world.clock.advance(100);
      const { code, message } = result.error as Record<string, unknown>;
      assert.equal(code, "stun_stream");
      assert.equal(message, `Cannot ask STUN server 198.51.100.1:3478: ${reason}`);
    });
  }
});

Deno.test("requestBinding() hands a refused connection and a refused send over unchanged", async () => {
  const world = openFakeWorld();
  const refused = watch(requestBinding(options(world, { protocol: "tcp" })));
  await world.clock.advance(100);
  assert.equal((refused.error as { code?: string }).code, "ECONNREFUSED");
  world.net.route = (): never => {
    throw kernelError("ENETUNREACH", "send");
  };
  await assert.rejects(requestBinding(options(world)), { code: "ENETUNREACH" });
  assert.equal(world.net.open.size, 0);
});

Deno.test("requestBinding() goes on after EPERM, which a firewall gives for one packet", async () => {
  const world = openFakeWorld();
  await using _server = await world.serveStun(SERVER);
  let refusals = 1;
  world.net.route = (packet) => {
    if (refusals-- > 0) throw kernelError("EPERM", "send");
    return packet;
  };
  const result = watch(requestBinding(options(world)));
  await world.clock.advance(600);
  assert.deepEqual(result.value?.reflexive, LOCAL);
});
