import assert from "node:assert/strict";
import type { Nat1Query } from "../../../../../src/cli/compat/nat1/nat1_args.ts";
import { runQueries, type SrvRecord } from "../../../../../src/cli/compat/nat1/run_queries.ts";
import { formatEndpoint } from "../../../../../src/core/endpoint.ts";
import { type FakeWorld, openFakeWorld, watch } from "../../../../fakes/fake_world.ts";
import { BEDROCK_LOG, JAVA_JSON, JAVA_LOG } from "../../../../vectors/minecraft.ts";
import { bedrockAnswer, javaAnswer } from "../../../minecraft/answers.ts";
import { recordedLog } from "./recorded_log.ts";

const AUTO: readonly Nat1Query[] = [
  { edition: "java", family: "auto", host: "mc.example.com" },
  { edition: "bedrock", family: "auto", host: "mc.example.com" },
];

interface Asked {
  readonly lines: readonly string[];
  readonly srv: readonly string[];
  /** Connections and pings, in order, without repetition. */
  readonly servers: readonly string[];
  readonly status: number | undefined;
}

async function ask(
  queries: readonly Nat1Query[],
  options: { readonly world?: FakeWorld; readonly srv?: Readonly<Record<string, readonly SrvRecord[]>> } = {},
): Promise<Asked> {
  const { world = openFakeWorld(), srv = {} } = options;
  const { log, lines } = recordedLog();
  const names: string[] = [];
  const running = watch(runQueries(queries, {
    platform: world.platform,
    log,
    signal: new AbortController().signal,
    resolveSrv: (name) => {
      names.push(name);
      const found = srv[name];
      return found === undefined ? Promise.reject(new Error("no record")) : Promise.resolve(found);
    },
  }));
  await world.clock.advance(60_000);
  assert.ok(running.isSettled && running.error === undefined, String(running.error));
  const servers = [...world.net.connects, ...world.net.sent.map(({ to }) => to)].map(formatEndpoint);
  return { lines, srv: names, servers: [...new Set(servers)], status: running.value };
}

Deno.test("runQueries() asks Java, then Bedrock, IPv6 first, at their usual ports", async () => {
  const world = openFakeWorld();
  world.net.names.set("mc.example.com", ["192.0.2.7", "2001:db8::7"]);
  const asked = await ask(AUTO, { world });
  assert.deepEqual(asked.lines, ["[ WARNING] MCJE: 服务器离线", "[ WARNING] MCBE: 服务器离线"]);
  assert.deepEqual(asked.srv, ["_minecraft._tcp.mc.example.com", "_minecraft._udp.mc.example.com"]);
  assert.deepEqual(asked.servers, [
    ...["[2001:db8::7]:25565", "192.0.2.7:25565", "[2001:db8::7]:19133", "192.0.2.7:19132"],
  ]);
  assert.equal(asked.status, 0);
});

Deno.test("runQueries() tells the status of servers that answer", async () => {
  const world = openFakeWorld();
  world.net.names.set("mc.example.com", ["192.0.2.7"]);
  await world.net.listenStream({
    local: { address: "192.0.2.7", port: 25_565 },
    onConnection: (connection) => {
      connection.write(javaAnswer(JAVA_JSON));
      return { onData: () => {}, onEnd: () => connection.abort() };
    },
  });
  const bedrock = await world.net.openDatagram({
    local: { address: "192.0.2.7", port: 19_132 },
    onDatagram: (_data, from) => bedrock.send(bedrockAnswer(), from),
  });
  const asked = await ask(AUTO, { world });
  assert.deepEqual(asked.lines, [`[    INFO] MCJE: ${JAVA_LOG}`, `[    INFO] MCBE: ${BEDROCK_LOG}`]);
});

Deno.test("runQueries() follows the first SRV record, and only for names without a port", async () => {
  const world = openFakeWorld();
  world.net.names.set("host.example", ["192.0.2.8"]);
  world.net.names.set("mc.example.com", ["192.0.2.7"]);
  const srv = {
    "_minecraft._tcp.mc.example.com": [{ target: "host.example.", port: 14_500 }, {
      target: "other.",
      port: 1,
    }],
  };
  const [java] = AUTO.slice(0, 1);
  assert.ok(java);
  assert.deepEqual((await ask([java], { world, srv })).servers, ["192.0.2.8:14500"]);
  const direct = openFakeWorld();
  direct.net.names.set("mc.example.com", ["192.0.2.7"]);
  const withPort = await ask([{ ...java, host: "mc.example.com:25566" }], { world: direct, srv });
  assert.deepEqual([withPort.srv, withPort.servers], [[], ["192.0.2.7:25566"]]);
  const literal = await ask([{ ...java, host: "192.0.2.9" }], { srv });
  assert.deepEqual([literal.srv, literal.servers], [[], ["192.0.2.9:25565"]]);
  const none = { "_minecraft._tcp.mc.example.com": [{ target: ".", port: 0 }] };
  const itself = openFakeWorld();
  itself.net.names.set("mc.example.com", ["192.0.2.7"]);
  assert.deepEqual((await ask([java], { world: itself, srv: none })).servers, ["192.0.2.7:25565"]);
});

Deno.test("runQueries() asks this host where none is named, and one family where one is", async () => {
  const asked = await ask([
    { edition: "java", family: 4, host: "" },
    { edition: "java", family: 6, host: ":0" },
    { edition: "bedrock", family: 6, host: "" },
    { edition: "bedrock", family: 4, host: ":1234" },
  ]);
  assert.deepEqual(asked.servers, ["127.0.0.1:25565", "[::1]:25565", "[::1]:19133", "127.0.0.1:1234"]);
});

Deno.test("runQueries() ends with 1 when a host is none", async () => {
  const asked = await ask([{ edition: "java", family: 4, host: "h:x" }]);
  assert.deepEqual([asked.lines, asked.status], [["[   ERROR] 端口不是数字"], 1]);
});
