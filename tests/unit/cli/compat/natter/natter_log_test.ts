import assert from "node:assert/strict";
import {
  natter1Format,
  natter2ColorFormat,
  natter2Format,
  NatterLogger,
} from "../../../../../src/cli/compat/natter/natter_log.ts";

const AT = new Date(2024, 0, 31, 12, 0, 0);

Deno.test("natter1Format() and natter2Format() are the peers' lines", () => {
  assert.equal(natter1Format("warn", "x"), "[WARNING] - x");
  assert.equal(natter1Format("info", "Exiting..."), "[INFO] - Exiting...");
  assert.equal(natter2Format("info", "Natter v2.1.1", AT), "2024-01-31 12:00:00 [I] Natter v2.1.1");
  assert.equal(natter2Format("error", "x", AT), "2024-01-31 12:00:00 [E] x");
});

Deno.test("natter2ColorFormat() colours all but the ordinary lines and ends the colour", () => {
  assert.equal(natter2ColorFormat("info", "x", AT), natter2Format("info", "x", AT));
  // deno-lint-ignore no-control-regex
  assert.match(natter2ColorFormat("error", "x", AT), /^\x1b\[31m.* \[E\] x\x1b\[0m$/);
});

Deno.test("NatterLogger writes fields, hides what is below its level and keeps lines whole", () => {
  const lines: string[] = [];
  const sink = { line: (text: string): void => void lines.push(text) };
  const log = new NatterLogger({ format: natter1Format, level: "info", sinks: [sink, sink], date: () => AT });
  log.debug("hidden");
  log.warn("It failed", {
    reason: "no\nroute \x1b[31m",
    at: { address: "192.0.2.1", port: 80 },
    none: undefined,
    error: new Error("a b"),
  });
  const expected = '[WARNING] - It failed reason="no\\nroute \\u001b[31m" at=192.0.2.1:80 error="a b"';
  assert.deepEqual(lines, [expected, expected]);
  log.info("a\r\nb\x07");
  assert.equal(lines.at(-1), "[INFO] - a b ");
});
