import assert from "node:assert/strict";
import { toPythonJson } from "../../../../../src/cli/compat/nat1/python_json.ts";
import { BEDROCK_LOG, JAVA_LOG } from "../../../../vectors/minecraft.ts";
import { recordedLog } from "./recorded_log.ts";

Deno.test("Nat1Log writes nat1_traversal's form", () => {
  const { log, lines } = recordedLog();
  log.info("获取到映射地址： 203.0.113.10:14500");
  log.warn("服务器不在线, timeout");
  log.error("缺少参数 --local");
  log.debug("hidden");
  assert.deepEqual(lines, [
    "[    INFO] 获取到映射地址： 203.0.113.10:14500",
    "[ WARNING] 服务器不在线, timeout",
    "[   ERROR] 缺少参数 --local",
  ]);
});

Deno.test("Nat1Log puts time and place before each line while debugging is on", () => {
  const { log, lines } = recordedLog();
  log.isDebug = true;
  log.debug("a", { at: { address: "::1", port: 1 }, error: new Error("b c"), none: undefined });
  log.isDebug = false;
  log.debug("hidden");
  assert.deepEqual(lines, ["2026-11-21 10:00:00 nat1", '[   DEBUG] a at=[::1]:1 error="b c"']);
});

Deno.test("Nat1Log.forParts() keeps what parts tell of their work for debugging", () => {
  const { log, lines } = recordedLog();
  const parts = log.forParts();
  parts.info("working");
  parts.warn("Cannot ask", { server: "s\n\x1b[2J" });
  assert.deepEqual(lines, ['[ WARNING] Cannot ask server="s\\n\\u001b[2J"']);
  log.info("one\ntwo");
  assert.equal(lines[1], "[    INFO] one two");
});

Deno.test("toPythonJson() writes as Python does", () => {
  for (const text of [JAVA_LOG, BEDROCK_LOG, "{}", "[]", "null", '"我的世界"']) {
    assert.equal(toPythonJson(JSON.parse(text)), text);
  }
  assert.equal(toPythonJson({ a: undefined, b: ["\n"] }), '{"b": ["\\n"]}');
});
