import assert from "node:assert/strict";
import type { Endpoint, HostPort } from "../../../src/core/endpoint.ts";
import type { StreamConnection } from "../../../src/core/net.ts";
import { queryBedrock } from "../../../src/minecraft/query_bedrock.ts";
import { queryJava } from "../../../src/minecraft/query_java.ts";
import type { QueryResult } from "../../../src/minecraft/server_status.ts";
import { type FakeWorld, openFakeWorld, watch } from "../../fakes/fake_world.ts";
import { BEDROCK_LOG, HANDSHAKES, JAVA_JSON, JAVA_LOG, STATUS_REQUEST_HEX } from "../../vectors/minecraft.ts";
import { bedrockAnswer, javaAnswer } from "./answers.ts";

const SERVER: Endpoint = { address: "192.0.2.7", port: 25_565 };
const never = new AbortController().signal;
type Query = typeof queryJava;

/** Runs a query to its end, by the clock. */
async function run(
  query: Query,
  world: FakeWorld,
  options: { readonly host?: string; readonly limitMs: number; readonly signal?: AbortSignal },
): Promise<QueryResult> {
  const { host = SERVER.address, limitMs, signal = never } = options;
  const server: HostPort = { host, port: SERVER.port };
  const watched = watch(query({ platform: world.platform, server, family: 4, signal }));
  await world.clock.advance(limitMs - 1);
  const early = watched.value;
  await world.clock.advance(1);
  assert.equal(world.net.open.size, 0);
  assert.equal(world.clock.pendingTimers, 0);
  assert.ok(watched.isSettled);
  if (watched.error !== undefined) throw watched.error;
  const result = watched.value ?? assert.fail();
  // Only a time that is up takes all of the time.
  if (result.kind === "offline" && result.reason === "timeout") assert.equal(early, undefined);
  return result;
}

async function serveJava(
  world: FakeWorld,
  answer: (connection: StreamConnection, asked: string) => void,
): Promise<AsyncDisposable> {
  const connections: StreamConnection[] = [];
  const listener = await world.net.listenStream({
    local: SERVER,
    onConnection: (connection) => {
      connections.push(connection);
      let asked = "";
      return {
        onData: (data): void => answer(connection, asked += data.toHex()),
        onEnd: (): void => connection.abort(),
      };
    },
  });
  return {
    [Symbol.asyncDispose]: (): Promise<void> => {
      listener[Symbol.dispose]();
      for (const connection of connections) connection.abort();
      return Promise.resolve();
    },
  };
}

Deno.test("queryJava() asks as the vectors do and gives the status", async () => {
  const world = openFakeWorld();
  world.net.names.set("mc.example.com", [SERVER.address]);
  const seen: string[] = [];
  const server = await serveJava(world, (connection, asked) => {
    if (!asked.endsWith(STATUS_REQUEST_HEX)) return;
    seen.push(asked);
    connection.write(javaAnswer(JAVA_JSON));
  });
  const watched = watch(queryJava({
    platform: world.platform,
    server: { host: "mc.example.com", port: 25_565 },
    family: 4,
    signal: never,
  }));
  await world.clock.advance(1000);
  assert.deepEqual(watched.value, { kind: "online", status: JSON.parse(JAVA_LOG) });
  assert.deepEqual(seen, [`${HANDSHAKES[1]?.[2]}${STATUS_REQUEST_HEX}`]);
  await server[Symbol.asyncDispose]();
  assert.equal(world.net.open.size, 0);
  assert.equal(world.clock.pendingTimers, 0);
});

