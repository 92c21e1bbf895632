import assert from "node:assert/strict";
import { join } from "node:path";
import { systemClock } from "../../src/core/clock.ts";
import { type Endpoint, formatEndpoint, parseEndpoint } from "../../src/core/endpoint.ts";
import { silentLogger } from "../../src/core/log.ts";
import type { Net } from "../../src/core/net.ts";
import { systemRandom } from "../../src/core/random.ts";
import { fetchPage } from "../../src/cli/demo_visit.ts";
import { type DemoWorld, openDemoWorld } from "../../src/cli/demo_world.ts";
import { openNet } from "../../src/net/open_net.ts";
import { openUdpPeer } from "../unit/box/box_rig.ts";
import { SAMPLE } from "../unit/cli/compat/natter/natter_sample.ts";
import { NatterChild, runNatterChild } from "./natter_child.ts";
import { openNatterTarget } from "./natter_target.ts";

const isFull = Deno.build.os === "linux" && Deno.env.get("PORTHOLE_PORTABLE") !== "1";
const LIMIT_MS = 10_000;
const never = new AbortController().signal;

interface Place extends AsyncDisposable {
  readonly net: Net;
  readonly world: DemoWorld;
  /** Our own flags for the world's servers. */
  readonly flags: readonly string[];
  /** A folder of the test's own. */
  readonly folder: string;
}

