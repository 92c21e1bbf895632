import assert from "node:assert/strict";
import { StunFramer } from "../../../src/stun/framer.ts";
import { COMPAT_ANSWERS } from "../../vectors/stun_compat.ts";

const MESSAGES = COMPAT_ANSWERS.map(({ hex }) => hex);

Deno.test("StunFramer.push() finds the messages wherever the stream is cut once", () => {
  const stream = Uint8Array.fromHex(MESSAGES.join(""));
  for (let cut = 0; cut <= stream.length; cut++) {
    const framer = new StunFramer();
    const found = [...framer.push(stream.slice(0, cut)), ...framer.push(stream.slice(cut))];
    assert.deepEqual(found.map((bytes) => bytes.toHex()), MESSAGES);
    assert.ok(!framer.isMidMessage);
  }
});

Deno.test("StunFramer.push() finds the messages byte by byte and does not keep its input", () => {
  const framer = new StunFramer();
  const shared = new Uint8Array(1);
  const found: string[] = [];
  for (const byte of Uint8Array.fromHex(MESSAGES.join(""))) {
    shared[0] = byte;
    found.push(...framer.push(shared).map((bytes) => bytes.toHex()));
  }
  assert.deepEqual(found, MESSAGES);
});

Deno.test("StunFramer.push() refuses streams that are not STUN", () => {
  const other = ["HTTP/1.1 400 Bad Request", "SSH-2.0-OpenSSH", "\x01\x01\x00\x00................"];
  for (const text of other) {
    assert.throws(() => new StunFramer().push(new TextEncoder().encode(text)), { code: "stun_decode" });
  }
  const tooLong = Uint8Array.fromHex("0101fffc2112a4420102030405060708090a0b0c");
  assert.throws(() => new StunFramer().push(tooLong), { code: "stun_decode" });
});
