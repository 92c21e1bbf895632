import assert from "node:assert/strict";
import { checkConfig, type CheckConfigOptions } from "../../../src/cli/config_check.ts";
import type { ProgramState } from "../../../src/cli/hook_warnings.ts";
import { fakeFiles } from "../config/fake_files.ts";
import { type RecordedSession, recordedSession } from "./config_session.ts";

const programs: Readonly<Record<string, ProgramState>> = {
  "/etc/p/good.sh": "runnable",
  "/etc/p/plain.sh": "not-executable",
  "/etc/p/folder": "no-file",
  "/opt/bin/tool": "runnable",
  "/usr/bin/text": "not-executable",
};

function optionsFor(text: string): CheckConfigOptions {
  return {
    read: fakeFiles({ "/etc/p/c.json": text }),
    readEnv: (name) => name === "PATH" ? "/usr/bin:/opt/bin" : undefined,
    stateOf: (path) => Promise.resolve(programs[path] ?? "missing"),
  };
}

interface Checked {
  readonly code: number;
  readonly lines: readonly string[];
  readonly errors: readonly string[];
}

async function check(text: string, recorded: RecordedSession = recordedSession()): Promise<Checked> {
  const code = await checkConfig("/etc/p/c.json", recorded.session, optionsFor(text));
  return { code, lines: await recorded.stdout(), errors: recorded.errors };
}

Deno.test("checkConfig() says how many tunnels there are when nothing is wrong", async () => {
  assert.deepEqual(await check('{"tunnels": [{}]}'), { code: 0, lines: ["1 tunnel, no faults"], errors: [] });
  assert.deepEqual((await check('{"tunnels": [{}, {"bind": 5}, {"enabled": false}]}')).lines, [
    "2 tunnels, no faults",
  ]);
  const chinese = await check('{"tunnels": []}', recordedSession({ lang: "zh-CN" }));
  assert.deepEqual(chinese.lines, ["0 条隧道，没有错误"]);
});

Deno.test("checkConfig() prints each fault as editors want it, and ends with 1", async () => {
  const { code, lines, errors } = await check(
    '{\n "lgo": 1,\n "tunnels": [{"bind": 5}, {"bind": 5, "name": "x"}]\n}',
  );
  assert.deepEqual([code, errors], [1, []]);
  assert.deepEqual(lines, [
    '/etc/p/c.json:2:2: lgo: unknown key "lgo"; did you mean "log"',
    "/etc/p/c.json:3:36: tunnels[1].bind: TCP port 5 is that of tunnels[0].bind (line 3) too",
  ]);
  assert.deepEqual((await check("")).lines, ["/etc/p/c.json:1:1: expected a value"]);
});

Deno.test("checkConfig() warns of hooks that cannot be run, and still ends with 0", async () => {
  const { code, lines } = await check(`{
  "hooks": [{ "run": ["./nope.sh"] }, { "run": "anything | goes" }],
  "tunnels": [
    { "hooks": [{ "run": ["./good.sh"] }, { "run": ["./plain.sh"] }, { "run": ["/etc/p/folder"] }] },
    { "bind": 5, "hooks": [{ "run": ["tool"] }, { "run": ["text"] }] },
    { "enabled": false, "hooks": [{ "run": ["./gone.sh"] }] }
  ]
}`);
  assert.equal(code, 0);
  assert.deepEqual(lines, [
    "/etc/p/c.json:2:22: warning: hooks[0].run: the program /etc/p/nope.sh does not exist",
    "/etc/p/c.json:4:52: warning: tunnels[0].hooks[1].run: /etc/p/plain.sh is not executable for this user",
    "/etc/p/c.json:4:79: warning: tunnels[0].hooks[2].run: /etc/p/folder is not a file",
    "/etc/p/c.json:5:58: warning: tunnels[1].hooks[1].run: the program text is in no folder of PATH",
    "2 tunnels, no faults",
  ]);
});

Deno.test("checkConfig() prints an object a line when asked for JSON", async () => {
  const faulty = await check('{"tunnels": [5]}', recordedSession({ isJson: true }));
  assert.equal(faulty.code, 1);
  assert.deepEqual(faulty.lines.map((line) => JSON.parse(line)), [
    {
      severity: "fault",
      file: "/etc/p/c.json",
      line: 1,
      column: 14,
      path: "tunnels[0]",
      message: "expected an object, not a number",
    },
    { faults: 1, warnings: 0 },
  ]);
  const fine = await check(
    '{"tunnels": [], "hooks": [{"run": ["nope"]}]}',
    recordedSession({ isJson: true }),
  );
  assert.equal(fine.code, 0);
  assert.deepEqual(fine.lines.map((line) => JSON.parse(line).severity), ["warning", undefined]);
  assert.deepEqual(JSON.parse(fine.lines[1] ?? ""), { tunnels: 0, faults: 0, warnings: 1 });
});

Deno.test("checkConfig() tells on one line that the file cannot be read, and ends with 1", async () => {
  const recorded = recordedSession();
  assert.equal(await checkConfig("/etc/p/denied", recorded.session, optionsFor("")), 1);
  assert.deepEqual([await recorded.stdout(), recorded.errors], [[], [
    "Cannot read /etc/p/denied: permission denied",
  ]]);
  const chinese = recordedSession({ lang: "zh-CN" });
  assert.equal(await checkConfig("nope", chinese.session, optionsFor("")), 1);
  assert.deepEqual(chinese.errors, ["无法读取 nope：文件不存在"]);
});

Deno.test("checkConfig() loses no line, even where they are more than wait for stdout at a time", async () => {
  const recorded = recordedSession();
  const path = `/${"long/".repeat(500)}c.json`;
  const read = fakeFiles({ [path]: `{"tunnels": [${"5,".repeat(900)}]}` });
  assert.equal(await checkConfig(path, recorded.session, { ...optionsFor(""), read }), 1);
  assert.equal((await recorded.stdout()).length, 900);
});
