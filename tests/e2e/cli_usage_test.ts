import assert from "node:assert/strict";
import { runPorthole } from "./porthole_child.ts";

const isPosix = Deno.build.os !== "windows";

Deno.test("porthole prints its version, help and start on stdout and ends with 0", async () => {
  const [version, help, start] = await Promise.all([
    runPorthole(["--version"]),
    runPorthole(["open", "--help"]),
    runPorthole([]),
  ]);
  assert.deepEqual([version.code, version.stderr], [0, ""]);
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
  assert.deepEqual([help.code, help.stderr], [0, ""]);
  assert.match(help.stdout, /Usage: porthole open/);
  assert.deepEqual([start.code, start.stderr], [0, ""]);
  assert.match(start.stdout, /porthole open 3456 --test/);
});

Deno.test("porthole puts one line on stderr, nothing on stdout, and ends with 2 when usage is wrong", async () => {
  const script = await Deno.makeTempFile();
  try {
    const lines: readonly (readonly [readonly string[], RegExp])[] = [
      [["opne"], /did you mean open/],
      [["open", "1", "--upd"], /did you mean --udp/],
      [["open", "70000"], /Cannot use port "70000"/],
      [["open", "1", "--exec", "/nonexistent/script"], /no such file/],
      [["open", "1", "--exec", "/"], /not a file/],
      [["open", "1", "--lang", "zh-CN", "--upd"], /无法识别/],
    ];
    const ended = await Promise.all(lines.map(([args]) => runPorthole(args)));
    for (const [i, { code, stdout, stderr }] of ended.entries()) {
      assert.deepEqual([code, stdout], [2, ""]);
      assert.match(stderr, /^porthole: [^\n]+\n$/);
      assert.match(stderr, lines[i]?.[1] ?? /^$/);
    }
    if (!isPosix) return;
    await Deno.chmod(script, 0o600);
    const refused = await runPorthole(["open", "1", "--exec", script]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /not executable; run chmod \+x/);
  } finally {
    await Deno.remove(script);
  }
});

Deno.test("porthole takes the language from the locale", async () => {
  const { stdout } = await runPorthole([], { LC_ALL: "zh_CN.UTF-8" });
  assert.match(stdout, /打开/);
});

Deno.test("porthole ip4p encodes and decodes", async () => {
  const [encoded, decoded] = await Promise.all([
    runPorthole(["ip4p", "203.0.113.10:14500"]),
    runPorthole(["ip4p", "2001::38a4:cb00:710a", "--json"]),
  ]);
  assert.deepEqual([encoded.code, encoded.stdout], [0, "2001::38a4:cb00:710a\n"]);
  assert.equal(JSON.parse(decoded.stdout).endpoint, "203.0.113.10:14500");
});

Deno.test("porthole completions prints a script for each shell, and one that bash can read", async () => {
  const shells = ["bash", "zsh", "fish", "nu", "pwsh"];
  const scripts = await Promise.all(shells.map((shell) => runPorthole(["completions", shell])));
  for (const { code, stdout, stderr } of scripts) {
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /porthole/);
  }
  if (!isPosix) return;
  const bash = new Deno.Command("bash", { args: ["-n"], stdin: "piped", stderr: "piped" }).spawn();
  const writer = bash.stdin.getWriter();
  await writer.write(new TextEncoder().encode(scripts[0]?.stdout));
  await writer.close();
  const { code, stderr } = await bash.output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
});
