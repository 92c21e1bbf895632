import assert from "node:assert/strict";
import type { LogLevel } from "../../../src/cli/command_args.ts";
import { formatLog, type LogFormat } from "../../../src/cli/log_format.ts";
import { logSettings } from "../../../src/cli/log_settings.ts";
import { CliLogger } from "../../../src/cli/logger.ts";
import { Output } from "../../../src/cli/output.ts";
import { Secret } from "../../../src/core/secret.ts";

const at = new Date(2026, 10, 21, 2, 3, 4);

interface Sink {
  readonly output: Output;
  readonly lines: () => readonly string[];
}

function openSink(): Sink {
  let text = "";
  const output = new Output({
    sink: {
      write(bytes): Promise<number> {
        text += new TextDecoder().decode(bytes);
        return Promise.resolve(bytes.length);
      },
    },
  });
  return { output, lines: () => text.trimEnd().split("\n") };
}

async function logged(level: LogLevel, format: LogFormat = "text"): Promise<readonly string[]> {
  const { output, lines } = openSink();
  {
    await using log = new CliLogger({ output, level, format, date: () => at });
    log.debug("one", { a: 1 });
    log.info("two");
    log.warn("three", { error: new Error("x y") });
    log.error("four");
  }
  return lines();
}

Deno.test("CliLogger writes lines in order from its level up", async () => {
  assert.deepEqual((await logged("debug")).map((line) => /porthole: (\w+)/.exec(line)?.[1]), [
    "one",
    "two",
    "three",
    "four",
  ]);
  assert.equal((await logged("info")).length, 3);
  assert.equal((await logged("warn")).length, 2);
  assert.deepEqual(await logged("error"), ["2026-11-21 02:03:04 [ERR] porthole: four"]);
});

Deno.test("CliLogger writes one JSON object a line when asked for JSON", async () => {
  const lines = (await logged("debug", "json")).map((line) => JSON.parse(line));
  assert.deepEqual(lines.map(({ level, message }) => [level, message]), [
    ["DEBUG", "one"],
    ["INFO", "two"],
    ["WARN", "three"],
    ["ERROR", "four"],
  ]);
  assert.equal(lines[0].a, 1);
  assert.equal(lines[2].error, "x y");
});

Deno.test("formatLog() writes fields as key=value, endpoints and errors as people do", () => {
  const fields = {
    none: undefined,
    endpoint: { address: "2001:db8::1", port: 3 },
    error: new Error("two\nlines"),
    at: new Date(0),
    list: ["a"],
    big: 5n,
    text: "a b",
  };
  assert.equal(
    formatLog({ level: "warn", message: "Lost {it}", fields, at }, "text"),
    '2026-11-21 02:03:04 [WRN] porthole: Lost {it} endpoint=[2001:db8::1]:3 error="two lines" ' +
      'at=1970-01-01T00:00:00.000Z list="[\\"a\\"]" big=5 text="a b"',
  );
});

Deno.test("formatLog() keeps words from outside on one line and away from the terminal", () => {
  for (const format of ["text", "json"] as const) {
    const entry = { level: "info" as const, message: "a\n\x1b[2Jb", fields: { x: "\x1b[31m\r\n" }, at };
    assert.doesNotMatch(formatLog(entry, format), /\p{Cc}/u);
  }
});

Deno.test("formatLog() colours the level when asked for colour", () => {
  // deno-lint-ignore no-control-regex
  assert.match(formatLog({ level: "warn", message: "x", fields: {}, at }, "color"), /\x1b\[/);
});

Deno.test("formatLog() puts journald's priority in front and leaves the time to it", () => {
  const lines = (["debug", "info", "warn", "error"] as const).map((level) =>
    formatLog({ level, message: "Lost\nit", fields: { port: 3 }, at }, "journald")
  );
  assert.deepEqual(lines, [7, 6, 4, 3].map((priority) => `<${priority}>Lost it port=3`));
});

Deno.test("formatLog() never shows a secret, however deep it is", () => {
  const secret = new Secret("hunter2");
  const fields = { secret, deep: { list: [secret] }, map: { token: secret } };
  for (const format of ["text", "color", "json", "journald"] as const) {
    const line = formatLog({ level: "info", message: "x", fields, at }, format);
    assert.doesNotMatch(line, /hunter2/);
    assert.equal(line.split("***").length, 4, line);
  }
  assert.match(formatLog({ level: "info", message: "x", fields: { secret }, at }, "text"), / secret=\*\*\*$/);
});

Deno.test("CliLogger goes over to another level and format while it runs", async () => {
  const { output, lines } = openSink();
  {
    await using log = new CliLogger({ output, level: "warn", format: "text", date: () => at });
    log.info("hidden");
    log.warn("one");
    // The library is not loaded yet, and the line keeps its place.
    log.configure({ level: "debug", format: "journald" });
    log.debug("two");
    log.configure({ level: "error", format: "json" });
    log.warn("hidden");
    log.error("three");
  }
  assert.deepEqual(lines().map((line) => /one|two|three|hidden/.exec(line)?.[0]), ["one", "two", "three"]);
});

Deno.test("CliLogger writes every line to stderr and to the file, there without colours", async () => {
  const { output, lines } = openSink();
  const path = await Deno.makeTempFile();
  try {
    const file = { path, maxBytes: 4096, maxFiles: 2 };
    {
      await using log = new CliLogger({ output, level: "info", format: "color", date: () => at, file });
      log.info("one");
      log.debug("hidden");
      log.configure({ level: "debug", format: "journald", file });
      log.debug("two");
      log.configure({ level: "debug", format: "text" });
      log.debug("three");
    }
    assert.equal(lines().length, 3);
    assert.deepEqual((await Deno.readTextFile(path)).split("\n"), [
      "2026-11-21 02:03:04 [INF] porthole: one",
      "2026-11-21 02:03:04 [DBG] porthole: two",
      "",
    ]);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("CliLogger warns once on stderr when the log file fails, whatever the level, and goes on", async () => {
  const { output, lines } = openSink();
  const path = "/nonexistent/porthole.log";
  {
    await using log = new CliLogger({
      ...{ output, level: "error", format: "text", date: () => at },
      file: { path, maxBytes: 4096, maxFiles: 2 },
    });
    for (const message of ["one", "two"]) log.error(message);
  }
  const kept = lines();
  assert.equal(kept.length, 3);
  assert.equal(kept.filter((line) => line.includes(path)).length, 1);
  assert.match(kept.join("\n"), /\[WRN\] porthole: Cannot write the log file/);
});

Deno.test("logSettings() lets the command line come before the configuration", () => {
  const flags = { quiet: false, logLevel: undefined, json: false, isColored: false };
  assert.deepEqual(logSettings(undefined, flags), { level: "info", format: "text", file: undefined });
  assert.deepEqual(logSettings({ level: "debug", format: "journald", file: "/x" }, flags), {
    level: "debug",
    format: "journald",
    file: { path: "/x", maxBytes: 1_048_576, maxFiles: 5 },
  });
  assert.equal(logSettings({ level: "debug" }, { ...flags, logLevel: "warn" }).level, "warn");
  assert.equal(logSettings({ level: "debug" }, { ...flags, logLevel: "warn", quiet: true }).level, "error");
  assert.equal(logSettings({ format: "journald" }, { ...flags, json: true }).format, "json");
  assert.equal(logSettings({ format: "text" }, { ...flags, isColored: true }).format, "color");
  assert.equal(logSettings({ format: "json" }, { ...flags, isColored: true }).format, "json");
});
