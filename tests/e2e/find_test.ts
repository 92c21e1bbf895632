import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { encodePot } from "../../src/core/pot.ts";
import {
  address,
  DnsAnswers,
  DnsServer,
  type FakeRecord,
  type FakeReply,
  messageOf,
  record,
  service,
  srv,
  txt,
  TYPES,
} from "../fakes/dns_server.ts";
import { PortholeChild, runPorthole } from "./porthole_child.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const LIMIT_MS = 30_000;

function potRecord(name: string, key: string, port: number): FakeRecord {
  return record(name, txt(encodePot([{ key, port }])), 5);
}

/** A name on this machine with a POT record. */
function homeZone(port: number, key = "ssh_tcp"): readonly FakeRecord[] {
  return [potRecord("home.test", key, port), record("home.test", address("127.0.0.1"), 5)];
}

/** A TCP server in this process; ends with the test. */
class TcpServer implements AsyncDisposable {
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #serving: Promise<void>;

  constructor(serve: (conn: Deno.TcpConn) => Promise<void>, port = 0) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port });
    this.port = this.#listener.addr.port;
    this.#serving = this.#serve(serve);
  }

  async #serve(serve: (conn: Deno.TcpConn) => Promise<void>): Promise<void> {
    const visits: Promise<void>[] = [];
    for await (const conn of this.#listener) {
      visits.push(
        serve(conn).catch(() => {}).finally(() => {
          try {
            conn.close();
          } catch {
            // Its handler did.
          }
        }),
      );
    }
    await Promise.all(visits);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#serving;
  }
}

async function echo(conn: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(65_536);
  for (let count = await conn.read(buffer); count !== null; count = await conn.read(buffer)) {
    for (let rest = buffer.subarray(0, count); rest.length > 0;) rest = rest.subarray(await conn.write(rest));
  }
}

