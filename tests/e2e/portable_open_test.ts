import assert from "node:assert/strict";
import { type DemoWorld, openDemoWorld } from "../../src/cli/demo_world.ts";
import { fetchPage } from "../../src/cli/demo_visit.ts";
import { delay, systemClock } from "../../src/core/clock.ts";
import { type Endpoint, formatEndpoint, parseEndpoint } from "../../src/core/endpoint.ts";
import { silentLogger } from "../../src/core/log.ts";
import type { Protocol } from "../../src/core/mapping.ts";
import type { Net, StreamListener } from "../../src/core/net.ts";
import { systemRandom } from "../../src/core/random.ts";
import { openNet } from "../../src/net/open_net.ts";
import { openUdpPeer } from "../unit/box/box_rig.ts";
import { StreamRecorder } from "../contract/stream_recorder.ts";
import { PortholeChild } from "./porthole_child.ts";

/** The world outside needs shared ports; the command under test does not. */
const ignore = Deno.build.os !== "linux" || Deno.env.get("PORTHOLE_PORTABLE") === "1";
const LIMIT_MS = 10_000;
const never = new AbortController().signal;

interface Behind extends AsyncDisposable {
  readonly net: Net;
  readonly world: DemoWorld;
  readonly child: PortholeChild;
}

/** The real command on the runtime's own sockets, behind a full cone. */
async function openBehind(command: readonly string[], protocol: Protocol): Promise<Behind> {
  await using stack = new AsyncDisposableStack();
  const net = stack.use(openNet({ log: silentLogger }));
  const world = stack.use(
    await openDemoWorld({ net, clock: systemClock, random: systemRandom, log: silentLogger }),
  );
  const args = [
    ...[...command, `--${protocol}`, "--json", "--quiet", "--interface", world.home],
    ...world.stunServers.flatMap((server) => ["--stun", formatEndpoint(server)]),
    ...(protocol === "tcp"
      ? world.webServers.flatMap((server) => ["--keep-alive", formatEndpoint(server)])
      : []),
  ];
  const child = stack.use(PortholeChild.start(args, { PORTHOLE_PORTABLE: "1" }));
  const owned = stack.move();
  return { net, world, child, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** What a stranger's datagram is answered with. */
async function ask({ net, world }: Behind, to: Endpoint): Promise<string> {
  using stranger = await openUdpPeer(net, { address: world.visitor, port: 0 });
  stranger.send("hello", to);
  return (await stranger.inbox.next()).text;
}

/** Visitors may meet a gap in which the command connects from its port. */
async function insist<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1;; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === 5) throw error;
      await delay(systemClock, 200);
    }
  }
}

async function visit(behind: Behind, protocol: Protocol, external: string): Promise<string> {
  const to = parseEndpoint(external);
  if (protocol === "udp") return await ask(behind, to);
  const { net, world } = behind;
  return await insist(() =>
    fetchPage({
      net,
      clock: systemClock,
      from: world.visitor,
      to,
      limitMs: LIMIT_MS,
      signal: never,
    })
  );
}

async function stop(child: PortholeChild): Promise<void> {
  child.kill("SIGTERM");
  const { code, stderr } = await child.ended();
  assert.deepEqual([code, stderr], [143, ""]);
}

for (const protocol of ["tcp", "udp"] as const) {
  Deno.test({
    name:
      `porthole open serves a stranger before and after a restart over ${protocol} when ports cannot be shared`,
    ignore,
  }, async () => {
    await using behind = await openBehind(["open", "0", "--test"], protocol);
    const { child, world } = behind;
    const { external = "" } = await child.nextEvent("mapped");
    assert.match(await visit(behind, protocol, external), /It works!/);
    assert.equal((await child.nextEvent("checked"))["reachability"], "reachable");
    world.box.restart();
    const changed = await child.nextEvent("changed");
    assert.equal(changed["previous"], external);
    assert.match(await visit(behind, protocol, changed["external"] ?? ""), /It works!/);
    await stop(child);
  });
}

Deno.test({
  name: "porthole forward --udp carries datagrams before and after a restart when ports cannot be shared",
  ignore,
}, async () => {
  const server = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const answering = (async (): Promise<void> => {
    for await (const [data, from] of server) await server.send(data, from);
  })();
  try {
    const target = formatEndpoint({ address: "127.0.0.1", port: (server.addr as Deno.NetAddr).port });
    await using behind = await openBehind(["forward", target], "udp");
    const { external = "" } = await behind.child.nextEvent("mapped");
    assert.equal(await ask(behind, parseEndpoint(external)), "hello");
    behind.world.box.restart();
    const changed = await behind.child.nextEvent("changed");
    assert.equal(await ask(behind, parseEndpoint(changed["external"] ?? "")), "hello");
  } finally {
    server.close();
    await answering;
  }
});

/** Answers each piece at once. */
async function openEcho(net: Net): Promise<StreamListener> {
  return await net.listenStream({
    local: { address: "127.0.0.1", port: 0 },
    onConnection: (connection) => ({
      onData: (data) => connection.write(data.slice()),
      onEnd: () => connection.abort(),
    }),
  });
}

/** Talks to the echo through the tunnel. */
async function callEcho(net: Net, from: string, remote: Endpoint): Promise<() => Promise<void>> {
  const log = new StreamRecorder();
  const connection = await net.connectStream({
    local: { address: from, port: 0 },
    remote,
    onData: log.onData,
    onEnd: log.onEnd,
  });
  let asked = 0;
  const ask = async (): Promise<void> => {
    connection.write(new Uint8Array(7));
    asked += 7;
    const broken = log.ended.then((error) => Promise.reject(error ?? new Error("The echo ended")));
    await Promise.race([log.bytes(asked), broken]);
  };
  await ask();
  return ask;
}

Deno.test({
  name: "porthole forward keeps its clients and takes new ones after a restart when ports cannot be shared",
  ignore,
}, async () => {
  await using echoNet = openNet({ log: silentLogger });
  using server = await openEcho(echoNet);
  await using behind = await openBehind(["forward", formatEndpoint(server.local)], "tcp");
  const { net, world, child } = behind;
  const mapped = await child.nextEvent("mapped");
  await insist(() => callEcho(net, world.visitor, parseEndpoint(mapped["external"] ?? "")));
  // One from the same network: its connection does not go through the NAT, and so outlives the restart.
  const neighbour = await insist(() => callEcho(net, world.home, parseEndpoint(mapped["internal"] ?? "")));
  world.box.restart();
  const changed = await child.nextEvent("changed");
  await neighbour();
  await insist(() => callEcho(net, world.visitor, parseEndpoint(changed["external"] ?? "")));
  await stop(child);
});
