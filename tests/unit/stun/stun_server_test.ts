import assert from "node:assert/strict";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import { silentLogger } from "../../../src/core/log.ts";
import type { StreamConnection } from "../../../src/core/net.ts";
import type { ChangeRequest } from "../../../src/stun/attributes.ts";
import { encodeBindingRequest, readBindingAnswer } from "../../../src/stun/binding.ts";
import { StunFramer } from "../../../src/stun/framer.ts";
import { createMessageId, decodeMessage, type ReceivedMessage } from "../../../src/stun/message.ts";
import { openStunServer } from "../../../src/stun/stun_server.ts";
import { type FakeWorld, openFakeWorld } from "../../fakes/fake_world.ts";

const LISTEN: Endpoint = { address: "198.51.100.1", port: 3478 };
const ALTERNATE: Endpoint = { address: "198.51.100.2", port: 3479 };
const LOCAL: Endpoint = { address: "192.168.1.2", port: 3456 };

function request(world: FakeWorld, change?: ChangeRequest): Uint8Array {
  const id = createMessageId((length) => world.platform.random.bytes(length));
  return encodeBindingRequest(id, change);
}

interface Client {
  readonly connection: StreamConnection;
  readonly answers: ReceivedMessage[];
  readonly ends: (Error | undefined)[];
}

async function connect(world: FakeWorld): Promise<Client> {
  const framer = new StunFramer();
  const answers: ReceivedMessage[] = [];
  const ends: (Error | undefined)[] = [];
  const connecting = world.net.connectStream({
    remote: LISTEN,
    onData: (data) => void answers.push(...framer.push(data).map(decodeMessage)),
    onEnd: (error) => void ends.push(error),
  });
  await world.clock.advance(20);
  return { connection: await connecting, answers, ends };
}

Deno.test("openStunServer() answers from the endpoint that CHANGE-REQUEST asks for", async (t) => {
  const world = openFakeWorld();
  await using server = await world.serveStun(LISTEN, ALTERNATE);
  assert.deepEqual([server.listen, server.alternate], [LISTEN, ALTERNATE]);
  const seen: { from: Endpoint; message: ReceivedMessage }[] = [];
  using socket = await world.net.openDatagram({
    local: LOCAL,
    onDatagram: (data, from) => void seen.push({ from, message: decodeMessage(data) }),
  });
  const sites = [LISTEN.address, ALTERNATE.address].flatMap((address) =>
    [LISTEN.port, ALTERNATE.port].map((port) => ({ address, port }))
  );
  const changes = [false, true].flatMap((changesAddress) =>
    [false, true].map((changesPort) => ({ changesAddress, changesPort }))
  );
  for (const at of sites) {
    for (const { changesAddress, changesPort } of changes) {
      await t.step(`${at.address}:${at.port} ${changesAddress} ${changesPort}`, async () => {
        seen.length = 0;
        socket.send(request(world, { changesAddress, changesPort }), at);
        await world.clock.advance(20);
        const opposite = {
          address: at.address === LISTEN.address ? ALTERNATE.address : LISTEN.address,
          port: at.port === LISTEN.port ? ALTERNATE.port : LISTEN.port,
        };
        const expected = {
          address: (changesAddress ? opposite : at).address,
          port: (changesPort ? opposite : at).port,
        };
        assert.deepEqual(seen.map(({ from }) => from), [expected]);
        const answer = seen[0] && readBindingAnswer(seen[0].message);
        assert.deepEqual(answer?.reflexive, LOCAL);
        assert.deepEqual(answer?.responseOrigin, expected);
        assert.deepEqual(answer?.otherAddress, opposite);
      });
    }
  }
});

Deno.test("openStunServer() tells clients the endpoints it was told to advertise", async () => {
  const world = openFakeWorld();
  const advertise = {
    listen: { address: "127.64.10.1", port: 3478 },
    alternate: { address: "127.64.10.2", port: 0 },
  };
  const { net, clock } = world;
  await using _server = await openStunServer({
    net,
    clock,
    log: silentLogger,
    listen: LISTEN,
    alternate: ALTERNATE,
    advertise,
  });
  let other: Endpoint | undefined;
  using socket = await net.openDatagram({
    local: LOCAL,
    onDatagram: (data) => void (other = readBindingAnswer(decodeMessage(data)).otherAddress),
  });
  socket.send(request(world), LISTEN);
  await clock.advance(20);
  assert.deepEqual(other, { address: "127.64.10.2", port: 3479 });
});

