import assert from "node:assert/strict";
import { type Endpoint, formatEndpoint, parseEndpoint } from "../../src/core/endpoint.ts";
import { pattern, readAll, withServer, writeAll } from "../unit/forward/portable_rig.ts";
import { PortholeChild, runPorthole } from "./porthole_child.ts";
import { Surroundings } from "./surroundings.ts";

/** Sharing a port with the keep-alive connection needs SO_REUSEPORT before connect. */
const ignore = Deno.build.os !== "linux" || Deno.env.get("PORTHOLE_PORTABLE") === "1";

async function echo(conn: Deno.TcpConn): Promise<void> {
  await writeAll(conn, await readAll(conn));
}

async function askEcho(at: Endpoint, sent: Uint8Array): Promise<Uint8Array> {
  using conn = await Deno.connect({ hostname: at.address, port: at.port });
  await writeAll(conn, sent);
  await conn.closeWrite();
  return await readAll(conn);
}

Deno.test(
  { name: "porthole forward --json forwards, tells of clients exactly and ends on SIGTERM", ignore },
  async () => {
    await using around = await Surroundings.open();
    await withServer(echo, async (target) => {
      const to = formatEndpoint(target);
      await using child = PortholeChild.start(["forward", to, "--json", "--quiet", ...around.flags]);
      const mapped = await child.nextEvent("mapped");
      assert.deepEqual([mapped["name"], mapped["target"]], [`tcp-${target.port}`, to]);
      const sent = pattern(100_000);
      assert.deepEqual(await askEcho(parseEndpoint(mapped["external"] ?? ""), sent), sent);
      // The self-check may be a client too.
      let closed: Readonly<Record<string, unknown>> = {};
      while (closed["bytesIn"] !== sent.length) closed = await child.nextEvent("client");
      assert.deepEqual(
        [closed["state"], closed["bytesOut"], closed["reason"], closed["target"]],
        ["closed", sent.length, "eof", to],
      );
      assert.match(String(closed["local"]), /^127\.0\.0\.1:\d+$/);
      child.kill("SIGTERM");
      const { code, stdout, stderr } = await child.ended();
      assert.deepEqual([code, stderr], [143, ""]);
      assert.equal(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "").event, "stopped");
    });
  },
);

Deno.test({ name: "porthole forward --udp carries datagrams", ignore }, async () => {
  await using around = await Surroundings.open();
  const server = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const answering = (async (): Promise<void> => {
    for await (const [data, from] of server) await server.send(data, from);
  })();
  const client = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  try {
    const { port } = server.addr as Deno.NetAddr;
    await using child = PortholeChild.start([
      "forward",
      `${port}`,
      "--udp",
      "--json",
      "--quiet",
      ...around.flags,
    ]);
    const { external = "" } = await child.nextEvent("mapped");
    const to = parseEndpoint(external);
    const sent = pattern(1200);
    await client.send(sent, { transport: "udp", hostname: to.address, port: to.port });
    const [back, from] = await client.receive();
    assert.deepEqual(back, sent);
    assert.equal((from as Deno.NetAddr).port, to.port);
  } finally {
    client.close();
    server.close();
    await answering;
  }
});

Deno.test({ name: "porthole forward writes pleasant lines about clients", ignore }, async () => {
  await using around = await Surroundings.open();
  await withServer(echo, async (target) => {
    await using child = PortholeChild.start(["forward", formatEndpoint(target), ...around.flags]);
    const line = async (want: RegExp): Promise<string> => {
      for (let next = await child.nextLine(); next !== undefined; next = await child.nextLine()) {
        if (want.test(next)) return next;
      }
      return assert.fail(`no line like ${want}`);
    };
    const mapped = await line(/mapped$/);
    const [, external = ""] = / -> (\S+) -> (\S+) {2}mapped$/.exec(mapped) ?? [];
    await askEcho(parseEndpoint(external), pattern(2000));
    await line(new RegExp(`client came: 127\\.0\\.0\\.1:\\d+ -> 127\\.0\\.0\\.1:${target.port}$`));
    await line(/client went: finished; 2 kB in, 2 kB out, [\d.]+ s$/);
    child.kill("SIGTERM");
    assert.equal((await child.ended()).code, 143);
  });
});

Deno.test("porthole forward puts one line on stderr and ends with 2 or 1 when it cannot be", async () => {
  const lines: readonly (readonly [number, readonly string[], RegExp])[] = [
    [2, ["forward"], /TARGET is missing/],
    [2, ["forward", "nowhere"], /Cannot use target "nowhere"/],
    [2, ["forward", "127.0.0.1:70000"], /Cannot use target "127\.0\.0\.1:70000"/],
    [2, ["forward", "22", "--allow", "10.0.0.0/33"], /--allow: Cannot use CIDR "10\.0\.0\.0\/33"/],
    [2, ["forward", "22", "--port", "99999"], /--port: Cannot use port "99999"/],
    [2, ["forward", "127.0.0.1:4000", "--port", "127.0.0.1:4000"], /it is the endpoint to bind itself/],
    [1, ["forward", "no-such-name.invalid:22"], /Cannot resolve no-such-name\.invalid: .*; .*spelling/],
  ];
  const ended = await Promise.all(lines.map(([, args]) => runPorthole(args)));
  for (const [i, { code, stdout, stderr }] of ended.entries()) {
    assert.deepEqual([code, stdout], [lines[i]?.[0], ""], stderr);
    assert.match(stderr, /^porthole: [^\n]+\n$/);
    assert.match(stderr, lines[i]?.[2] ?? /^$/);
  }
});
