import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/core/clock.ts";
import { DemoChild } from "../../src/cli/demo_child.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const isFull = Deno.build.os === "linux" && Deno.env.get("PORTHOLE_PORTABLE") !== "1";
const LIMIT_MS = 20_000;

interface Run {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
}

async function runDemo(args: readonly string[], env: Record<string, string> = {}): Promise<Run> {
  const startMs = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MAIN, "demo", ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1", LC_ALL: "C", ...env },
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const decoder = new TextDecoder();
  return {
    status: code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
    tookMs: performance.now() - startMs,
  };
}

Deno.test({
  name: "porthole demo tells the whole story and ends with 0 in under 20 s",
  ignore: !isFull,
  fn: async (): Promise<void> => {
    const run = await runDemo([]);
    assert.equal(run.status, 0, run.stdout + run.stderr);
    assert.ok(run.tookMs < LIMIT_MS);
    const labels = [...run.stdout.matchAll(/^ +\d+\.\d\d s {2}(\w+)/gm)].map(([, label]) => label);
    assert.deepEqual(labels, [
      ...["command", "mapped", "checked", "visitor"],
      ...["restart", "visitor", "changed", "visitor", "stop", "stopped"],
    ]);
    const opened = [...run.stdout.matchAll(/opens http:\/\/(\S+)\//g)].map(([, endpoint]) => endpoint);
    assert.equal(opened.length, 2);
    assert.notEqual(opened[0], opened[1], "the restart gave another endpoint");
    assert.ok(run.stdout.includes(`${opened[0]} -> ${opened[1]}`));
    assert.equal(run.stdout.match(/It works!/g)?.length, 2);
  },
});

Deno.test({
  name: "porthole demo speaks Chinese and JSON when asked",
  ignore: !isFull,
  fn: async (): Promise<void> => {
    const [chinese, json] = await Promise.all([runDemo(["--lang", "zh-CN"]), runDemo(["--json"])]);
    assert.equal(chinese.status, 0, chinese.stdout + chinese.stderr);
    assert.match(chinese.stdout, /NAT 重启前后，陌生人都能访问/);
    assert.equal(json.status, 0, json.stdout + json.stderr);
    const steps = json.stdout.trim().split("\n").map((line) => JSON.parse(line).step);
    assert.deepEqual(steps.slice(0, 2), ["command", "mapped"]);
    assert.equal(steps.at(-1), "stopped");
  },
});

/** Processes that have this text in their command line. */
async function commandLinesWith(text: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    // A process may end while we look.
    const line = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
    if (line.includes(text)) found.push(line);
  }
  return found;
}

Deno.test({
  name: "porthole demo leaves no process when it is ended in the middle",
  ignore: !isFull,
  fn: async (): Promise<void> => {
    await using child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", MAIN, "demo", "--json"],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    let told = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      told += text;
      if (!told.includes('"restart"')) continue;
      const server = /--stun ([\d.:]+)/.exec(told)?.[1] ?? "none";
      assert.equal((await commandLinesWith(server)).length, 1, "the command runs");
      child.kill("SIGTERM");
      const { code } = await child.status;
      assert.equal(code, 143);
      assert.deepEqual(await commandLinesWith(server), []);
      return;
    }
    assert.fail(`the demo ended by itself: ${told}`);
  },
});

Deno.test("DemoChild tells how a command ended that gave no event", async () => {
  await using child = DemoChild.start(["--version"], systemClock);
  assert.equal(await child.next("mapped", LIMIT_MS, new AbortController().signal), undefined);
  assert.deepEqual(child.end, { status: 0, signal: undefined });
  assert.match(child.lastWords.join("\n"), /\d+\.\d+\.\d+/);
});

Deno.test("porthole demo says why and ends with 1 when ports cannot be shared", async () => {
  const run = await runDemo([], { PORTHOLE_PORTABLE: "1" });
  assert.equal(run.status, 1);
  assert.equal(run.stdout, "");
  assert.match(run.stderr, /^porthole: Cannot run the demo: .*Linux.*\n$/);
});