/** A port that nobody listens at. */
function closedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** `porthole connect` with both ends in our hands. */
class ConnectChild implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: Promise<string>;
  readonly #timer: ReturnType<typeof setTimeout>;

  constructor(args: readonly string[]) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", MAIN, "connect", ...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1", LC_ALL: "C" },
    }).spawn();
    this.stdin = this.#child.stdin.getWriter();
    this.stdout = this.#child.stdout;
    this.stderr = new Response(this.#child.stderr).text();
    this.#timer = setTimeout(() => this.kill("SIGKILL"), LIMIT_MS);
  }

  kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended.
    }
  }

  async ended(): Promise<{ readonly code: number; readonly stderr: string }> {
    const { code } = await this.#child.status;
    return { code, stderr: await this.stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.#child.status;
    await Promise.all([this.stderr, this.stdin.close().catch(() => {})]);
    if (!this.stdout.locked) await this.stdout.cancel();
    clearTimeout(this.#timer);
  }
}

Deno.test("porthole resolve prints the endpoint, each way", async () => {
  await using dns = DnsServer.open([
    ...homeZone(50_000),
    record("home.test", txt("v=spf1 -all")),
    record("_minecraft._tcp.mc.test", srv(10, 0, { port: 14_500, target: "mc.test" })),
    record("mc.test", address("203.0.113.10")),
    record("w.test", service("HTTPS", { port: 8443, ipv4hint: ["203.0.113.11"] })),
    record("p.test", address("2001::38a4:cb00:710a")),
    record("p.test", address("2001:db8::1")),
  ]);
  const rows = [
    ["home.test --service ssh_tcp", "127.0.0.1:50000"],
    ["home.test --service rdp", "127.0.0.1:3389"],
    ["home.test --service rdp --port 9", "127.0.0.1:9"],
    ["mc.test --service mcje", "203.0.113.10:14500"],
    ["mc.test --service _minecraft._tcp --via srv", "203.0.113.10:14500"],
    ["w.test --service https", "203.0.113.11:8443"],
    ["p.test", "203.0.113.10:14500"],
  ] as const;
  await Promise.all(rows.map(async ([args, endpoint]) => {
    const ended = await runPorthole(["resolve", ...args.split(" "), "--server", dns.text]);
    assert.deepEqual(ended, { code: 0, stdout: `${endpoint}\n`, stderr: "" }, args);
  }));
  const { stdout } = await runPorthole([
    "resolve",
    "home.test",
    "--service",
    "ssh",
    "--json",
    "--server",
    dns.text,
  ]);
  assert.deepEqual(JSON.parse(stdout), {
    ...{
      name: "home.test",
      service: "ssh",
      endpoint: "127.0.0.1:50000",
      others: [],
      via: "pot",
      ttlSeconds: 5,
    },
    evidence: ["TXT home.test ssh_tcp:50000", "A home.test 127.0.0.1"],
    warnings: [],
  });
});

Deno.test("porthole resolve puts one line on stderr and ends with 1 when there is nothing to find", async () => {
  await using dns = DnsServer.open([
    record("none.test", txt("v=spf1 -all")),
    record("broken.test", txt("c3NoX3RjcDo5OTk5OTk=")),
    record("long.test", txt(...Array.from({ length: 70 }, () => "A".repeat(250)))),
    record("alike.test", address("2001:db8::1")),
    record("_ssh._tcp.no.test", srv(0, 0, { port: 0, target: "." })),
    record("no.test", address("203.0.113.10")),
    record("fake.test", address("198.18.0.9")),
  ]);
  const lies: Readonly<Record<string, FakeReply | "silent">> = {
    "silent.test": "silent",
    "id.test": { idOffset: 1, answers: [record("id.test", address("192.0.2.1"))] },
    "question.test": { question: { name: "x.test", type: TYPES.A } },
    "other.test": { answers: [record("x.test", address("192.0.2.1"))] },
    "garbage.test": { raw: Uint8Array.of(1, 2, 3) },
    "servfail.test": { rcode: 2 },
  };
  dns.script = ({ name, via }) =>
    name === "long.test" && via === "udp" ? { isTruncated: true } : lies[name.replace(/^_.*\._\w+\./, "")];
  const rows: readonly (readonly [string, RegExp])[] = [
    ["gone.test --service ssh", /Cannot find ssh at gone\.test: there is no such name$/],
    ["none.test --service ssh --via pot", /there is no POT content in its TXT record$/],
    ["broken.test --service ssh --via pot", /there is no POT content/],
    ["long.test --service ssh --via pot", /there is no POT content/],
    ["alike.test --via ip4p", /its address 2001:db8::1 is not IP4P$/],
    ["no.test --service ssh", /SRV record of _ssh\._tcp\.no\.test says that there is no such service$/],
    ["fake.test --service wg --udp", /no usual port; .*198\.18\.0\.0\/15.*--doh/],
    ["silent.test --service ssh", /gave no answer within 4\.5 s; .*--server or --doh/],
    ["id.test --service ssh", /gave no answer within/],
    ["question.test --service ssh", /gave no answer within/],
    ["other.test --service ssh", /it has no address$/],
    ["garbage.test --service ssh", /gave no answer within/],
    ["servfail.test --service ssh", /answered SERVFAIL; /],
  ];
  await Promise.all(rows.map(async ([args, words]) => {
    const { code, stdout, stderr } = await runPorthole(["resolve", ...args.split(" "), "--server", dns.text]);
    assert.deepEqual([code, stdout], [1, ""], `${args}: ${stderr}`);
    assert.match(stderr, /^porthole: [^\n]+\n$/, args);
    assert.match(stderr.trimEnd(), words, args);
  }));
});

Deno.test("porthole resolve --doh asks over HTTP and tells made-up addresses", async () => {
  const answers = new DnsAnswers(homeZone(50_000));
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const query = new Uint8Array(await request.arrayBuffer());
    const body = new Uint8Array(messageOf(query, answers.replyTo(query, "tcp") ?? { rcode: 2 }));
    return new Response(body, { headers: { "content-type": "application/dns-message" } });
  });
  const doh = `http://127.0.0.1:${server.addr.port}/dns-query`;
  const ended = await runPorthole(["resolve", "home.test", "--service", "ssh", "--doh", doh]);
  assert.deepEqual(ended, { code: 0, stdout: "127.0.0.1:50000\n", stderr: "" });
  await using dns = DnsServer.open([record("home.test", address("198.18.0.9"))]);
  const fake = await runPorthole(["resolve", "home.test", "--service", "ssh", "--server", dns.text]);
  assert.equal(fake.stdout, "198.18.0.9:22\n");
  assert.match(fake.stderr, /198\.18\.0\.9 is made up .*--doh/);
});

