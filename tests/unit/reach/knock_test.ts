import assert from "node:assert/strict";
import type { DatagramOptions, DatagramSocket, StreamConnection } from "../../../src/core/net.ts";
import type { Finding } from "../../../src/reach/evidence.ts";
import { knock, type KnockOptions } from "../../../src/reach/knock.ts";
import { kernelError } from "../../fakes/fake_net.ts";
import { type FakeWorld, openFakeWorld, watch } from "../../fakes/fake_world.ts";

const PLACE = { address: "203.0.113.10", port: 14_500 };
const SEND = Uint8Array.of(1, 2, 3);
const REPLY = Uint8Array.of(7, 8, 9);

/** Knocks to the end by the fake clock; leaves nothing open. */
async function run(world: FakeWorld, options: Partial<KnockOptions> = {}): Promise<Finding> {
  const before = world.net.open.size;
  const knocking = knock(PLACE, { platform: world.platform, protocol: "tcp", ...options });
  await world.clock.advance(10_000);
  const finding = await knocking;
  assert.equal(world.clock.pendingTimers, 0, "a timer was left");
  assert.ok(world.net.open.size <= before, "a socket was left");
  return finding;
}

/** A listener that answers what it is given with these pieces. */
async function listen(world: FakeWorld, pieces: readonly Uint8Array[] = []): Promise<string[]> {
  const said: string[] = [];
  await world.net.listenStream({
    local: PLACE,
    onConnection: (connection) => ({
      onData: (data) => {
        said.push(data.toHex());
        for (const piece of pieces) connection.write(piece);
      },
      onEnd: () => connection.abort(),
    }),
  });
  return said;
}

Deno.test("knock() is let in over TCP by whoever accepts, and tells where it came from", async () => {
  const world = openFakeWorld();
  await listen(world);
  const finding = await run(world, { from: "192.168.1.2" });
  assert.deepEqual([finding.state, finding.reason, finding.ms], ["yes", "connected", 20]);
  assert.equal(finding.from?.address, "192.168.1.2");
});

Deno.test("knock() over TCP sends and looks for what is expected, in pieces too", async () => {
  const world = openFakeWorld();
  const said = await listen(world, [Uint8Array.of(0, 7), Uint8Array.of(8, 9)]);
  const finding = await run(world, { send: SEND, expect: REPLY });
  assert.deepEqual([finding.state, finding.reason], ["yes", "token"]);
  assert.deepEqual(said, ["010203"]);
});

Deno.test("knock() over TCP cannot tell who accepted without what is expected", async () => {
  for (const pieces of [[], [Uint8Array.of(1)], [new Uint8Array(5000)]]) {
    const world = openFakeWorld();
    await listen(world, pieces);
    const finding = await run(world, { send: SEND, expect: REPLY });
    assert.deepEqual([finding.state, finding.reason], ["unknown", "other"]);
    assert.ok((finding.ms ?? 0) <= 5000);
  }
});

Deno.test("knock() over TCP is a finding whatever the kernel says", async () => {
  const table = [
    ["ECONNREFUSED", "no", "refused"],
    ["EHOSTUNREACH", "no", "unreachable"],
    ["ETIMEDOUT", "no", "timeout"],
    ["ECONNRESET", "yes", "reset"],
    ["ENETUNREACH", "unknown", "failed"],
    ["EADDRNOTAVAIL", "unknown", "failed"],
    ["EMFILE", "unknown", "failed"],
    ["toString", "unknown", "failed"],
  ] as const;
  for (const [code, state, reason] of table) {
    const world = openFakeWorld();
    world.net.connectStream = (): Promise<StreamConnection> => Promise.reject(kernelError(code, "connect"));
    const finding = await run(world);
    assert.deepEqual([finding.state, finding.reason], [state, reason], code);
    assert.ok(finding.detail?.includes(code), code);
  }
});

