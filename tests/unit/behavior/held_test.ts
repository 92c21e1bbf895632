import assert from "node:assert/strict";
import type { Evidence } from "../../../src/behavior/nat_report.ts";
import { HeldTcp } from "../../../src/behavior/held_tcp.ts";
import { HeldUdp } from "../../../src/behavior/held_udp.ts";
import { createToken, isToken, TOKEN_BYTES } from "../../../src/behavior/knock_token.ts";
import type { ProbeContext } from "../../../src/behavior/probe_context.ts";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import type { Protocol } from "../../../src/core/mapping.ts";
import type { StreamConnection } from "../../../src/core/net.ts";
import { type FakeWorld, openFakeWorld, watch } from "../../fakes/fake_world.ts";
import { fakeRandom } from "../../fakes/fake_random.ts";

const SERVER: Endpoint = { address: "198.51.100.1", port: 3478 };
const STRANGER: Endpoint = { address: "192.0.2.7", port: 4000 };
const HOME = "192.168.1.2";
const never = new AbortController().signal;

function contextOf({ platform }: FakeWorld, protocol: Protocol): ProbeContext {
  return {
    ...{ platform, protocol, family: 4, address: HOME },
    note: (_evidence: Omit<Evidence, "protocol">) => {},
    ended: () => {},
  };
}

Deno.test("createToken() makes tokens that are no STUN, and isToken() knows them again", () => {
  const random = fakeRandom(3);
  const tokens = Array.from({ length: 50 }, () => createToken(random));
  assert.ok(tokens.every((token) => token.length === TOKEN_BYTES && (token[0] ?? 0) >= 0xc0));
  assert.equal(new Set(tokens.map((token) => token.toHex())).size, 50);
  const [one = new Uint8Array(0), other = new Uint8Array(0)] = tokens;
  assert.ok(isToken(one.slice(), one) && !isToken(other, one) && !isToken(one.subarray(1), one));
});

Deno.test("HeldUdp.ask() bears lost requests and gives up in the end", async () => {
  for (const [lost, isAnswered] of [[0, true], [2, true], [3, false]] as const) {
    const world = openFakeWorld();
    await using _server = await world.serveStun(SERVER);
    let n = 0;
    world.net.route = (packet) => ++n <= lost ? undefined : packet;
    using held = await HeldUdp.open(contextOf(world, "udp"));
    const answer = watch(held.ask(SERVER, never));
    await world.clock.advance(1500);
    assert.deepEqual(answer.value?.seen, isAnswered ? held.local : undefined);
    assert.ok(answer.isSettled);
    assert.equal(world.clock.pendingTimers, 0);
  }
});

Deno.test("HeldUdp takes its own token for a knock, and nothing else", async () => {
  const world = openFakeWorld();
  using held = await HeldUdp.open(contextOf(world, "udp"));
  using stranger = await world.net.openDatagram({ local: STRANGER, onDatagram: () => {} });
  const arrival = watch(held.arrival);
  const wrong = held.token.map((byte, i) => i === 15 ? byte ^ 1 : byte);
  for (const data of [wrong, held.token.subarray(1), new Uint8Array(0)]) stranger.send(data, held.local);
  await world.clock.advance(100);
  assert.ok(!arrival.isSettled);
  stranger.send(held.token, held.local);
  await world.clock.advance(100);
  assert.ok(arrival.isSettled);
});