Deno.test("openStunServer() answers many requests on one TCP connection, cut anywhere", async () => {
  const world = openFakeWorld();
  world.net.chunkBytes = 13;
  await using server = await world.serveStun(LISTEN, ALTERNATE);
  using client = (await connect(world)).connection;
  const other = await connect(world);
  for (let i = 0; i < 5; i++) other.connection.write(request(world));
  other.connection.write(request(world, { changesAddress: true, changesPort: true }));
  await world.clock.advance(100);
  assert.deepEqual(other.answers.map((message) => message.class), [
    ...new Array(5).fill("success"),
    "error",
  ]);
  assert.equal(server.answers, 6);
  other.connection.end();
  await world.clock.advance(20);
  assert.deepEqual(other.ends, [undefined], "our end of the stream is answered by its end");
  assert.ok(client.local.port > 0);
  other.connection.abort();
});

Deno.test("openStunServer() resets connections that are idle, or do not speak STUN", async () => {
  const world = openFakeWorld();
  await using _server = await world.serveStun(LISTEN);
  const idle = await connect(world);
  const busy = await connect(world);
  const stranger = await connect(world);
  stranger.connection.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
  await world.clock.advance(50_000);
  assert.equal(stranger.ends.length, 1);
  busy.connection.write(request(world));
  await world.clock.advance(10_100);
  assert.deepEqual([idle.ends.length, busy.ends.length], [1, 0]);
  await world.clock.advance(50_000);
  assert.equal(busy.ends.length, 1);
  for (const { connection } of [idle, busy, stranger]) connection.abort();
});

Deno.test("openStunServer() resets connections beyond its limit and takes new ones later", async () => {
  const world = openFakeWorld();
  const { net, clock } = world;
  await using _server = await openStunServer({
    net,
    clock,
    log: silentLogger,
    listen: LISTEN,
    maxConnections: 2,
  });
  const clients = [await connect(world), await connect(world), await connect(world)];
  await clock.advance(20);
  assert.deepEqual(clients.map(({ ends }) => ends.length), [0, 0, 1]);
  clients[0]?.connection.abort();
  await clock.advance(20);
  const next = await connect(world);
  await clock.advance(20);
  assert.equal(next.ends.length, 0);
  for (const { connection } of [...clients, next]) connection.abort();
});

Deno.test("openStunServer() leaves nothing behind when disposed or when it cannot open", async () => {
  const world = openFakeWorld();
  {
    await using _server = await world.serveStun(LISTEN, ALTERNATE);
    await connect(world);
  }
  await world.clock.advance(20);
  assert.equal(world.clock.pendingTimers, 0);
  assert.equal(world.net.open.size, 1, "the client's own connection");
  using _taken = await world.net.openDatagram({ local: ALTERNATE, onDatagram: () => {} });
  await assert.rejects(world.serveStun(LISTEN, ALTERNATE), { code: "EADDRINUSE" });
  assert.equal(world.net.open.size, 2);
});

Deno.test("openStunServer() finds ports itself where it may choose", async () => {
  const world = openFakeWorld();
  await using server = await world.serveStun({ ...LISTEN, port: 0 }, { ...ALTERNATE, port: 0 });
  assert.ok(server.alternate);
  assert.notEqual(server.listen.port, server.alternate.port);
  assert.equal(server.alternate.address, ALTERNATE.address);
});

Deno.test("openStunServer() refuses an alternate that is none", async () => {
  const world = openFakeWorld();
  const bad = [LISTEN, { ...LISTEN, port: 3479 }, { ...ALTERNATE, port: 3478 }, { address: "::1", port: 9 }];
  for (const alternate of bad) await assert.rejects(world.serveStun(LISTEN, alternate), TypeError);
  await assert.rejects(world.serveStun({ address: "0.0.0.0", port: 3478 }, ALTERNATE), TypeError);
});

Deno.test("openStunServer() survives garbage and forged sources", async () => {
  const world = openFakeWorld();
  await using server = await world.serveStun(LISTEN, ALTERNATE);
  using socket = await world.net.openDatagram({ local: LOCAL, onDatagram: () => {} });
  world.net.route = (packet) =>
    packet.data.length === 20 ? { ...packet, from: { ...LOCAL, port: 0 } } : packet;
  socket.send(request(world), LISTEN);
  for (let i = 0; i < 50; i++) socket.send(world.platform.random.bytes(i), LISTEN);
  await world.clock.advance(20);
  assert.equal(server.answers, 0);
});