Deno.test("knock() over TCP gives up after its limit", async () => {
  const world = openFakeWorld();
  world.net.silent.add(PLACE.address);
  const finding = await run(world, { limitMs: 700 });
  assert.deepEqual([finding.state, finding.reason, finding.ms], ["no", "timeout", 700]);
});

async function serveUdp(
  world: FakeWorld,
  answer: (data: Uint8Array) => Uint8Array | undefined,
): Promise<void> {
  const socket = await world.net.openDatagram({
    local: PLACE,
    onDatagram: (data, from) => {
      const reply = answer(data);
      if (reply !== undefined) socket.send(reply, from);
    },
  });
}

Deno.test("knock() over UDP takes any answer, or only the one that is expected", async () => {
  const any = openFakeWorld();
  await serveUdp(any, () => Uint8Array.of(1));
  assert.deepEqual(pick(await run(any, { protocol: "udp" })), ["yes", "answered"]);
  const expected = openFakeWorld();
  await serveUdp(expected, (data) => data.toHex() === "010203" ? REPLY : undefined);
  assert.deepEqual(pick(await run(expected, { protocol: "udp", send: SEND, expect: REPLY })), [
    "yes",
    "token",
  ]);
  const other = openFakeWorld();
  await serveUdp(other, () => Uint8Array.of(7, 8));
  assert.deepEqual(pick(await run(other, { protocol: "udp", expect: REPLY })), ["no", "timeout"]);
});

function pick({ state, reason }: Finding): readonly string[] {
  return [state, reason];
}

Deno.test("knock() over UDP sends 32 bytes three times and calls silence unknown", async () => {
  const world = openFakeWorld();
  const finding = await run(world, { protocol: "udp" });
  assert.deepEqual([finding.state, finding.reason, finding.ms], ["unknown", "silent", 3000]);
  assert.deepEqual(world.net.sent.map(({ data }) => data.length), [32, 32, 32]);
  assert.equal(new Set(world.net.sent.map(({ data }) => data.toHex())).size, 1);
  assert.deepEqual(world.net.sent.map(({ to }) => to), [PLACE, PLACE, PLACE]);
});

Deno.test("knock() over UDP sends no more once the answer is there", async () => {
  const world = openFakeWorld();
  await serveUdp(world, () => REPLY);
  await run(world, { protocol: "udp" });
  assert.equal(world.net.sent.filter(({ to }) => to.port === PLACE.port).length, 1);
});

Deno.test("knock() over UDP says no to a refusal, at once or later", async () => {
  const later = openFakeWorld();
  later.net.refusesClosedPorts = true;
  const finding = await run(later, { protocol: "udp" });
  assert.deepEqual([finding.state, finding.reason, finding.detail], ["no", "refused", "ECONNREFUSED"]);
  for (
    const [code, state] of [["ECONNREFUSED", "no"], ["EPERM", "unknown"], ["ENETUNREACH", "unknown"]] as const
  ) {
    const world = openFakeWorld();
    const open = world.net.openDatagram.bind(world.net);
    world.net.openDatagram = async (options: DatagramOptions): Promise<DatagramSocket> => {
      const socket = await open(options);
      socket.send = (): never => {
        throw kernelError(code, "send");
      };
      return socket;
    };
    assert.equal((await run(world, { protocol: "udp" })).state, state, code);
  }
});

Deno.test("knock() passes an abort on unchanged and leaves nothing open", async () => {
  for (const protocol of ["tcp", "udp"] as const) {
    const world = openFakeWorld();
    const { net, clock, platform } = world;
    net.silent.add(PLACE.address);
    const stop = new AbortController();
    const reason = new Error("over");
    const cut = watch(knock(PLACE, { platform, protocol, signal: stop.signal }));
    await clock.advance(100);
    stop.abort(reason);
    await clock.advance(0);
    assert.equal(cut.error, reason);
    assert.deepEqual([net.open.size, clock.pendingTimers], [0, 0]);
    await assert.rejects(knock(PLACE, { platform, protocol, signal: stop.signal }), reason);
  }
});