Deno.test("porthole connect carries 64 MiB both ways and ends when both sides have", async () => {
  await using server = new TcpServer(echo);
  await using dns = DnsServer.open(homeZone(server.port));
  await using child = new ConnectChild(["home.test", "--service", "ssh_tcp", "--server", dns.text]);
  const [sent, received] = [createHash("sha256"), createHash("sha256")];
  const sending = (async (): Promise<void> => {
    const part = crypto.getRandomValues(new Uint8Array(65_536));
    for (let n = 0; n < 1024; n++) {
      part[0] = n;
      sent.update(part);
      await child.stdin.write(part.slice());
    }
    await child.stdin.close();
  })();
  let length = 0;
  for await (const part of child.stdout) {
    received.update(part);
    length += part.length;
  }
  await sending;
  assert.equal(length, 64 * 1024 * 1024);
  assert.equal(received.digest("hex"), sent.digest("hex"));
  assert.deepEqual(await child.ended(), { code: 0, stderr: "" });
});

/** Elsewhere the end of stdout is seen only at the end of the process. */
const ignore = Deno.build.os !== "linux";

Deno.test(
  { name: "porthole connect sends on after the peer's end, and receives on after ours", ignore },
  async () => {
    const heard = Promise.withResolvers<string>();
    await using server = new TcpServer(async (conn) => {
      await conn.write(new TextEncoder().encode("greeting"));
      await conn.closeWrite();
      heard.resolve(await new Response(conn.readable).text());
    });
    await using child = new ConnectChild(["127.0.0.1", "--port", `${server.port}`]);
    assert.equal(await new Response(child.stdout).text(), "greeting");
    // More than buffers hold: a side that has ended must still be written to.
    const part = new Uint8Array(1_000_000).fill(97);
    for (let n = 0; n < 16; n++) await child.stdin.write(part);
    await child.stdin.close();
    assert.equal((await heard.promise).length, 16_000_000);
    assert.deepEqual(await child.ended(), { code: 0, stderr: "" });
  },
);

