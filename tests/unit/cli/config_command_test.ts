import assert from "node:assert/strict";
import type { ConfigAction, ConfigArgs } from "../../../src/cli/command_args.ts";
import { runConfig } from "../../../src/cli/config.ts";
import { programState } from "../../../src/cli/program_state.ts";
import { UsageError } from "../../../src/cli/usage_error.ts";
import { configJsonSchema } from "../../../src/config/json_schema.ts";
import { parseConfig } from "../../../src/config/parse_config.ts";
import { recordedSession } from "./config_session.ts";

function argsOf(action: ConfigAction, file?: string): ConfigArgs {
  return { command: "config", action, file, json: false, logLevel: undefined, quiet: false, lang: undefined };
}

/** Runs with a file that holds `text`. */
async function withFile<T>(text: string, use: (path: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/file.json`;
    await Deno.writeTextFile(path, text);
    return await use(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("runConfig() needs FILE to check or import, and none to print the schema", async () => {
  const { session } = recordedSession();
  await assert.rejects(runConfig(argsOf("check"), session), UsageError);
  await assert.rejects(runConfig(argsOf("import"), session), UsageError);
  await assert.rejects(runConfig(argsOf("schema", "x"), session), UsageError);
});

Deno.test("runConfig() prints the JSON Schema", async () => {
  const recorded = recordedSession();
  assert.equal(await runConfig(argsOf("schema"), recorded.session), 0);
  assert.equal(`${(await recorded.stdout()).join("\n")}\n`, configJsonSchema());
});

Deno.test("runConfig() checks a real file, hooks beside it included", async () => {
  await withFile('{"tunnels": [], "hooks": [{"run": ["./file.json"]}, {"run": ["sh"]}]}', async (path) => {
    const recorded = recordedSession();
    assert.equal(await runConfig(argsOf("check", path), recorded.session), 0);
    assert.deepEqual(await recorded.stdout(), [
      `${path}:1:35: warning: hooks[0].run: ${path} is not executable for this user`,
      "0 tunnels, no faults",
    ]);
  });
});

Deno.test("runConfig() imports another program's configuration as one of ours", async () => {
  const natter = '{"open_port": {"tcp": ["0.0.0.0:3456"]}}';
  const written = await withFile(natter, async (path) => {
    const recorded = recordedSession();
    assert.equal(await runConfig(argsOf("import", path), recorded.session), 0);
    return (await recorded.stdout()).join("\n");
  });
  const parsed = parseConfig(written);
  assert.ok(parsed.kind === "config", written);
  assert.equal(parsed.config.tunnels.length, 1);
});

Deno.test("runConfig() says why it cannot import, and ends with 1", async () => {
  const recorded = recordedSession();
  assert.equal(await runConfig(argsOf("import", "/nonexistent/x"), recorded.session), 1);
  await withFile("hello", async (path) => {
    assert.equal(await runConfig(argsOf("import", path), recorded.session), 1);
  });
  await withFile(" ".repeat(1_100_000), async (path) => {
    assert.equal(await runConfig(argsOf("import", path), recorded.session), 1);
  });
  assert.equal(recorded.errors.length, 3);
  for (const error of recorded.errors) assert.match(error, /^Cannot (read|import) \/\S+: \S/);
  assert.deepEqual(await recorded.stdout(), []);
});

Deno.test("programState() tells programs from files, folders and nothing", async () => {
  await withFile("#!/bin/sh\n", async (path) => {
    assert.equal(await programState(path), "not-executable");
    await Deno.chmod(path, 0o755);
    assert.equal(await programState(path), "runnable");
    assert.equal(await programState(path.replace("/file.json", "")), "no-file");
    assert.equal(await programState(`${path}.gone`), "missing");
  });
});
