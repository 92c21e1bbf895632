import assert from "node:assert/strict";
import { join } from "node:path";
import { loadNat1Config } from "../../../../../src/cli/compat/nat1/config_file.ts";
import { NAT1_DEFAULT_CONFIG } from "../../../../../src/config/import/nat1_config.ts";
import { recordedLog } from "./recorded_log.ts";

interface Loaded {
  readonly type: string | undefined;
  readonly lines: readonly string[];
  readonly questions: readonly string[];
}

/** Loads with somebody at the terminal who gives this answer; nobody if `undefined`. */
async function load(path: string, answer?: string): Promise<Loaded> {
  const { log, lines } = recordedLog();
  const questions: string[] = [];
  const config = await loadNat1Config(path, {
    log,
    prompt: {
      isTerminal: answer !== undefined,
      ask: (question) => {
        questions.push(question);
        return Promise.resolve(answer ?? "");
      },
    },
  });
  return { type: config?.type, lines, questions };
}

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "porthole-nat1-" });
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("loadNat1Config() asks only at a terminal and writes the defaults only on yes", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "config.json");
    const missing = `[   ERROR] DDNS配置文件 ${path} 未找到`;
    assert.deepEqual(await load(path), { type: undefined, lines: [missing], questions: [] });
    for (const answer of ["", "n", "no", "yeah"]) {
      const { questions, lines } = await load(path, answer);
      assert.deepEqual([questions, lines], [["是否生成新配置[y/N]："], [missing]]);
      await assert.rejects(() => Deno.stat(path), Deno.errors.NotFound);
    }
    assert.equal((await load(path, "Y")).type, undefined);
    assert.equal(await Deno.readTextFile(path), NAT1_DEFAULT_CONFIG);
    assert.deepEqual(await load(path), { type: "mcje", lines: [], questions: [] });
  });
});

Deno.test("loadNat1Config() writes missing keys back through a link, keeping mode and mark", async () => {
  await inFolder(async (folder) => {
    const real = join(folder, "real.json");
    const path = join(folder, "config.json");
    await Deno.writeTextFile(real, '\uFEFF{"type": "web", "mine": 1}');
    await Deno.chmod(real, 0o640);
    await Deno.symlink(real, path);
    assert.deepEqual(await load(path), { type: "web", lines: [], questions: [] });
    assert.ok((await Deno.lstat(path)).isSymlink);
    assert.equal(((await Deno.stat(real)).mode ?? 0) & 0o777, 0o640);
    const bytes = await Deno.readFile(real);
    assert.deepEqual([...bytes.subarray(0, 3)], [0xef, 0xbb, 0xbf]);
    const { mine, proxy_protocol } = JSON.parse(new TextDecoder().decode(bytes));
    assert.deepEqual([mine, proxy_protocol], [1, null]);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
      "config.json",
      "real.json",
    ]);
  });
});

Deno.test("loadNat1Config() leaves a complete file alone, to the byte", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "config.json");
    const text = `${JSON.stringify(JSON.parse(NAT1_DEFAULT_CONFIG))}\r\n`;
    await Deno.writeTextFile(path, text);
    const { mtime } = await Deno.stat(path);
    assert.equal((await load(path)).type, "mcje");
    assert.equal(await Deno.readTextFile(path), text);
    assert.deepEqual((await Deno.stat(path)).mtime, mtime);
  });
});

Deno.test("loadNat1Config() goes on when the file cannot be written back", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "config.json");
    await Deno.writeTextFile(path, "{}");
    // Somebody else is just writing.
    await Deno.writeTextFile(`${path}.tmp`, "theirs");
    const { type, lines } = await load(path);
    assert.equal(type, "mcje");
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", /^\[ WARNING\] 无法写回配置文件 /);
    assert.equal(await Deno.readTextFile(path), "{}");
    assert.equal(await Deno.readTextFile(`${path}.tmp`), "theirs");
  });
});

Deno.test("loadNat1Config() says in one line why a file cannot be read", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "config.json");
    const files: readonly Uint8Array<ArrayBuffer>[] = [
      new Uint8Array(0),
      new TextEncoder().encode("{"),
      // "配置" in GBK, and "{}" in UTF-16.
      Uint8Array.of(0x7b, 0x22, 0xc5, 0xe4, 0xd6, 0xc3, 0x22),
      Uint8Array.of(0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00),
    ];
    for (const bytes of files) {
      await Deno.writeFile(path, bytes);
      const { type, lines } = await load(path, "y");
      assert.equal(type, undefined);
      assert.equal(lines.length, 1);
      assert.ok(lines[0]?.startsWith(`[   ERROR] DDNS配置文件 ${path} 读取失败：`), lines[0]);
      assert.deepEqual(await Deno.readFile(path), bytes);
    }
    assert.match((await load(folder)).lines[0] ?? "", /读取失败/);
  });
});