Deno.test("porthole connect ends with 1 and one line when the connection is reset", async () => {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once(
      "data",
      () => socket.write("last words", () => setTimeout(() => socket.resetAndDestroy(), 100)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const listening = server.address();
  const port = typeof listening === "object" ? listening?.port ?? 0 : 0;
  await using child = new ConnectChild(["127.0.0.1", "--port", `${port}`]);
  await child.stdin.write(new TextEncoder().encode("x"));
  assert.equal(await new Response(child.stdout).text(), "last words");
  const { code, stderr } = await child.ended();
  assert.equal(code, 1);
  assert.equal(stderr, `porthole: Cannot keep the connection to 127.0.0.1:${port}: it was reset\n`);
  await new Promise((resolve) => server.close(resolve));
});

Deno.test("porthole connect looks a stale answer up again, once", async () => {
  await using server = new TcpServer(echo);
  await using dns = DnsServer.open();
  const old = closedPort();
  let asked = 0;
  dns.script = ({ type }) => {
    dns.zone = homeZone(type === TYPES.TXT && asked++ === 0 ? old : server.port);
    return undefined;
  };
  await using child = new ConnectChild(["home.test", "--service", "ssh", "--server", dns.text]);
  await child.stdin.write(new TextEncoder().encode("hello"));
  await child.stdin.close();
  assert.equal(await new Response(child.stdout).text(), "hello");
  assert.deepEqual(await child.ended(), { code: 0, stderr: "" });
});

Deno.test("porthole connect ends with 1 and one line when nobody accepts", async () => {
  const port = closedPort();
  await using dns = DnsServer.open(homeZone(port));
  const { code, stdout, stderr } = await runPorthole([
    "connect",
    "home.test",
    "--service",
    "ssh",
    "--server",
    dns.text,
  ]);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(
    stderr,
    new RegExp(`^porthole: Cannot connect to ssh at home\\.test: 127\\.0\\.0\\.1:${port} refused; [^\n]+\n$`),
  );
  assert.equal(dns.queries.filter(({ type }) => type === TYPES.TXT).length, 2, "asked again once");
});

Deno.test("porthole connect ends quietly by a signal, and when nobody reads", async () => {
  await using server = new TcpServer(async (conn) => {
    await conn.write(new TextEncoder().encode("hello"));
    await echo(conn);
  });
  await using child = new ConnectChild(["127.0.0.1", "--port", `${server.port}`]);
  const reader = child.stdout.getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), "hello");
  child.kill("SIGTERM");
  assert.deepEqual(await child.ended(), { code: 143, stderr: "" });
  await reader.cancel();
  await using unread = new ConnectChild(["127.0.0.1", "--port", `${server.port}`]);
  await unread.stdout.cancel();
  await unread.stdin.write(new Uint8Array(100_000)).catch(() => {});
  assert.deepEqual(await unread.ended(), { code: 0, stderr: "" });
});

Deno.test("porthole access leads TCP clients to wherever the service is", async () => {
  const answering = (words: string) => async (conn: Deno.TcpConn): Promise<void> => {
    await conn.write(new TextEncoder().encode(words));
    await echo(conn);
  };
  await using first = new TcpServer(answering("first "));
  await using second = new TcpServer(answering("second "));
  await using dns = DnsServer.open(homeZone(first.port, "rdp_tcp"));
  await using child = PortholeChild.start([
    ...[
      "access",
      "home.test",
      "--service",
      "rdp",
      "--listen",
      "0",
      "--server",
      dns.text,
      "--json",
      "--quiet",
    ],
  ]);
  const { listen = "" } = await child.nextEvent("listening");
  const [hostname = "", port = ""] = listen.split(":");
  const visit = async (): Promise<{ conn: Deno.TcpConn; words: string }> => {
    const conn = await Deno.connect({ hostname, port: Number(port) });
    const buffer = new Uint8Array(100);
    return { conn, words: new TextDecoder().decode(buffer.subarray(0, await conn.read(buffer) ?? 0)) };
  };
  const old = await visit();
  assert.equal(old.words, "first ");
  dns.zone = homeZone(second.port, "rdp_tcp");
  const moved = await child.nextEvent("moved");
  assert.deepEqual([moved["previous"], moved["endpoint"], moved["via"]], [
    ...[`127.0.0.1:${first.port}`, `127.0.0.1:${second.port}`, "pot"],
  ]);
  using next = (await visit()).conn;
  // The old connection lives on, and ends half by half.
  await old.conn.write(new TextEncoder().encode("still here"));
  await old.conn.closeWrite();
  assert.equal(await new Response(old.conn.readable).text(), "still here");
  assert.ok(next.remoteAddr);
  child.kill("SIGTERM");
  const { code, stderr } = await child.ended();
  assert.deepEqual([code, stderr], [143, ""]);
});

