import assert from "node:assert/strict";
import { type HookCommand, spawnHook } from "../../../src/hook/spawn_hook.ts";
import { LastLine } from "../../../src/hook/last_line.ts";

const isPosix = Deno.build.os !== "windows";

function shell(script: string, output: LastLine = new LastLine()): HookCommand {
  return {
    program: "/bin/sh",
    args: ["-c", script, "hook", "a b", "$(id)"],
    env: { PORTHOLE_NAME: "ssh" },
    onOutput: (_stream, bytes) => output.push(bytes),
  };
}

Deno.test({
  name: "spawnHook() hands arguments and environment over unchanged, with an empty stdin",
  ignore: !isPosix,
}, async () => {
  const output = new LastLine();
  const exit = await spawnHook(shell('cat; echo "$PORTHOLE_NAME|$1|$2|$#"; exit 7', output)).exit;
  assert.deepEqual(exit, { status: 7 });
  assert.equal(output.text, "ssh|a b|$(id)|2");
});

Deno.test("spawnHook() throws when there is no such program", () => {
  assert.throws(() => spawnHook({ ...shell(""), program: "/nonexistent/hook" }), Deno.errors.NotFound);
});

Deno.test({ name: "HookProcess.kill() reaches what the hook has started", ignore: !isPosix }, async () => {
  const output = new LastLine();
  const started = Promise.withResolvers<void>();
  const process = spawnHook({
    ...shell("sleep 60 & echo $!; wait"),
    onOutput: (_stream, bytes) => {
      output.push(bytes);
      started.resolve();
    },
  });
  await started.promise;
  const grandchild = Number(output.text);
  process.kill("SIGTERM");
  assert.deepEqual(await process.exit, { signal: "SIGTERM" });
  process.kill("SIGKILL");
  assert.ok(await hasEnded(grandchild), `process ${grandchild} still runs`);
});

Deno.test({
  name: "HookProcess.exit settles when the program has ended though a background process holds its pipes",
  ignore: !isPosix,
}, async () => {
  const output = new LastLine();
  const startMs = performance.now();
  const exit = await spawnHook(shell("sleep 3 & echo $!; exit 0", output)).exit;
  assert.deepEqual(exit, { status: 0 });
  assert.ok(performance.now() - startMs < 2000);
  Deno.kill(Number(output.text), "SIGKILL");
});

function posixTest(name: string, test: () => Promise<void>): void {
  Deno.test({ name, ignore: !isPosix }, test);
}

posixTest("spawnHook() writes stdin and ends it", async () => {
  const output = new LastLine();
  const exit = await spawnHook({ ...shell("cat; echo; echo end", output), stdin: '{"event":"mapped"}\n' })
    .exit;
  assert.deepEqual([exit, output.text], [{ status: 0 }, "end"]);
  const line = new LastLine();
  await spawnHook({ ...shell('read -r line; echo "got $line"', line), stdin: '{"a":1}\n' }).exit;
  assert.equal(line.text, 'got {"a":1}');
});

posixTest("spawnHook() does not mind a program that never reads stdin, however much there is", async () => {
  for (const script of ["exec 0<&-; exit 3", "exit 3", "sleep 0.05; exit 3"]) {
    const exit = await spawnHook({ ...shell(script), stdin: "x".repeat(300_000) }).exit;
    assert.deepEqual(exit, { status: 3 }, script);
  }
});

posixTest("spawnHook() keeps from the hook what the service manager has told us alone", async () => {
  const names = [
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_FDNAMES",
  ];
  const output = new LastLine();
  // In a program of its own: the environment of this one belongs to the tests beside this one, too.
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--ext=ts", CHILD],
    env: { ...Object.fromEntries(names.map((name) => [name, "ours"])), HOOK_TEST: "kept" },
    stdout: "piped",
  });
  output.push((await child.output()).stdout);
  assert.equal(output.text, "HOOK_TEST=kept PORTHOLE_NAME=ssh");
});

const CHILD = `
  import { spawnHook } from ${
  JSON.stringify(new URL("../../../src/hook/spawn_hook.ts", import.meta.url).href)
};
  const script = "env | grep -E '^(NOTIFY_|WATCHDOG_|LISTEN_|PORTHOLE_|HOOK_)' | sort | tr '\\n' ' '";
  await spawnHook({
    program: "/bin/sh",
    args: ["-c", script],
    env: { PORTHOLE_NAME: "ssh" },
    onOutput: (_stream, bytes) => Deno.stdout.writeSync(bytes),
  }).exit;
`;

posixTest("HookProcess.kill() leaves nothing of the group that has ignored SIGTERM", async () => {
  const output = new LastLine();
  const started = Promise.withResolvers<void>();
  const script = "(trap '' TERM; echo $(exec sh -c 'echo $PPID'); while :; do sleep 1; done) & wait";
  const process = spawnHook({
    ...shell(script),
    onOutput: (_stream, bytes) => {
      output.push(bytes);
      started.resolve();
    },
  });
  await started.promise;
  const grandchild = Number(output.text);
  assert.ok(grandchild > 1);
  process.kill("SIGTERM");
  assert.deepEqual(await process.exit, { signal: "SIGTERM" });
  assert.ok(await hasEnded(grandchild), `process ${grandchild} still runs`);
});

posixTest("HookProcess.kill() ends a hook that floods stdout, and the last line is there", async () => {
  const output = new LastLine();
  let count = 0;
  const flooded = Promise.withResolvers<void>();
  const process = spawnHook({
    ...shell("yes flood"),
    onOutput: (_stream, bytes) => {
      output.push(bytes);
      count += bytes.length;
      if (count > 8_000_000) flooded.resolve();
    },
  });
  await flooded.promise;
  process.kill("SIGTERM");
  assert.deepEqual(await process.exit, { signal: "SIGTERM" });
  assert.match(output.text, /^f/);
});

/** A zombie that nobody has waited for yet has ended, too. */
async function hasEnded(pid: number): Promise<boolean> {
  for (let i = 0; i < 100; i++) {
    try {
      if (/^State:\s+Z/m.test(await Deno.readTextFile(`/proc/${pid}/status`))) return true;
    } catch {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return false;
}
