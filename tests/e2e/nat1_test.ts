/** The `nat1` front end through the real executable, behind the in-process NAT. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type DemoWorld, openDemoWorld } from "../../src/cli/demo_world.ts";
import { systemClock } from "../../src/core/clock.ts";
import { type Endpoint, formatEndpoint, parseEndpoint } from "../../src/core/endpoint.ts";
import { silentLogger } from "../../src/core/log.ts";
import type { Net } from "../../src/core/net.ts";
import { systemRandom } from "../../src/core/random.ts";
import { openNet } from "../../src/net/open_net.ts";
import { bedrockAnswer, javaAnswer } from "../unit/minecraft/answers.ts";
import { openHookServer } from "../unit/publish/webhook_rig.ts";
import { Inbox, openTcpPeer, openTcpServer } from "../unit/box/box_rig.ts";
import { BEDROCK_LOG, JAVA_JSON, JAVA_LOG } from "../vectors/minecraft.ts";
import { PortholeChild, runPorthole } from "./porthole_child.ts";

const ignore = Deno.build.os !== "linux" || Deno.env.get("PORTHOLE_PORTABLE") === "1";

interface Behind extends AsyncDisposable {
  readonly net: Net;
  readonly world: DemoWorld;
  /** Path of config.json. */
  readonly config: string;
  /** Our own flags for the servers of this world. */
  readonly flags: readonly string[];
}