Deno.test("porthole access carries 32 MiB both ways", async () => {
  await using server = new TcpServer(echo);
  await using dns = DnsServer.open(homeZone(server.port));
  await using child = PortholeChild.start([
    ...[
      "access",
      "home.test",
      "--service",
      "ssh",
      "--listen",
      "0",
      "--server",
      dns.text,
      "--json",
      "--quiet",
    ],
  ]);
  const { listen = "" } = await child.nextEvent("listening");
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: Number(listen.split(":")[1]) });
  const [sent, received] = [createHash("sha256"), createHash("sha256")];
  const sending = (async (): Promise<void> => {
    for (let n = 0; n < 512; n++) {
      const part = crypto.getRandomValues(new Uint8Array(65_536));
      sent.update(part);
      for (let rest = part; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
    }
    await conn.closeWrite();
  })();
  const buffer = new Uint8Array(65_536);
  for (let count = await conn.read(buffer); count !== null; count = await conn.read(buffer)) {
    received.update(buffer.subarray(0, count));
  }
  await sending;
  assert.equal(received.digest("hex"), sent.digest("hex"));
});

Deno.test("porthole access --udp takes its clients along when the service moves", async () => {
  const serveUdp = (): { port: number; close(): Promise<void> } => {
    const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    const { port } = socket.addr as Deno.NetAddr;
    const serving = (async (): Promise<void> => {
      for await (const [data, from] of socket) {
        await socket.send(new TextEncoder().encode(`${port}:${new TextDecoder().decode(data)}`), from);
      }
    })();
    return {
      port,
      async close(): Promise<void> {
        socket.close();
        await serving;
      },
    };
  };
  const [first, second] = [serveUdp(), serveUdp()];
  await using dns = DnsServer.open(homeZone(first.port, "wg_udp"));
  const client = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  try {
    await using child = PortholeChild.start([
      ...["access", "home.test", "--service", "wg_udp", "--listen", "127.0.0.1:0", "--server", dns.text],
      ...["--json", "--quiet"],
    ]);
    const { listen = "", protocol } = await child.nextEvent("listening");
    assert.equal(protocol, "udp");
    const to = { transport: "udp", hostname: "127.0.0.1", port: Number(listen.split(":")[1]) } as const;
    const say = async (words: string): Promise<string> => {
      await client.send(new TextEncoder().encode(words), to);
      return new TextDecoder().decode((await client.receive())[0]);
    };
    assert.equal(await say("a"), `${first.port}:a`);
    dns.zone = homeZone(second.port, "wg_udp");
    await child.nextEvent("moved");
    assert.equal(await say("b"), `${second.port}:b`);
    child.kill("SIGTERM");
    assert.equal((await child.ended()).code, 143);
  } finally {
    client.close();
    await Promise.all([first.close(), second.close()]);
  }
});

Deno.test("porthole access writes pleasant lines and ends with 1 when the port is taken", async () => {
  await using server = new TcpServer(echo);
  await using dns = DnsServer.open(homeZone(server.port));
  const args = ["access", "home.test", "--service", "ssh", "--server", dns.text, "--listen"];
  await using child = PortholeChild.start([...args, "127.0.0.1:0"]);
  const lines = [await child.nextLine(), await child.nextLine()].toSorted();
  assert.ok(
    lines.some((line) => / {2}tcp {2}127\.0\.0\.1:\d+ leads to ssh at home\.test$/.test(line ?? "")),
    `${lines}`,
  );
  assert.ok(
    lines.some((line) => / {2}tcp {2}it is at 127\.0\.0\.1:\d+ \(POT TXT record\)$/.test(line ?? "")),
  );
  const taken = await runPorthole([...args, `${server.port}`]);
  assert.equal(taken.code, 1);
  assert.match(taken.stderr, /^porthole: [^\n]*EADDRINUSE[^\n]*\n$/);
});

Deno.test("porthole pot decode - reads stdin", async () => {
  await using child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MAIN, "pot", "decode", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("c3NoX3RjcDoxMjM0NQ==\n"));
  await writer.close();
  assert.equal(await new Response(child.stdout).text(), "ssh_tcp:12345\n");
  assert.ok((await child.status).success);
});
