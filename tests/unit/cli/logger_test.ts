import assert from "node:assert/strict";
import type { LogLevel } from "../../../src/cli/command_args.ts";
import { formatLog, type LogFormat } from "../../../src/cli/log_format.ts";
import { CliLogger } from "../../../src/cli/logger.ts";
import { Output } from "../../../src/cli/output.ts";

const at = new Date(2026, 10, 21, 2, 3, 4);

async function logged(level: LogLevel, format: LogFormat = "text"): Promise<readonly string[]> {
  let text = "";
  const output = new Output({
    sink: {
      write(bytes): Promise<number> {
        text += new TextDecoder().decode(bytes);
        return Promise.resolve(bytes.length);
      },
    },
  });
  {
    await using log = new CliLogger({ output, level, format, date: () => at });
    log.debug("one", { a: 1 });
    log.info("two");
    log.warn("three", { error: new Error("x y") });
    log.error("four");
  }
  return text.trimEnd().split("\n");
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
