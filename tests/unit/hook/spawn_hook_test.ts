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
