import assert from "node:assert/strict";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { Secret } from "../../../src/core/secret.ts";
import { systemRandom } from "../../../src/core/random.ts";
import { openNet } from "../../../src/net/open_net.ts";
import type { Fetch } from "../../../src/reach/ask_http.ts";
import { probeFromOutside } from "../../../src/reach/ask_reflector.ts";
import { checkReach } from "../../../src/reach/check_reach.ts";
import { openReflector, type Reflector, type ReflectorOptions } from "../../../src/reach/open_reflector.ts";
import { openFakeWorld } from "../../fakes/fake_world.ts";
import { TEST_TLS } from "./tls_fixture.ts";

const HERE = "127.0.0.1";
const { signal } = new AbortController();

interface Opened extends AsyncDisposable {
  readonly reflector: Reflector;
  readonly platform: ReflectorOptions["platform"];
  readonly fetch: Fetch;
  readonly url: string;
}

/** A real reflector on loopback with a client of its own; disposing closes all of it. */
async function open(more: Partial<ReflectorOptions> = {}): Promise<Opened> {
  await using rollback = new AsyncDisposableStack();
  const net = rollback.use(openNet({ log: silentLogger }));
  const platform = { net, clock: systemClock, random: systemRandom, log: silentLogger };
  const reflector = rollback.use(
    await openReflector({ platform, listen: { address: HERE, port: 0 }, ...more }),
  );
  const client = rollback.use(Deno.createHttpClient({ caCerts: [TEST_TLS.cert] }));
  const owned = rollback.move();
  return {
    ...{ reflector, platform },
    fetch: (url, init) => fetch(url, { ...init, client } as RequestInit),
    url: `${more.tls === undefined ? "http" : "https"}://${HERE}:${reflector.listen.port}`,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** What a server says to bytes that are no proper request, until it closes; our side stays open. */
async function talk(port: number, bytes: string): Promise<string> {
  using connection = await Deno.connect({ hostname: HERE, port });
  await connection.write(new TextEncoder().encode(bytes));
  const buffer = new Uint8Array(4096);
  const count = await connection.read(buffer);
  return new TextDecoder().decode(buffer.subarray(0, count ?? 0));
}

Deno.test("openReflector() on loopback: a served port, a closed one, and our own listener, TCP and UDP", async () => {
  await using opened = await open();
  const { url, fetch, platform } = opened;
  using service = Deno.listen({ hostname: HERE, port: 0 });
  const options = { url, fetch, clock: systemClock, protocol: "tcp", signal } as const;
  const served = await probeFromOutside({ address: HERE, port: service.addr.port }, options);
  assert.deepEqual([served.state, served.reason, served.fromAskedAddress], ["yes", "connected", true]);
  assert.notEqual(served.from?.port, opened.reflector.listen.port);
  const closed = await probeFromOutside({ address: HERE, port: 1 }, options);
  assert.deepEqual([closed.state, closed.reason, closed.detail], ["no", "refused", "ECONNREFUSED"]);
  for (const protocol of ["tcp", "udp"] as const) {
    // Kept meanwhile, so that nobody else gets it.
    using free = await platform.net.reservePort({ local: { address: HERE, port: 0 }, reusePort: true });
    const report = await checkReach({
      ...{ endpoint: free.local, protocol, platform, fetch, listen: free.local, reflector: { url }, signal },
    });
    assert.equal(report.evidence.outside[0]?.reason, "token", protocol);
    assert.equal(report.judgement.verdict, "open", protocol);
  }
});

Deno.test("openReflector() serves HTTPS with a certificate, and refuses what is none", async () => {
  await using opened = await open({ tls: TEST_TLS });
  const response = await opened.fetch(`${opened.url}/v1/me`, {});
  assert.equal((await response.json()).address, HERE);
  await assert.rejects(open({ tls: { cert: "x", key: "y" } }), Deno.errors.InvalidData);
});

Deno.test("openReflector() answers broken HTTP with 400 and goes on", async () => {
  await using opened = await open();
  const { port } = opened.reflector.listen;
  const head = "POST /v1/probe HTTP/1.1\r\nHost: x\r\n";
  const broken = [
    "nonsense\r\n\r\n",
    `${head}Content-Length: -5\r\n\r\n`,
    `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
  ];
  for (const bytes of broken) {
    const said = await talk(port, bytes);
    assert.ok(said === "" || /^HTTP\/1\.1 4\d\d/.test(said), said);
  }
  assert.match(await talk(port, `${head}Content-Length: 5000\r\n\r\n${"x".repeat(5000)}`), /^HTTP\/1\.1 413/);
  assert.equal((await (await opened.fetch(`${opened.url}/v1/me`, {})).json()).address, HERE);
});

Deno.test("openReflector() ends while a caller is still sending", async () => {
  const opened = await open();
  using connection = await Deno.connect({ hostname: HERE, port: opened.reflector.listen.port });
  const head = "POST /v1/probe HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{";
  await connection.write(new TextEncoder().encode(head));
  await opened[Symbol.asyncDispose]();
  const buffer = new Uint8Array(1024);
  // Nothing, an answer that it is ending, or a reset: but an end.
  await connection.read(buffer).catch(() => null);
});

Deno.test("openReflector() is opened again, at the same port, when strangers have filled the process up", async () => {
  const { clock, platform } = openFakeWorld();
  const ports: number[] = [];
  const ends: PromiseWithResolvers<void>[] = [];
  let isFull = false;
  const reflector = await openReflector({
    platform,
    listen: { address: HERE, port: 0 },
    serve: ({ port = 0, signal }) => {
      ports.push(port);
      if (isFull) throw new Error("Too many open files");
      const end = Promise.withResolvers<void>();
      signal?.addEventListener("abort", () => end.resolve());
      ends.push(end);
      return { addr: { transport: "tcp", hostname: HERE, port: port || 4711 }, finished: end.promise };
    },
  });
  ends[0]?.reject(new Error("Too many open files"));
  isFull = true;
  await clock.advance(1_000);
  isFull = false;
  await clock.advance(1_000);
  assert.deepEqual([reflector.listen.port, ports], [4711, [0, 4711, 4711]]);
  await clock.advance(10_000);
  assert.equal(ports.length, 3, "and then left alone");
  ends[1]?.reject(new Error("Too many open files"));
  await clock.advance(0);
  await reflector[Symbol.asyncDispose]();
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("openReflector() throws the system's code when it cannot listen", async () => {
  using holder = Deno.listen({ hostname: HERE, port: 0 });
  await assert.rejects(open({ listen: { address: HERE, port: holder.addr.port } }), { code: "EADDRINUSE" });
});

Deno.test("probeFromOutside() carries its token nowhere else, wherever it is sent", async () => {
  const asked: string[] = [];
  const elsewhere = Deno.serve({ hostname: HERE, port: 0, onListen: () => {} }, (request) => {
    asked.push(request.url);
    return Response.json({ address: HERE, port: 1 });
  });
  const mover = Deno.serve({ hostname: HERE, port: 0, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    return Response.redirect(`http://${HERE}:${elsewhere.addr.port}${pathname}`, 307);
  });
  const finding = await probeFromOutside({ address: HERE, port: 1 }, {
    ...{ url: `http://${HERE}:${mover.addr.port}`, clock: systemClock, protocol: "tcp", signal },
    token: new Secret("secret"),
    fetch: (url, init) => fetch(url, init),
  });
  assert.deepEqual([finding.state, finding.detail], ["unknown", "status 307: redirects are not followed"]);
  assert.deepEqual(asked, []);
  await Promise.all([mover.shutdown(), elsewhere.shutdown()]);
});
