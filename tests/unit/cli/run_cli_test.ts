import assert from "node:assert/strict";
import { runCli } from "../../../src/cli/run_cli.ts";
import type { ByteSink } from "../../../src/cli/output.ts";

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(line: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const seen = { stdout: "", stderr: "" };
  const sink = (name: "stdout" | "stderr"): ByteSink => ({
    write(bytes): Promise<number> {
      seen[name] += new TextDecoder().decode(bytes);
      return Promise.resolve(bytes.length);
    },
  });
  const code = await runCli(line === "" ? [] : line.split(" "), {
    stdout: sink("stdout"),
    stderr: sink("stderr"),
    readEnv: (name) => env[name],
    width: undefined,
    hasColors: { stdout: false, stderr: false },
    programName: "deno",
    date: () => new Date(0),
    exit: () => assert.fail("exit was called"),
  });
  return { code, ...seen };
}

Deno.test("runCli() prints a short start without arguments, in the user's language", async () => {
  const english = await run("");
  assert.equal(english.code, 0);
  assert.match(english.stdout, /porthole open 3456/);
  assert.match((await run("", { LANG: "zh_CN.UTF-8" })).stdout, /打开 TCP 端口/);
});

Deno.test("runCli() prints version and help on stdout and ends with 0", async () => {
  assert.match((await run("--version")).stdout, /^\d+\.\d+\.\d+\n$/);
  const help = await run("--help");
  assert.deepEqual([help.code, help.stderr], [0, ""]);
  assert.match(help.stdout, /Usage: porthole/);
});

Deno.test("runCli() puts one line on stderr, nothing on stdout, and ends with 2 when usage is wrong", async () => {
  const lines = [
    "opne",
    "open",
    "open x",
    "open 1 --upd",
    "open 1 -4 -6",
    "open 1 --exec /nonexistent",
    "ip4p x",
  ];
  for (const line of [...lines, "stun -4 -6", "stun-server --listen 127.0.0.1:1 --alternate 127.0.0.1"]) {
    const { code, stdout, stderr } = await run(line);
    assert.deepEqual([code, stdout], [2, ""], line);
    assert.match(stderr, /^porthole: [^\n]+\n$/, line);
  }
});

Deno.test("runCli() tells mistakes in the language of --lang, wherever it stands", async () => {
  assert.match((await run("open --upd --lang zh-CN")).stderr, /无法识别/);
  assert.match((await run("open --lang=zh-CN 1 --upd")).stderr, /无法识别/);
  assert.match((await run("open 1 --upd --lang en", { LANG: "zh_CN" })).stderr, /Unexpected/);
});

Deno.test("runCli() puts faults of a command as JSON on stderr when asked for JSON", async () => {
  const { code, stdout, stderr } = await run("ip4p x --json");
  assert.deepEqual([code, stdout], [2, ""]);
  const json = JSON.parse(stderr);
  assert.deepEqual([json.level, json.code], ["ERROR", "usage"]);
});

Deno.test("runCli() encodes and decodes IP4P in both spellings", async () => {
  assert.equal((await run("ip4p 1.1.1.1:853")).stdout, "2001::0355:0101:0101\n2001::355:101:101\n");
  assert.equal((await run("ip4p 203.0.113.10:14500")).stdout, "2001::38a4:cb00:710a\n");
  for (const spelling of ["2001::0355:0101:0101", "2001::355:101:101", "[2001:0:0:0:0:355:101:101]"]) {
    assert.equal((await run(`ip4p ${spelling}`)).stdout, "1.1.1.1:853\n");
  }
  assert.deepEqual(JSON.parse((await run("ip4p --json 1.1.1.1:853")).stdout), {
    endpoint: "1.1.1.1:853",
    ip4p: "2001::0355:0101:0101",
    canonical: "2001::355:101:101",
  });
  for (const bad of ["2001:db8::1", "1.1.1.1", "1.1.1.1:99999", "[2001:db8::1]:5", "host:5", ""]) {
    assert.equal((await run(`ip4p ${bad}`)).code, 2, bad);
  }
});