Deno.test("HeldUdp.echo() sends short datagrams of strangers back, and notes who came", async () => {
  const world = openFakeWorld();
  await using _server = await world.serveStun(SERVER);
  using held = await HeldUdp.open(contextOf(world, "udp"));
  const back: number[] = [];
  using stranger = await world.net.openDatagram({
    local: STRANGER,
    onDatagram: (data) => void back.push(data.length),
  });
  stranger.send(new Uint8Array(32), held.local);
  await world.clock.advance(100);
  assert.deepEqual([back, held.stranger], [[], undefined]);
  held.echo();
  using asked = await world.net.openDatagram({
    local: { ...SERVER, port: 9999 },
    onDatagram: () => assert.fail("a server got an echo"),
  });
  watch(held.ask(SERVER, never));
  asked.send(new Uint8Array(32), held.local);
  await world.clock.advance(100);
  assert.equal(held.stranger, undefined);
  for (const length of [65, 32, 64]) stranger.send(new Uint8Array(length), held.local);
  await world.clock.advance(100);
  assert.deepEqual([back, held.stranger], [[32, 64], STRANGER]);
});

async function visit(
  world: FakeWorld,
  to: Endpoint,
  data: Uint8Array,
): Promise<{ readonly isEnded: boolean }> {
  const state = { isEnded: false };
  const connected = watch(world.net.connectStream({
    local: STRANGER,
    remote: to,
    onData: () => {},
    onEnd: () => void (state.isEnded = true),
  }));
  await world.clock.advance(100);
  const connection: StreamConnection = connected.value ?? assert.fail("not connected");
  // In two pieces, as streams have none.
  connection.write(data.subarray(0, 5));
  connection.write(data.subarray(5));
  await world.clock.advance(100);
  connection.abort();
  await world.clock.advance(100);
  return state;
}

Deno.test("HeldTcp takes its own token for a knock, and ends connections that bring something else", async () => {
  const world = openFakeWorld();
  {
    using held = await HeldTcp.open(contextOf(world, "tcp"));
    const arrival = watch(held.arrival);
    const wrong = held.token.map((byte, i) => i === 15 ? byte ^ 1 : byte);
    assert.ok((await visit(world, held.local, wrong)).isEnded);
    assert.ok(!arrival.isSettled);
    assert.ok((await visit(world, held.local, held.token)).isEnded);
    assert.ok(arrival.isSettled);
    assert.equal(held.stranger, undefined);
    held.expectStrangers([HOME, STRANGER.address]);
    await visit(world, held.local, held.token);
    assert.equal(held.stranger, undefined);
    held.expectStrangers([HOME]);
    await visit(world, held.local, held.token);
    assert.deepEqual(held.stranger, STRANGER);
  }
  assert.equal(world.net.open.size, 0);
});

Deno.test("HeldTcp.ask() keeps its connection open, and knows when it has ended", async () => {
  const world = openFakeWorld();
  using held = await HeldTcp.open(contextOf(world, "tcp"));
  {
    await using _server = await world.serveStun(SERVER);
    const answer = watch(held.ask(SERVER, never));
    await world.clock.advance(100);
    assert.deepEqual(answer.value?.seen, held.local);
    assert.ok(held.isHeld);
    await world.clock.advance(10_000);
    assert.ok(held.isHeld);
  }
  await world.clock.advance(100);
  assert.ok(!held.isHeld);
});

Deno.test("HeldTcp.ask() gives up on servers that are silent, refuse, or do not speak STUN", async () => {
  const world = openFakeWorld();
  const silent = { address: "198.51.100.9", port: 3478 };
  const web = { address: "198.51.100.8", port: 80 };
  world.net.silent.add(silent.address);
  const guests: StreamConnection[] = [];
  using _web = await world.net.listenStream({
    local: web,
    onConnection: (connection) => {
      guests.push(connection);
      connection.write(new TextEncoder().encode("220 mail.example ESMTP\r\n"));
      return { onData: () => {}, onEnd: () => connection.abort() };
    },
  });
  using held = await HeldTcp.open(contextOf(world, "tcp"));
  for (const server of [silent, web, SERVER]) {
    const answer = watch(held.ask(server, never));
    await world.clock.advance(2000);
    assert.deepEqual([answer.isSettled, answer.value, answer.error], [true, undefined, undefined]);
    assert.equal(world.clock.pendingTimers, 0);
  }
  for (const guest of guests) guest.abort();
});
