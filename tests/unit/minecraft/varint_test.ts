import assert from "node:assert/strict";
import { MinecraftDecodeError } from "../../../src/minecraft/errors.ts";
import { decodeVarint, encodeVarint } from "../../../src/minecraft/varint.ts";
import { VARINTS } from "../../vectors/minecraft.ts";

Deno.test("encodeVarint() and decodeVarint() agree with the vectors", () => {
  for (const [value, hex] of VARINTS) {
    assert.equal(encodeVarint(value).toHex(), hex);
    assert.deepEqual(decodeVarint(Uint8Array.fromHex(`ee${hex}ee`), 1), { value, length: hex.length / 2 });
  }
});

Deno.test("encodeVarint() refuses what is no signed 32-bit integer", () => {
  for (const value of [0.5, NaN, 2 ** 31, -(2 ** 31) - 1]) {
    assert.throws(() => encodeVarint(value), RangeError);
  }
});

Deno.test("decodeVarint() waits for the end and refuses what has none", () => {
  for (const hex of ["", "80", "ffffffff"]) assert.equal(decodeVarint(Uint8Array.fromHex(hex)), undefined);
  assert.throws(() => decodeVarint(Uint8Array.fromHex("ffffffffff01")), MinecraftDecodeError);
});
