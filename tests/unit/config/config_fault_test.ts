import assert from "node:assert/strict";
import { formatFault, formatPath, inSourceOrder, quoted } from "../../../src/config/config_fault.ts";

Deno.test("formatPath() writes keys after dots, indices and odd keys in brackets", () => {
  assert.equal(formatPath([]), "");
  assert.equal(formatPath(["tunnels", 0, "forward", "target"]), "tunnels[0].forward.target");
  assert.equal(formatPath(["$schema"]), "$schema");
  assert.equal(formatPath(["a b", "", "x"]), '["a b"][""].x');
});

Deno.test("quoted() keeps a message on one line, short, and the terminal as it is", () => {
  assert.equal(quoted("a\n\x1b[31m"), '"a\\n\\u001b[31m"');
  assert.equal(quoted("\x9b \u202e\u2028\u{e0001}"), '"\\u{9b} \\u{202e}\\u{2028}\\u{e0001}"');
  assert.equal(quoted("\ud800"), '"\\ud800"');
  assert.ok(quoted("🎮".repeat(1000)).length < 140);
  assert.deepEqual([quoted(5), quoted(null), quoted(undefined)], ["5", "null", "undefined"]);
});

Deno.test("formatFault() leaves an empty path out", () => {
  assert.equal(formatFault({ path: "", line: 2, column: 3, message: "x" }), "2:3: x");
  assert.equal(formatFault({ path: "a", line: 2, column: 3, message: "x" }), "2:3: a: x");
});

Deno.test("inSourceOrder() sorts by line, then column, and keeps what is at one place in order", () => {
  const fault = (line: number, column: number, message: string): Parameters<typeof inSourceOrder>[0][0] => ({
    path: "",
    line,
    column,
    message,
  });
  const faults = [fault(2, 1, "c"), fault(1, 9, "b"), fault(1, 2, "a"), fault(2, 1, "d")];
  assert.equal(inSourceOrder(faults).map(({ message }) => message).join(""), "abcd");
});
