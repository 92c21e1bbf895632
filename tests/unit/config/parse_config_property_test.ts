import assert from "node:assert/strict";
import fc from "fast-check";
import { parseConfig, type ParsedConfig } from "../../../src/config/parse_config.ts";

const RUNS = 300;

/** Pieces that the parser takes apart; strung together they are nearly configurations. */
const token = fc.constantFrom(
  ...'{ } [ ] , : " \\ / // /* */ \n \r\n \t 1 -1 1e999 true null "x" "\\u12" "tunnels" "forward" "target" "publish"'
    .split(" "),
  '"provider"',
  '"webhook"',
  '"status"',
  '"file"',
  '"hooks"',
  '"run"',
  '"__proto__"',
  "\ud800",
  "\0",
  "漢",
);

const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 5 },
    fc.boolean(),
    fc.constantFrom<unknown>(
      null,
      0,
      -1,
      3456,
      1.5,
      "",
      "tcp",
      "127.0.0.1:80",
      "15s",
      "env:A",
      "webhook",
    ),
    fc.array(tie("any"), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom(
        ..."tunnels name bind forward target publish provider url token hooks run status file path listen state"
          .split(" "),
        "nmae",
        "__proto__",
        "toString",
      ),
      tie("any"),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
})).any;

/** Faults are in order, on one line each, and inside the text. */
function assertSound(parsed: ParsedConfig, text: string): void {
  if (parsed.kind === "config") return assert.ok(Array.isArray(parsed.config.tunnels));
  assert.ok(parsed.faults.length > 0);
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  let before = { line: 1, column: 1 };
  for (const { line, column, path, message } of parsed.faults) {
    assert.ok(line > before.line || (line === before.line && column >= before.column));
    assert.ok(line <= lines.length && column <= (lines[line - 1] ?? "").length + 1, `${line}:${column}`);
    assert.ok(message !== "" && !/[\p{Cc}\p{Cs}]/u.test(message + path));
    before = { line, column };
  }
}

Deno.test("parseConfig() gives a configuration or faults for any text", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary", maxLength: 200 }),
      (text) => assertSound(parseConfig(text), text),
    ),
    { numRuns: RUNS },
  );
  fc.assert(
    fc.property(fc.array(token, { maxLength: 60 }), (tokens) => {
      const text = tokens.join("");
      assertSound(parseConfig(text), text);
    }),
    { numRuns: 10 * RUNS },
  );
});

Deno.test("parseConfig() gives a configuration or faults for any JSON, and for what is cut off of it", () => {
  fc.assert(
    fc.property(fc.record({ tunnels: value, status: value }), fc.nat(), (config, cut) => {
      const text = JSON.stringify(config, undefined, 1);
      assertSound(parseConfig(text), text);
      const part = text.slice(0, cut % text.length);
      const parsed = parseConfig(part);
      assertSound(parsed, part);
      assert.equal(parsed.kind, "faults");
    }),
    { numRuns: RUNS },
  );
});

Deno.test("parseConfig() never repeats what may be a secret", () => {
  const mark = "hunter2";
  const wrong = fc.constantFrom<unknown>(
    [mark],
    { a: mark },
    { [mark]: 5 },
    `\0${mark}`,
    [[mark]],
  );
  fc.assert(fc.property(wrong, wrong, fc.nat(), (token, url, cut) => {
    const config = {
      status: { token },
      tunnels: [{ publish: [{ provider: "webhook", url, token, tokne: 1 }], hooks: [{ run: url }] }],
    };
    const text = JSON.stringify(config);
    for (const broken of [text, text.slice(0, cut % text.length), text.replaceAll('"', "'")]) {
      const parsed = parseConfig(broken);
      assert.ok(parsed.kind === "faults");
      assert.ok(!JSON.stringify(parsed.faults).includes(mark), JSON.stringify(parsed.faults));
    }
  }));
});

Deno.test("parseConfig() reads a configuration back as it was, whatever comments and commas are added", () => {
  const tunnel = fc.record({
    name: fc.string({ unit: "grapheme", minLength: 1, maxLength: 10 }).filter((name) =>
      /^\P{Cc}{1,64}$/u.test(name)
    ),
    bind: fc.integer({ min: 0, max: 65_535 }),
    protocol: fc.constantFrom("tcp", "udp"),
  }, { noNullPrototype: true });
  fc.assert(fc.property(fc.array(tunnel, { maxLength: 5 }), (tunnels) => {
    const text = JSON.stringify({ tunnels }, undefined, 2).replaceAll("\n", " // {[,\r\n")
      .replace(/([\]}"\d])(?= \/\/ \{\[,\r\n\s*[\]}])/g, "$1,");
    const parsed = parseConfig(text);
    assert.ok(parsed.kind === "config", text);
    assert.deepEqual(parsed.config, { tunnels });
  }));
});
