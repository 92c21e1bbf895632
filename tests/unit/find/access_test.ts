import assert from "node:assert/strict";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import type { StreamConnection } from "../../../src/core/net.ts";
import { encodePot } from "../../../src/core/pot.ts";
import { type Access, openAccess } from "../../../src/find/access/open_access.ts";
import { parseService } from "../../../src/find/service.ts";
import type { Protocol } from "../../../src/core/mapping.ts";
import { kernelError } from "../../fakes/fake_net.ts";
import { type FakeWorld, openFakeWorld } from "../../fakes/fake_world.ts";
import { addressData, FakeDns, txtData } from "./find_rig.ts";

const LISTEN: Endpoint = { address: "127.0.0.1", port: 3389 };
const SERVICE = "203.0.113.10";

function tableFor(port: number): FakeDns["table"] {
  const content = encodePot([{ key: "rdp_tcp", port }, { key: "rdp_udp", port }]);
  return { "TXT x.test": [txtData(content)], "A x.test": [addressData(SERVICE)] };
}

/** A world with an access in it. */
class Rig implements AsyncDisposable {
  readonly world: FakeWorld;
  readonly dns: FakeDns;
  readonly said: string[] = [];
  readonly #access: Access;

  private constructor(world: FakeWorld, dns: FakeDns, access: Access) {
    this.world = world;
    this.dns = dns;
    this.#access = access;
  }

  static async open(
    protocol: Protocol,
    { dns = new FakeDns(tableFor(1)), listen = LISTEN }: { dns?: FakeDns; listen?: Endpoint } = {},
  ): Promise<Rig> {
    const world = openFakeWorld();
    const service = parseService("rdp", protocol);
    const said: string[] = [];
    const access = await openAccess(
      { name: "x.test", service, via: "auto", port: undefined, families: [4] },
      {
        platform: world.platform,
        find: { dns },
        protocol,
        listen,
        timeoutMs: 5000,
        onFound: (found, previous) =>
          said.push(`${previous?.port ?? "first"} -> ${found.endpoints[0]?.port}`),
        onTrouble: (error) => said.push(String(error)),
      },
    );
    const rig = new Rig(world, dns, access);
    rig.said.push(...said);
    said.push = (...lines): number => rig.said.push(...lines);
    return rig;
  }

  /** Records and caches say this from now on. */
  move(port: number): void {
    this.dns.table = tableFor(port);
  }

  advance(ms: number): Promise<void> {
    return this.world.clock.advance(ms);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#access[Symbol.asyncDispose]();
  }
}

/** A TCP service that answers every piece with its port before it, and ends when its client does. */
async function serveEcho({ net }: FakeWorld, port: number): Promise<StreamConnection[]> {
  const streams: StreamConnection[] = [];
  await net.listenStream({
    local: { address: SERVICE, port },
    onConnection: (stream) => {
      streams.push(stream);
      return {
        onData: (data) => stream.write(new TextEncoder().encode(`${port}:${new TextDecoder().decode(data)}`)),
        onEnd: (error) => error === undefined && stream.end(),
      };
    },
  });
  return streams;
}

interface Client {
  readonly stream: StreamConnection;
  readonly seen: string[];
}

async function connectClient({ world }: Rig, remote = LISTEN): Promise<Client> {
  const seen: string[] = [];
  const connecting = world.net.connectStream({
    remote,
    onData: (data) => seen.push(new TextDecoder().decode(data)),
    onEnd: (error) => seen.push(error === undefined ? "end" : "reset"),
  });
  await world.clock.advance(100);
  return { stream: await connecting, seen };
}

function say({ stream }: Client, text: string): void {
  stream.write(new TextEncoder().encode(text));
}

Deno.test("openAccess() leads a TCP client to the service, ends included", async () => {
  await using rig = await Rig.open("tcp");
  await serveEcho(rig.world, 1);
  const client = await connectClient(rig);
  say(client, "hello");
  await rig.advance(100);
  client.stream.end();
  await rig.advance(200);
  assert.deepEqual(client.seen, ["1:hello", "end"]);
});