async function openPlace(): Promise<Place> {
  await using stack = new AsyncDisposableStack();
  const net = stack.use(openNet({ log: silentLogger }));
  const platform = { net, clock: systemClock, random: systemRandom, log: silentLogger };
  const world = stack.use(await openDemoWorld(platform, { profile: "full-cone" }));
  const folder = await Deno.makeTempDir();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const flags = [
    ...world.stunServers.flatMap((server) => ["--stun", formatEndpoint(server)]),
    ...world.webServers.flatMap((server) => ["--keep-alive", formatEndpoint(server)]),
  ];
  const owned = stack.move();
  return { net, world, flags, folder, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function natterTest(name: string, body: (place: Place) => Promise<void>): void {
  Deno.test({
    name,
    ignore: !isFull,
    fn: async (): Promise<void> => {
      await using place = await openPlace();
      await body(place);
    },
  });
}

async function visit({ net, world }: Place, external: string): Promise<string> {
  const to = parseEndpoint(external);
  return await fetchPage({
    net,
    clock: systemClock,
    from: world.visitor,
    to,
    limitMs: LIMIT_MS,
    signal: never,
  });
}

/** Waits for a file to say something; its text. */
async function fileSaying(path: string, want: RegExp): Promise<string> {
  const untilMs = Date.now() + LIMIT_MS;
  for (let text = ""; Date.now() < untilMs; await new Promise((resolve) => setTimeout(resolve, 20))) {
    text = await Deno.readTextFile(path).catch(() => "");
    if (want.test(text)) return text;
  }
  return assert.fail(`${path} never said ${want}: ${await Deno.readTextFile(path).catch(String)}`);
}

/** A script that appends its arguments, a line each call, and its stdin to files next to it. */
async function recorder(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  const body = [
    "#!/bin/sh",
    `cat >> '${path}.stdin'`,
    `echo "$PORTHOLE_NAME $PORTHOLE_EVENT" >> '${path}.env'`,
    `echo "$0 $*" >> '${path}.argv'`,
    "",
  ].join("\n");
  await Deno.writeTextFile(path, body);
  await Deno.chmod(path, 0o700);
  return path;
}

const MAPPING = /^\[INFO\] - >>> \[(TCP|UDP)\] \('([\d.]+)', (\d+)\) -> \('([\d.]+)', (\d+)\) <<<$/;

/** The next `>>> … <<<` line, by its inner endpoint. */
async function nextMapping(child: NatterChild): Promise<{ key: string; inner: string; outer: string }> {
  const [, protocol = "", innerIp, innerPort, outerIp, outerPort] = await child.line(MAPPING);
  const inner = `${innerIp}:${innerPort}`;
  return { key: `${protocol.toLowerCase()} ${inner}`, inner, outer: `${outerIp}:${outerPort}` };
}

natterTest(
  "natter -c runs the sample natter-config.json with hook, status file and log file",
  async (place) => {
    const { folder, world } = place;
    await using service = openNatterTarget({ address: "127.0.0.1", port: 0 });
    const target = service.local;
    const servers = JSON.stringify(world.stunServers.map(formatEndpoint));
    // Only servers and ports are others; the hook writes where we can look.
    const config = SAMPLE
      .replace('"log_file": ""', '"log_file": "./natter.log"')
      .replace('{outer_port}"', '{outer_port} >> hook.txt"')
      .replace("0.0.0.0:3456", "0.0.0.0:0")
      .replace("192.168.1.100:443", formatEndpoint(target))
      .replace('["stun.nextcloud.com"]', servers)
      .replace('["stun.miwifi.com"]', servers)
      .replace("www.qq.com", formatEndpoint(world.webServers[0] ?? target));
    await Deno.writeTextFile(join(folder, "natter-config.json"), config);
    await Deno.writeTextFile(join(folder, "natter.log"), "an older line\n");
    await using child = NatterChild.start(["-c", "natter-config.json"], { cwd: folder });
    const outers = new Map<string, string>();
    while (outers.size < 3) {
      const { key, outer } = await nextMapping(child);
      outers.set(key, outer);
    }
    const forwarded = outers.get(`tcp ${formatEndpoint(target)}`) ?? "";
    assert.ok(outers.has("udp 127.0.0.1:53"), [...outers.keys()].join());
    assert.equal(await visit(place, forwarded), "target says hello");
    const ran = await fileSaying(join(folder, "hook.txt"), /(.*\n){3}/);
    assert.deepEqual(
      ran.trimEnd().split("\n").toSorted(),
      [...outers].map(([key, outer]) => `${key} ${outer}`).toSorted(),
    );
    const status = await fileSaying(join(folder, "natter-status.json"), /(outer[^]*){3}/);
    const entry = (key: string): string =>
      `        {\n            "inner": "${key.split(" ")[1]}",\n            "outer": "${
        outers.get(key)
      }"\n        }`;
    const list = (protocol: string): readonly string[] =>
      [...outers.keys()].filter((key) => key.startsWith(protocol)).map(entry);
    assert.equal(
      status,
      `{\n    "tcp": [\n${list("tcp").join(",\n")}\n    ],\n    "udp": [\n${
        list("udp").join(",\n")
      }\n    ]\n}`,
    );
    world.box.restart();
    const changed = await nextMapping(child);
    assert.notEqual(changed.outer, outers.get(changed.key));
    await fileSaying(join(folder, "hook.txt"), new RegExp(`${changed.key} ${changed.outer}\n`));
    child.kill("SIGINT");
    const { code, stdout, stderr } = await child.ended();
    assert.deepEqual([code, stdout], [0, ""]);
    assert.match(stderr, /\[INFO\] - Exiting\.\.\.$/);
    const logged = await Deno.readTextFile(join(folder, "natter.log"));
    assert.equal(logged, `an older line\n${stderr}\n`);
  },
);

natterTest("natter.py by its name serves the test page of -t and ends with 143 on SIGTERM", async (place) => {
  const { world, flags } = place;
  await using child = NatterChild.start(["-t", world.home, "0", "--json", ...flags], { name: "natter.py" });
  await child.line(/^\[INFO\] - HttpTestServer starting\.\.\.$/);
  const { key, outer } = await nextMapping(child);
  assert.ok(key.startsWith(`tcp ${world.home}:`), key);
  assert.match(await visit(place, outer), /It works!/);
  child.kill("SIGTERM");
  const { code, stdout, stderr } = await child.ended();
  assert.equal(code, 143);
  assert.doesNotMatch(stderr, /Exiting/);
  const events = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual([events[0].event, events[0].external, events.at(-1).event], ["mapped", outer, "stopped"]);
});

const ROUTE =
  /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[I\] tcp:\/\/(\S+) <--socket--> tcp:\/\/(\S+) <--Natter--> tcp:\/\/(\S+)$/;

natterTest(
  "natter -p -e -q forwards, runs the script with five arguments and ends on a change",
  async (place) => {
    const { world, flags, folder } = place;
    const script = await recorder(folder, "qb.sh");
    await using service = openNatterTarget({ address: "127.0.0.1", port: 0 });
    const target = service.local;
    const words = ["-t", target.address, "-p", `${target.port}`, "-i", world.home, "-q", "-e", "./qb.sh"];
    await using child = NatterChild.start([...words, ...flags], { cwd: folder });
    await child.line(/\[I\] Natter v2\.1\.1$/);
    // 127.0.0.1 is our own LAN address to Natter, where this target does not listen.
    const [, inner = "", bind = "", outer = ""] = await child.line(ROUTE);
    assert.deepEqual(parseEndpoint(inner), { address: world.home, port: target.port });
    assert.equal(parseEndpoint(bind).address, world.home);
    await child.line(/\[I\] Calling script: \.\/qb\.sh$/);
    const [ip, port] = outer.split(":");
    assert.equal(
      await fileSaying(`${script}.argv`, /\n/),
      `${script} tcp ${world.home} ${target.port} ${ip} ${port}\n`,
    );
    assert.equal(await Deno.readTextFile(`${script}.env`), "tcp-any mapped\n");
    assert.equal(await Deno.readTextFile(`${script}.stdin`), "");
    await child.line(new RegExp(`\\[I\\] LAN > ${inner.padEnd(21)} \\[ CLOSED \\]$`));
    await child.line(new RegExp(`\\[I\\] LAN > ${bind.padEnd(21)} \\[ OPEN \\]$`));
    await child.line(new RegExp(`\\[I\\] LAN > ${outer.padEnd(21)} \\[ OPEN \\]$`));
    await child.line(new RegExp(`\\[I\\] WAN > ${outer.padEnd(21)} \\[ OPEN \\]$`));
    await child.line(/\[W\] !! Target port is closed !!$/);
    world.box.restart();
    const { code, stderr, stdout } = await child.ended();
    assert.deepEqual([code, stdout], [0, ""]);
    assert.match(stderr, /\[I\] Natter is exiting because mapped address has changed/);
  },
);

natterTest(
  "natter -t forwards to another host, waits for it with -r and hands POT scripts the key",
  async (place) => {
    const { world, flags, folder } = place;
    const first = await recorder(folder, "cf-redir.sh");
    const second = await recorder(folder, "cf-service.sh");
    // Another loopback address stands for another host of the network.
    const host: Endpoint = { address: world.home.replace(/\d+$/, "50"), port: 0 };
    const reserved = Deno.listen({ hostname: host.address, port: 0 });
    const { port } = reserved.addr;
    reserved.close();
    const words = ["-t", host.address, "-p", `${port}`, "-i", world.home, "-r", "-k1", "-m", "gost"];
    await using child = NatterChild.start([...words, "-e", first, "-key", "ssh", second, ...flags]);
    await child.line(/<--gost-->/);
    assert.match(
      await fileSaying(`${second}.argv`, /\n/),
      new RegExp(` tcp ${host.address} ${port} \\S+ \\d+ ssh\n$`),
    );
    assert.match(
      await fileSaying(`${first}.argv`, /\n/),
      new RegExp(` tcp ${host.address} ${port} \\S+ \\d+\n$`),
    );
    assert.equal(await Deno.readTextFile(`${second}.env`), "ssh mapped\n");
    await child.line(/\[W\] !! Target port is closed !!$/);
    await child.line(/\[I\] Retry after 1 seconds\.\.\.$/);
    await using _target = openNatterTarget({ address: host.address, port });
    await child.line(new RegExp(`\\[I\\] LAN > ${host.address}:${port} +\\[ OPEN \\]$`));
    child.kill("SIGINT");
    assert.equal((await child.ended()).code, 0);
  },
);

natterTest("natter -u answers datagrams in test mode and starts over after a change", async (place) => {
  const { world, flags, net } = place;
  await using child = NatterChild.start(["-u", "-m", "test", "-i", world.home, ...flags]);
  const outerOf = async (): Promise<Endpoint> => {
    const [, outer = ""] = await child.line(/\[I\] Please check \[ udp:\/\/(\S+) \]$/);
    return parseEndpoint(outer);
  };
  const ask = async (to: Endpoint): Promise<string> => {
    using stranger = await openUdpPeer(net, { address: world.visitor, port: 0 });
    stranger.send("hello", to);
    return (await stranger.inbox.next()).text;
  };
  const before = await outerOf();
  assert.match(await ask(before), /^It works!/);
  world.box.restart();
  const after = await outerOf();
  assert.notDeepEqual(after, before);
  assert.match(await ask(after), /^It works!/);
  child.kill("SIGTERM");
  assert.equal((await child.ended()).code, 143);
});

natterTest("natter --check and --check-nat tell a full cone", async ({ world, flags }) => {
  const [check, checkNat] = await Promise.all([
    runNatterChild(["--check", ...flags]),
    runNatterChild(["--check-nat", world.home, "0", ...flags]),
  ]);
  assert.deepEqual(check, {
    code: 0,
    stderr: "",
    stdout: [
      "> NatterCheck v2.1.1",
      "",
      "Checking TCP NAT...                  [   OK   ] ... NAT Type: 1",
      "Checking UDP NAT...                  [   OK   ] ... NAT Type: 1",
      "",
    ].join("\n"),
  });
  assert.deepEqual([checkNat.code, checkNat.stdout], [0, ""]);
  assert.deepEqual(checkNat.stderr.trimEnd().split("\n"), [
    "[INFO] - Getting STUN server IP...",
    "[INFO] - NAT Type for UDP: [ Full cone (NAT 1) ]",
    "[INFO] - Checking NAT Type for TCP...",
    "[INFO] - NAT Type for TCP: [ Cone NAT ]",
  ]);
});

Deno.test("natter ends with Natter's status and words when a line cannot be used", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      join(folder, "bad.json"),
      '{\n  "open_port": {"tcp": ["x", 7]},\n  "keep_alive": 1\n}\n',
    );
    const usage = /^Usage: python natter\.py \[-v\] \[-t\] \[SRC_IP\] SRC_PORT\n/;
    const nothing = /^$/;
    const cases: readonly (readonly [readonly string[], number, RegExp, RegExp])[] = [
      [["-x"], 0, usage, nothing],
      [["-vt", "3456"], 0, usage, nothing],
      [["-c", "missing.json"], 0, /^Config file not found\.\nUsage: /, nothing],
      [["-c", "bad.json"], 1, nothing, /^(\[ERROR\] - bad\.json:[23]:\d+: .*\n?){3}$/],
      [["-k", "0"], 1, nothing, /^ValueError: Not a positive integer: 0$/],
      [["-e", "nofile"], 1, nothing, /^ValueError: File not found: nofile$/],
      [["--nope"], 2, nothing, /^usage: [^]*\nnatter\.py: error: unrecognized arguments: --nope$/],
      [["--stun", "a:b:c"], 2, nothing, /natter\.py: error: argument --stun: invalid server: 'a:b:c'$/],
      [["-V"], 0, /^Natter 2\.1\.1\n$/, nothing],
      [["-i", "192.0.2.1", "-b", "3456"], 1, nothing, /\[E\] [^\n]*EADDRNOTAVAIL/],
    ];
    for (const [words, code, stdout, stderr] of cases) {
      const ended = await runNatterChild(words, { cwd: folder });
      assert.equal(ended.code, code, `natter ${words.join(" ")}: ${ended.stderr}`);
      assert.match(ended.stdout, stdout);
      assert.match(ended.stderr, stderr);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