/** A full cone, and a folder with this config.json. */
async function openBehind(config: Readonly<Record<string, unknown>>): Promise<Behind> {
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "porthole-nat1-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const path = join(folder, "config.json");
  await Deno.writeTextFile(path, JSON.stringify(config));
  const net = stack.use(openNet({ log: silentLogger }));
  const world = stack.use(
    await openDemoWorld({ net, clock: systemClock, random: systemRandom, log: silentLogger }),
  );
  const owned = stack.move();
  return {
    ...{ net, world, config: path },
    flags: [
      ...world.stunServers.flatMap((server) => ["--stun", formatEndpoint(server)]),
      ...world.webServers.flatMap((server) => ["--keep-alive", formatEndpoint(server)]),
    ],
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const WEBHOOKS = {
  "nat1": (ip: string, port: number): readonly unknown[] => [
    { srv_prefix: "_web._tcp.", sub_domain: "mc", domain: "example.com", ip, port },
  ],
  "nat1-records": (ip: string, port: number): readonly unknown[] => [
    { name: "mc", data: ip, type: "A", domain: "example.com" },
    { name: "_web._tcp.mc", data: "mc", type: "SRV", domain: "example.com", priority: 10, weight: 0, port },
  ],
};

for (const style of ["nat1", "nat1-records"] as const) {
  Deno.test({
    name: `porthole nat1 forwards, posts the web hook in style ${style} and ends with 0 on SIGTERM`,
    ignore,
    fn: async (): Promise<void> => {
      await using hook = openHookServer(() => Response.json({ ok: true }));
      // Without proxy_protocol, as the seed's version wrote it.
      await using behind = await openBehind({
        ...{ type: "web", dns: "webhook", id: `${hook.url}/dns`, token: "T0KEN" },
        ...{ domain: "example.com", sub_domain: "mc", local: null, remote: null, mine: "stays" },
        ...(style === "nat1" ? {} : { webhook_style: style }),
      });
      const { net, world, config, flags } = behind;
      using server = await openTcpServer(net, {
        local: { address: "127.0.0.1", port: 0 },
        greeting: "hello",
      });
      const target = formatEndpoint(server.local);
      await using child = PortholeChild.start([
        ...["nat1", "-c", config, "-l", `${world.home}:0`, "-r", target, "--json", ...flags],
      ]);
      const mapped = await child.nextEvent("mapped");
      const external = parseEndpoint(mapped["external"] ?? "");
      assert.equal(external.address, world.box.externalAddress);
      await child.nextEvent("published");
      assert.deepEqual(
        hook.seen.map(({ body }) => JSON.parse(body)),
        WEBHOOKS[style](external.address, external.port),
      );
      assert.equal(hook.seen[0]?.headers.get("authorization"), "Bearer T0KEN");
      const from = { address: world.visitor, port: 0 };
      using visitor = await openTcpPeer(net, external, from);
      assert.equal(await visitor.inbox.next(), "hello");
      // The box keeps a stranger's address, not the port; the self-check is a client too.
      let client = "";
      while (!client.startsWith(`${world.visitor}:`)) {
        client = (await child.nextEvent("client"))["client"] ?? "";
      }
      child.kill("SIGTERM");
      const { code, stderr } = await child.ended();
      assert.equal(code, 0, stderr);
      const lines = stderr.split("\n");
      for (
        const line of [
          `[    INFO] 获取到映射地址： ${mapped["external"]}`,
          `[    INFO] 开启从 ${mapped["internal"]}(${mapped["external"]}) 到 ${target} 的端口转发`,
          "[    INFO] 开始更新DDNS记录",
          "[    INFO] DDNS更新成功 mc.example.com",
          `[    INFO] 新客户端 ${client} 尝试连接到 ${target}`,
          "[    INFO] 用户退出",
        ]
      ) assert.ok(lines.includes(line), `${line}\n${stderr}`);
      assert.match(
        stderr,
        new RegExp(
          `客户端 ${client.replaceAll(".", "\\.")} 已连接，绑定到本地地址 127\\.0\\.0\\.1:\\d+`,
        ),
      );
      assert.ok(!stderr.includes("T0KEN") && !stderr.includes("/dns"));
      const written = await Deno.readTextFile(config);
      assert.match(written, /^\{\n {4}"type": "web",\n/);
      assert.deepEqual([JSON.parse(written).mine, JSON.parse(written).proxy_protocol], ["stays", null]);
    },
  });
}

Deno.test({
  name: "porthole nat1 shares the port once the server answers and tells its status through the mapping",
  ignore,
  fn: async (): Promise<void> => {
    await using behind = await openBehind({ type: "mcje" });
    const { net, world, config, flags } = behind;
    const answered = new Inbox<string>();
    const listener = await net.listenStream({
      local: { address: world.home, port: 0 },
      reusePort: true,
      onConnection: (connection) => {
        let isAsked = false;
        return {
          onData: (): void => {
            if (!isAsked) connection.write(javaAnswer(JAVA_JSON));
            isAsked = true;
          },
          onEnd: (): void => {
            connection.abort();
            if (isAsked) answered.push(connection.remote.address);
          },
        };
      },
    });
    using _listener = listener;
    await using child = PortholeChild.start([
      ...["nat1", "-c", config, "-l", formatEndpoint(listener.local), "--json", ...flags],
    ]);
    const mapped = await child.nextEvent("mapped");
    assert.equal(mapped["internal"], formatEndpoint(listener.local));
    const checked = await child.nextEvent("checked");
    assert.equal(checked["reachability"], "reachable", JSON.stringify(checked));
    // First from here, then through the mapping.
    for (let i = 0; i < 2; i++) await answered.next();
    child.kill("SIGINT");
    const { code, stderr } = await child.ended();
    assert.equal(code, 0);
    assert.deepEqual(stderr.trimEnd().split("\n"), [
      `[    INFO] 获取到映射地址： ${mapped["external"]}`,
      `[    INFO] MOTD: ${JAVA_LOG}`,
      "[    INFO] 用户退出",
    ]);
  },
});

Deno.test({ name: "porthole nat1 -t tells a full cone as NAT1 over both transports", ignore, fn: natTest });

async function natTest(): Promise<void> {
  await using behind = await openBehind({});
  const { world, flags } = behind;
  const { code, stderr } = await runPorthole(["nat1", "-t", "-l", `${world.home}:0`, ...flags]);
  const lines = stderr.trimEnd().split("\n");
  assert.equal(lines[0], "[    INFO] 正在进行NAT类型测试");
  for (const line of ["TCP: NAT1", "UDP: NAT1", "TCP: FULL CONE", "UDP: FULL CONE"]) {
    assert.ok(lines.includes(`[    INFO] ${line}`), stderr);
  }
  assert.equal(code, 0);
}

Deno.test("porthole nat1 -q asks Java and Bedrock servers", async () => {
  await using net = openNet({ log: silentLogger });
  const local: Endpoint = { address: "127.0.0.1", port: 0 };
  using java = await net.listenStream({
    local,
    onConnection: (connection) => {
      connection.write(javaAnswer(JAVA_JSON));
      return { onData: (): void => {}, onEnd: (): void => connection.abort() };
    },
  });
  using bedrock = await net.openDatagram({
    local,
    onDatagram: (_data, from) => bedrock.send(bedrockAnswer(), from),
  });
  const both = ["-qj", formatEndpoint(java.local), "-qb", formatEndpoint(bedrock.local)];
  const { code, stdout, stderr } = await runPorthole(["nat1", ...both]);
  assert.deepEqual([code, stdout, stderr.trimEnd().split("\n")], [0, "", [
    `[    INFO] MCJE: ${JAVA_LOG}`,
    `[    INFO] MCBE: ${BEDROCK_LOG}`,
  ]]);
});

Deno.test("porthole nat1 refuses in nat1_traversal's words and with its exit statuses", async () => {
  const folder = await Deno.makeTempDir({ prefix: "porthole-nat1-" });
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const configs: readonly (readonly [Readonly<Record<string, unknown>>, readonly string[], RegExp])[] = [
      [{}, [], /^\[ {3}ERROR\] 缺少参数 --local\n$/],
      [{ local: ":0" }, [], /^\[ {3}ERROR\] 共端口模式port不能为0\n$/],
      [{ dns: "cloudflare", local: ":1" }, [], /^\[ {3}ERROR\] cloudflare: token: it is missing\n$/],
      [{ dns: "godaddy", local: ":1" }, [], /^\[ {3}ERROR\] 不受支持的DNS供应商 godaddy\n$/],
      [{ type: "x", local: ":1" }, [], /^\[ {3}ERROR\] 不支持的type: x\n$/],
      [{ local: `127.0.0.1:${taken.addr.port}` }, [], /^\[ {3}ERROR\] local地址不可用：.*EADDRINUSE.*\n$/],
      [
        { type: "udp", local: "127.0.0.1:0" },
        ["-l", "127.0.0.1:40999"],
        /通用UDP仅支持转发模式|local地址不可用/,
      ],
      [{ local: ":1" }, ["-l", "a:b"], /^\[ {3}ERROR\] IP格式错误\n$/],
      [{ local: "127.0.0.1:0", proxy_protocol: "v3" }, ["-r", ":1"], /不支持的proxy_protocol: v3/],
    ];
    const runs = configs.map(async ([config, args, wanted], i) => {
      const path = join(folder, `${i}.json`);
      await Deno.writeTextFile(path, JSON.stringify(config));
      const { code, stdout, stderr } = await runPorthole(["nat1", "-c", path, ...args]);
      assert.match(stderr, wanted);
      assert.deepEqual([code, stdout], [1, ""], stderr);
    });
    const missing = join(folder, "none.json");
    const [none, typo, help] = await Promise.all([
      runPorthole(["nat1", "-c", missing]),
      runPorthole(["nat1", "--conf", missing]),
      runPorthole(["nat1_traversal.py", "-h"]),
      ...runs,
    ]);
    assert.deepEqual(none, { code: 1, stdout: "", stderr: `[   ERROR] DDNS配置文件 ${missing} 未找到\n` });
    assert.deepEqual([typo.code, typo.stdout], [2, ""]);
    assert.equal(help.code, 0);
    assert.match(help.stderr, /^\[ {4}INFO\] .*\n(\[ {4}INFO\] .*\n)+$/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