Deno.test("openAccess() leads new TCP clients to the new endpoint while old ones live on", async () => {
  await using rig = await Rig.open("tcp");
  await serveEcho(rig.world, 1);
  await serveEcho(rig.world, 2);
  const old = await connectClient(rig);
  rig.move(2);
  await rig.advance(61_000);
  const next = await connectClient(rig);
  say(old, "a");
  say(next, "b");
  await rig.advance(100);
  assert.deepEqual([old.seen, next.seen, rig.said], [["1:a"], ["2:b"], ["first -> 1", "1 -> 2"]]);
});

Deno.test("openAccess() keeps a TCP client waiting while it finds out that the service moved", async () => {
  for (const isSilent of [false, true]) {
    await using rig = await Rig.open("tcp");
    await rig.advance(100);
    await serveEcho(rig.world, 2);
    // Only past the cache it is known.
    rig.dns.freshTable = tableFor(2);
    if (isSilent) {
      const connect = rig.world.net.connectStream.bind(rig.world.net);
      rig.world.net.connectStream = (options) => {
        if (options.remote.port !== 1) return connect(options);
        return new Promise((_, reject) =>
          options.signal?.addEventListener("abort", () => reject(options.signal?.reason))
        );
      };
    }
    const client = await connectClient(rig);
    say(client, "x");
    await rig.advance(3000);
    assert.deepEqual(client.seen, ["2:x"], isSilent ? "silent" : "refused");
  }
});

Deno.test("openAccess() resets a TCP client when nobody accepts, and passes resets on", async () => {
  await using rig = await Rig.open("tcp");
  const refused = await connectClient(rig);
  await rig.advance(10_000);
  assert.deepEqual(refused.seen, ["reset"]);
  const streams = await serveEcho(rig.world, 1);
  const client = await connectClient(rig);
  await rig.advance(100);
  streams[0]?.abort();
  await rig.advance(100);
  assert.deepEqual(client.seen, ["reset"]);
});

Deno.test("openAccess() waits for the name to be found, and resets clients at its end", async () => {
  const rig = await Rig.open("tcp", { dns: new FakeDns({ "TXT x.test": "failed" }) });
  await serveEcho(rig.world, 1);
  const client = await connectClient(rig);
  say(client, "x");
  rig.move(1);
  await rig.advance(20_000);
  assert.deepEqual(client.seen, ["1:x"]);
  const open = rig.world.net.open;
  await rig[Symbol.asyncDispose]();
  await rig.advance(100);
  assert.deepEqual(client.seen, ["1:x", "reset"]);
  assert.equal(open.size, 3, "the service's listener and connection, and the client's");
});

Deno.test("openAccess() stays where the service was when its record cannot be looked up for a while", async () => {
  await using rig = await Rig.open("tcp");
  await serveEcho(rig.world, 1);
  await rig.advance(100);
  rig.dns.table = { ...tableFor(1), "TXT x.test": "failed" };
  await rig.advance(120_000);
  const client = await connectClient(rig);
  say(client, "x");
  await rig.advance(100);
  assert.deepEqual(client.seen, ["1:x"]);
  assert.deepEqual(rig.said, [
    "first -> 1",
    "NotFoundError: Cannot find rdp at x.test: 192.0.2.53:53 answered SERVFAIL",
  ]);
  // That there is no such record any more is an answer.
  rig.dns.table = { "A x.test": [addressData(SERVICE)] };
  await rig.advance(300_000);
  assert.equal(rig.said.at(-1), "1 -> 3389");
});

Deno.test("openAccess() never connects to itself", async () => {
  const rows = [
    [LISTEN.address, LISTEN.address],
    ["0.0.0.0", "127.0.0.1"],
    ["0.0.0.0", "192.168.1.2"], // FakeNet's own
  ] as const;
  for (const [at, address] of rows) {
    for (const protocol of ["tcp", "udp"] as const) {
      const own = { ...tableFor(LISTEN.port), "A x.test": [addressData(address)] };
      const listen = { address: at, port: LISTEN.port };
      await using rig = await Rig.open(protocol, { dns: new FakeDns(own), listen });
      await rig.advance(100);
      if (protocol === "tcp") {
        const client = await connectClient(rig, listen);
        await rig.advance(5000);
        assert.deepEqual(client.seen, ["reset"]);
        assert.equal(rig.world.net.connects.length, 1, "the client's own");
      } else {
        const client = await datagramClient(rig);
        client.say("x");
        await rig.advance(5000);
        assert.equal(rig.world.net.sent.length, 1, "the client's own");
      }
    }
  }
});

