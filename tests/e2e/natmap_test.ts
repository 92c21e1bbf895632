import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/core/clock.ts";
import { formatEndpoint, parseEndpoint } from "../../src/core/endpoint.ts";
import { encodeIp4p } from "../../src/core/ip4p.ts";
import { silentLogger } from "../../src/core/log.ts";
import type { Net } from "../../src/core/net.ts";
import { systemRandom } from "../../src/core/random.ts";
import { type DemoWorld, openDemoWorld } from "../../src/cli/demo_world.ts";
import { openNet } from "../../src/net/open_net.ts";
import { openTcpPeer, openTcpServer, openUdpPeer } from "../unit/box/box_rig.ts";
import { PortholeChild, runPorthole } from "./porthole_child.ts";

const isFull = Deno.build.os === "linux" && Deno.env.get("PORTHOLE_PORTABLE") !== "1";
const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

interface Home extends AsyncDisposable {
  readonly net: Net;
  readonly world: DemoWorld;
  readonly directory: string;
  /** natmap's servers and address over TCP, as its own flags. */
  readonly flags: readonly string[];
}

/** A host behind a full cone, with one STUN server and one web server, as natmap has them. */
async function openHome(): Promise<Home> {
  await using stack = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir();
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const net = stack.use(openNet({ log: silentLogger }));
  const platform = { net, clock: systemClock, random: systemRandom, log: silentLogger };
  const world = stack.use(await openDemoWorld(platform, { profile: "full-cone" }));
  const [stun] = world.stunServers;
  const [web] = world.webServers;
  if (stun === undefined || web === undefined) return assert.fail();
  const flags = ["-i", world.home, "-s", formatEndpoint(stun), "-h", formatEndpoint(web)];
  const owned = stack.move();
  return { net, world, directory, flags, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** natmap's six values, checked against each other. */
function sixValues(line: string | undefined, { world }: Home): readonly string[] {
  const values = line?.split(" ") ?? [];
  assert.equal(values.length, 6, line);
  const [address = "", port = "", ip4p, bindPort, protocol = "", local] = values;
  assert.equal(ip4p, encodeIp4p({ address, port: Number(port) }));
  assert.match(`${port} ${bindPort}`, /^[1-9]\d* [1-9]\d*$/);
  assert.match(protocol, /^(tcp|udp)$/);
  assert.equal(local, world.home);
  return values;
}

async function writeScript(home: Home, body: string): Promise<string> {
  const path = join(home.directory, "notify.sh");
  await Deno.writeTextFile(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return path;
}

/** Ends a child that a failed assertion left behind. */
function endAnyway(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

Deno.test("porthole natmap answers mistakes with the usage and its version on stderr, and 255", async () => {
  for (const args of [[], ["-s", "a"], ["-u", "-s", "a", "-b", "5-3"], ["-x"]]) {
    const { code, stdout, stderr } = await runPorthole(["natmap", ...args]);
    assert.equal(code, 255);
    assert.equal(stdout, "");
    assert.match(stderr, /^natmap: .+\nUsage: natmap /);
    assert.match(stderr, /Version: .*20260214\n$/);
  }
});

Deno.test({
  name: "porthole natmap prints its six values at first and when they change, and ends by SIGTERM with 143",
  ignore: !isFull,
  fn: async (): Promise<void> => {
    await using home = await openHome();
    // With one server alone it takes some seconds to notice the restart: it must not be asked too often.
    const more = home.world.stunServers.slice(1).map((server) => `--stun=${formatEndpoint(server)}`);
    await using child = PortholeChild.start(["natmap", ...home.flags, ...more, "-b", "0", "-k", "5"]);
    const first = sixValues(await child.nextLine(), home);
    assert.equal(first[4], "tcp");
    const local = { address: home.world.home, port: Number(first[3]) };
    using _server = await openTcpServer(home.net, { local, greeting: "hello" });
    using stranger = await openTcpPeer(
      home.net,
      parseEndpoint(`${first[0]}:${first[1]}`),
      { address: home.world.visitor, port: 0 },
    );
    assert.equal(await stranger.inbox.next(), "hello");
    home.world.box.restart();
    const second = sixValues(await child.nextLine(), home);
    assert.notEqual(second[1], first[1]);
    assert.equal(second[3], first[3]);
    child.kill("SIGTERM");
    const { code, stdout } = await child.ended();
    assert.equal(code, 143);
    assert.equal(stdout.split("\n").length, 3);
  },
});

Deno.test({
  name: "porthole natmap -u forwards, gives the script its six arguments, and prints nothing",
  ignore: !isFull,
  fn: async (): Promise<void> => {
    await using home = await openHome();
    const record = join(home.directory, "record");
    const script = await writeScript(
      home,
      `echo "$#|$*|$PPID" > ${record}.new && mv ${record}.new ${record}`,
    );
    using target = await openUdpPeer(home.net, { address: home.world.home, port: 0 });
    const forward = ["-t", target.local.address, "-p", `${target.local.port}`, "-T", "20"];
    // No -h: natmap needs none over UDP.
    const flags = ["-u4", ...home.flags.slice(0, 4), "-k5", "-e", script, ...forward];
    await using child = PortholeChild.start(["natmap", "--json", ...flags]);
    const mapped = await child.nextEvent("mapped");
    const hook = await child.nextEvent("hook");
    assert.equal(hook["status"], 0, JSON.stringify(hook));
    const [count, values = "", parent] = (await Deno.readTextFile(record)).trim().split("|");
    assert.equal(count, "6");
    assert.equal(`${sixValues(values, home).slice(0, 2).join(":")}`, mapped["external"]);
    // OpenWrt's wrapper names its status file by the pid that it sees as its parent.
    assert.match(await Deno.readTextFile(`/proc/${parent}/cmdline`), /natmap/);
    using stranger = await openUdpPeer(home.net, { address: home.world.visitor, port: 0 });
    stranger.send("knock", parseEndpoint(mapped["external"] ?? ""));
    const { text, from } = await target.inbox.next();
    assert.equal(text, "knock");
    target.send("welcome", parseEndpoint(from));
    assert.equal((await stranger.inbox.next()).text, "welcome");
  },
});

Deno.test({
  name: "porthole natmap says nothing on stdout when it has a script",
  ignore: !isFull,
  fn: async (): Promise<void> => {
    await using home = await openHome();
    const script = await writeScript(home, 'kill -INT "$PPID"');
    await using child = PortholeChild.start(["natmap", ...home.flags, "-e", script]);
    const { code, stdout } = await child.ended();
    assert.deepEqual([code, stdout], [130, ""]);
  },
});

Deno.test({
  name: "porthole started under the name natmap is natmap",
  ignore: !isFull,
  fn: async (): Promise<void> => {
    await using home = await openHome();
    const script = await writeScript(home, 'echo "$*" >&2; kill -TERM "$PPID"');
    const { code, stdout, stderr } = await new Deno.Command("bash", {
      args: [
        ...["-c", 'exec -a natmap "$@"', "bash", Deno.execPath(), "run", "-A", MAIN],
        ...["-u", ...home.flags, "-e", script],
      ],
      env: { NO_COLOR: "1", LC_ALL: "C" },
      signal: AbortSignal.timeout(15_000),
    }).output();
    const text = new TextDecoder();
    assert.equal(code, 143, text.decode(stderr));
    assert.equal(text.decode(stdout), "");
  },
});

Deno.test({
  name: "porthole natmap -d returns at once and goes on in a session of its own, with the same stdout",
  ignore: !isFull,
  fn: async (): Promise<void> => {
    await using home = await openHome();
    const record = join(home.directory, "record");
    const script = await writeScript(home, `echo "$PPID" > ${record}; echo told >&2`);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", MAIN, "natmap", "-ud", ...home.flags, "--json", "-e", script],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
      env: { NO_COLOR: "1", LC_ALL: "C" },
    }).spawn();
    const limit = AbortSignal.timeout(15_000);
    const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let pid = 0;
    try {
      assert.equal((await child.status).code, 0);
      let stdout = "";
      while (!stdout.includes('"event":"hook"')) {
        limit.throwIfAborted();
        const { done, value = "" } = await lines.read();
        if (done) assert.fail(stdout);
        stdout += value;
      }
      pid = Number(await Deno.readTextFile(record));
      const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
      // Fields of proc_pid_stat(5) after the name: state, ppid, pgrp, session.
      const [, , group, session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      assert.deepEqual([group, session], [`${pid}`, `${pid}`]);
      assert.notEqual(pid, child.pid);
      Deno.kill(pid, "SIGTERM");
      pid = 0;
      // The end of stdout is the end of the last process that has it.
      while (!(await lines.read()).done) limit.throwIfAborted();
    } finally {
      if (pid > 0) Deno.kill(pid, "SIGKILL");
      await lines.cancel();
    }
  },
});

Deno.test({
  name: "porthole natmap takes more servers by --stun and --keep-alive",
  ignore: !isFull,
  fn: async (): Promise<void> => {
    await using home = await openHome();
    const { world } = home;
    await using child = PortholeChild.start([
      ...["natmap", "-i", world.home, "-s", "127.0.0.1:1", "--json"],
      ...world.stunServers.flatMap((server) => ["--stun", formatEndpoint(server)]),
      ...world.webServers.map((server) => `--keep-alive=${formatEndpoint(server)}`),
    ]);
    const mapped = await child.nextEvent("mapped");
    assert.equal(mapped["name"], "natmap");
  },
});

Deno.test({
  name: "porthole natmap goes on when the script cannot be run, and says so in one line",
  ignore: !isFull,
  fn: async (): Promise<void> => {
    await using home = await openHome();
    const script = join(home.directory, "missing.sh");
    await using child = PortholeChild.start(["natmap", "-u", ...home.flags, "--json", "-e", script]);
    await child.nextEvent("mapped");
    assert.equal((await child.nextEvent("hook"))["status"], undefined);
    child.kill("SIGTERM");
    const { code, stderr } = await child.ended();
    assert.equal(code, 143);
    const told = stderr.trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(told.map(({ message }) => message), ["Cannot run the script yet", "Hook failed"]);
  },
});

Deno.test({
  name: "porthole natmap tells a port that is taken once, and goes on trying until it is free",
  ignore: !isFull,
  fn: async (): Promise<void> => {
    await using home = await openHome();
    // Bound and not listening: no socket that could be shared is listed.
    using holder = await home.net.reservePort({
      local: { address: home.world.home, port: 0 },
      reusePort: false,
    });
    const { port } = holder.local;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", MAIN, "natmap", ...home.flags, "-b", `${port}`],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1", LC_ALL: "C" },
    }).spawn();
    const limit = setTimeout(() => child.kill("SIGKILL"), 15_000);
    const stdout = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const stderr = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
    try {
      const { value: fault = "" } = await stderr.read();
      assert.match(fault, /^[^\n]*\[ERR\][^\n]*EADDRINUSE[^\n]*\n$/);
      holder[Symbol.dispose]();
      const { value: line } = await stdout.read();
      assert.equal(sixValues(line?.trimEnd(), home)[3], `${port}`);
      child.kill("SIGTERM");
      assert.equal((await child.status).code, 143);
      assert.equal((await stderr.read()).value, undefined);
    } finally {
      clearTimeout(limit);
      endAnyway(child);
      await Promise.all([stdout.cancel(), stderr.cancel(), child.status]);
    }
  },
});
