import assert from "node:assert/strict";
import { decodeConfig, type DecodedConfig, MOST_CONFIG_BYTES } from "../../../src/config/decode_config.ts";

function refusal(decoded: DecodedConfig): readonly [number, number, string] {
  assert.ok(decoded.kind === "fault");
  const { line, column, message } = decoded.fault;
  return [line, column, message];
}

Deno.test("decodeConfig() takes UTF-8 with or without a byte order mark", () => {
  const bytes = new TextEncoder().encode('{"a": "漢🎮"}');
  assert.deepEqual(decodeConfig(bytes), { kind: "text", text: '{"a": "漢🎮"}' });
  const marked = Uint8Array.of(0xef, 0xbb, 0xbf, ...bytes);
  assert.deepEqual(decodeConfig(marked), { kind: "text", text: '{"a": "漢🎮"}' });
});

Deno.test("decodeConfig() names the place of the first byte that is not UTF-8", () => {
  // GBK, as editors on Chinese Windows save.
  const gbk = Uint8Array.of(0x7b, 0x0a, 0x20, 0x22, 0xd6, 0xd0, 0x22, 0x7d);
  assert.deepEqual(refusal(decodeConfig(gbk)), [2, 3, "not UTF-8; save the file as UTF-8"]);
  const real = new TextEncoder().encode("\uFFFD\r\n");
  assert.deepEqual(refusal(decodeConfig(Uint8Array.of(...real, 0xff))).slice(0, 2), [2, 1]);
  // Cut in the middle of a character.
  assert.deepEqual(refusal(decodeConfig(Uint8Array.of(0x61, 0xe6, 0xbc))).slice(0, 2), [1, 2]);
});

Deno.test("decodeConfig() says what to do about UTF-16", () => {
  for (const mark of [[0xff, 0xfe], [0xfe, 0xff]]) {
    const [line, column, message] = refusal(decodeConfig(Uint8Array.of(...mark, 0x7b, 0x00)));
    assert.deepEqual([line, column], [1, 1]);
    assert.match(message, /UTF-16/);
  }
});

Deno.test("decodeConfig() refuses more than 4 MiB, and takes as much", () => {
  assert.match(refusal(decodeConfig(new Uint8Array(MOST_CONFIG_BYTES + 1).fill(0x20)))[2], /4 MiB/);
  assert.equal(decodeConfig(new Uint8Array(MOST_CONFIG_BYTES).fill(0x20)).kind, "text");
});