/** A UDP service that answers with its port before what came. */
async function serveDatagrams({ net }: FakeWorld, port: number): Promise<string[]> {
  const heard: string[] = [];
  const socket = await net.openDatagram({
    local: { address: SERVICE, port },
    onDatagram: (data, from) => {
      heard.push(new TextDecoder().decode(data));
      socket.send(new TextEncoder().encode(`${port}:${new TextDecoder().decode(data)}`), from);
    },
  });
  return heard;
}

async function datagramClient({ world }: Rig): Promise<{ say(text: string): void; readonly seen: string[] }> {
  const seen: string[] = [];
  const socket = await world.net.openDatagram({
    local: { address: "127.0.0.1", port: 0 },
    remote: LISTEN,
    onDatagram: (data) => seen.push(new TextDecoder().decode(data)),
  });
  return { seen, say: (text) => socket.send(new TextEncoder().encode(text)) };
}

Deno.test("openAccess() leads UDP clients to the new endpoint when the records change", async () => {
  await using rig = await Rig.open("udp");
  await serveDatagrams(rig.world, 1);
  await serveDatagrams(rig.world, 2);
  const [a, b] = [await datagramClient(rig), await datagramClient(rig)];
  a.say("a");
  b.say("b");
  await rig.advance(100);
  assert.deepEqual([a.seen, b.seen], [["1:a"], ["1:b"]]);
  rig.move(2);
  await rig.advance(61_000);
  a.say("again");
  await rig.advance(100);
  assert.deepEqual(a.seen, ["1:a", "2:again"]);
});

Deno.test("openAccess() looks past caches when a UDP service falls silent or is gone", async () => {
  for (const refuses of [false, true]) {
    await using rig = await Rig.open("udp");
    await rig.advance(100);
    rig.world.net.refusesClosedPorts = refuses;
    await serveDatagrams(rig.world, 2);
    rig.dns.freshTable = tableFor(2);
    const client = await datagramClient(rig);
    for (let n = 0; n < 6; n++) {
      client.say(`${n}`);
      await rig.advance(1000);
    }
    assert.equal(client.seen.at(-1), "2:5", refuses ? "refused" : "silent");
    const fresh = rig.dns.asked.filter((question) => question.startsWith("fresh TXT"));
    assert.equal(fresh.length, 1);
  }
});

Deno.test("openAccess() looks again when there is no way to where a UDP service was", async () => {
  await using rig = await Rig.open("udp");
  const { net } = rig.world;
  await serveDatagrams(rig.world, 2);
  const open = net.openDatagram.bind(net);
  net.openDatagram = (options): ReturnType<typeof open> =>
    options.remote?.port === 1 ? Promise.reject(kernelError("ENETUNREACH", "connect")) : open(options);
  const client = await datagramClient(rig);
  // Only past the cache it is known.
  rig.dns.freshTable = tableFor(2);
  for (let n = 0; n < 3; n++) {
    client.say("x");
    await rig.advance(3000);
  }
  assert.deepEqual(rig.said, ["first -> 1", "1 -> 2"]);
  assert.equal(client.seen.at(-1), "2:x");
});

Deno.test("openAccess() keeps the first datagrams until it is known where to", async () => {
  await using rig = await Rig.open("udp", { dns: new FakeDns({ "TXT x.test": "failed" }) });
  const heard = await serveDatagrams(rig.world, 1);
  const client = await datagramClient(rig);
  client.say("early");
  await rig.advance(100);
  rig.move(1);
  await rig.advance(20_000);
  assert.deepEqual([heard, client.seen], [["early"], ["1:early"]]);
});

Deno.test("openAccess() forgets UDP clients that are silent for long", async () => {
  await using rig = await Rig.open("udp");
  await serveDatagrams(rig.world, 1);
  const client = await datagramClient(rig);
  client.say("a");
  await rig.advance(100);
  const open = rig.world.net.open.size;
  await rig.advance(400_000);
  assert.equal(rig.world.net.open.size, open - 1);
  client.say("b");
  await rig.advance(100);
  assert.deepEqual(client.seen, ["1:a", "1:b"]);
});