Deno.test("queryJava() says in nat1_traversal's words why there is no status", async () => {
  const answers: readonly (readonly [string, ((connection: StreamConnection) => void) | undefined])[] = [
    ["connect fail", undefined],
    ["timeout", (): void => {}],
    ["packet_len < 3", (connection): void => connection.end()],
    ["OSError", (connection): void => connection.abort()],
    ["packet_id != 0", (connection): void => connection.write(new TextEncoder().encode("HTTP/1.1 400\r\n"))],
    ["motd parse fail.", (connection): void => connection.write(javaAnswer("hello"))],
  ];
  for (const [reason, answer] of answers) {
    const world = openFakeWorld();
    const server = answer && await serveJava(world, answer);
    const watched = watch(queryJava({
      platform: world.platform,
      server: { host: SERVER.address, port: SERVER.port },
      family: 4,
      signal: never,
    }));
    await world.clock.advance(5000);
    await world.clock.advance(100);
    assert.equal(watched.value?.kind === "offline" && watched.value.reason, reason);
    await server?.[Symbol.asyncDispose]();
    assert.equal(world.net.open.size, 0, reason);
    assert.equal(world.clock.pendingTimers, 0);
  }
});

for (const [query, limitMs] of [[queryJava, 5000], [queryBedrock, 10_000]] as const) {
  Deno.test(`${query.name}() gives up after ${limitMs} ms and when there is no such name`, async () => {
    const world = openFakeWorld();
    world.net.silent.add(SERVER.address);
    const silent = await run(query, world, { limitMs });
    assert.equal(silent.kind === "offline" && silent.reason, "timeout");
    const nowhere = await run(query, world, { host: "no.example", limitMs });
    assert.equal(nowhere.kind === "offline" && nowhere.reason, "DNS query failed");
    world.net.names.set("slow.example", "hang");
    const slow = await run(query, world, { host: "slow.example", limitMs });
    assert.equal(slow.kind === "offline" && slow.reason, "timeout");
  });

  Deno.test(`${query.name}() rejects with the signal's reason when aborted`, async () => {
    const world = openFakeWorld();
    world.net.silent.add(SERVER.address);
    const stopping = new AbortController();
    const reason = new Error("enough");
    const server = { host: SERVER.address, port: SERVER.port };
    const watched = watch(query({ platform: world.platform, server, family: 4, signal: stopping.signal }));
    await world.clock.advance(100);
    stopping.abort(reason);
    await world.clock.advance(0);
    assert.equal(watched.error, reason);
    assert.equal(world.net.open.size, 0);
    assert.equal(world.clock.pendingTimers, 0);
  });
}

Deno.test("queryBedrock() pings each second until it is answered", async () => {
  const world = openFakeWorld();
  let pings = 0;
  const server = await world.net.openDatagram({
    local: SERVER,
    onDatagram: (data, from) => {
      assert.equal(data.length, 33);
      pings++;
      if (pings === 2) server.send(Uint8Array.of(0x1d), from);
      if (pings === 3) server.send(bedrockAnswer(), from);
    },
  });
  const watched = watch(queryBedrock({
    platform: world.platform,
    server: { host: SERVER.address, port: SERVER.port },
    family: 4,
    signal: never,
  }));
  await world.clock.advance(1999);
  assert.ok(!watched.isSettled);
  await world.clock.advance(100);
  assert.deepEqual(watched.value, { kind: "online", status: JSON.parse(BEDROCK_LOG) });
  server[Symbol.dispose]();
  assert.equal(world.net.open.size, 0);
  assert.equal(world.clock.pendingTimers, 0);
});

Deno.test("queryBedrock() tells a closed port at once, and what it could not read at the end", async () => {
  const world = openFakeWorld();
  world.net.refusesClosedPorts = true;
  const refused = await run(queryBedrock, world, { limitMs: 1000 });
  assert.equal(refused.kind === "offline" && refused.reason, "connect fail");
  using server = await world.net.openDatagram({
    local: SERVER,
    onDatagram: (_data, from) => server.send(Uint8Array.of(1, 2, 3), from),
  });
  const server2 = { host: SERVER.address, port: SERVER.port };
  const watched = watch(
    queryBedrock({ platform: world.platform, server: server2, family: 4, signal: never }),
  );
  await world.clock.advance(10_000);
  assert.equal(watched.value?.kind === "offline" && watched.value.reason, "packet_id != \\x1c");
});
