import assert from "node:assert/strict";
import fc from "fast-check";
import { decodePong } from "../../src/minecraft/bedrock_ping.ts";
import { linesOfChat } from "../../src/minecraft/chat_text.ts";
import { MinecraftDecodeError } from "../../src/minecraft/errors.ts";
import { JavaStatusReader, readJavaStatus } from "../../src/minecraft/java_status.ts";
import { decodeVarint, encodeVarint } from "../../src/minecraft/varint.ts";
import { bedrockAnswer, javaAnswer } from "../unit/minecraft/answers.ts";

/** Runs it; every throw but the one named error fails the property. */
function orDecodeError<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    assert.ok(error instanceof MinecraftDecodeError, String(error));
    return undefined;
  }
}

Deno.test("decodeVarint() gives back what encodeVarint() wrote", () => {
  fc.assert(fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (value) => {
    const bytes = encodeVarint(value);
    assert.deepEqual(decodeVarint(bytes), { value, length: bytes.length });
  }));
});

Deno.test("JavaStatusReader.push() gives a status, waits, or throws its one error for any bytes", () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 8 }), (pieces) => {
    const reader = new JavaStatusReader();
    orDecodeError(() => pieces.forEach((piece) => reader.push(piece)));
  }));
});

Deno.test("JavaStatusReader.push() reads any JSON the same way however it is cut", () => {
  fc.assert(fc.property(fc.json(), fc.integer({ min: 1, max: 50 }), (json, size) => {
    const answer = javaAnswer(json);
    const whole = orDecodeError(() => new JavaStatusReader().push(answer));
    const reader = new JavaStatusReader();
    const cut = orDecodeError(() => {
      for (let at = 0; at < answer.length; at += size) {
        const status = reader.push(answer.subarray(at, at + size));
        if (status !== undefined) return status;
      }
      return undefined;
    });
    assert.deepEqual(cut, whole);
    assert.deepEqual(whole, orDecodeError(() => readJavaStatus(json)));
  }));
});

Deno.test("linesOfChat() gives lines without formatting for any value", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    const lines = linesOfChat({ text: "§a", extra: [value, { extra: [{ text: "end" }] }] });
    assert.ok(lines.at(-1)?.endsWith("end"));
    assert.ok(lines.every((line) => !line.includes("\n")));
  }));
});

Deno.test("decodePong() gives a status or throws its one error for any bytes and any fields", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void orDecodeError(() => decodePong(bytes))),
  );
  fc.assert(fc.property(fc.array(fc.string({ maxLength: 20 }), { maxLength: 14 }), (fields) => {
    orDecodeError(() => decodePong(bedrockAnswer(fields.join(";"))));
  }));
  fc.assert(fc.property(fc.nat({ max: 130 }), fc.nat({ max: 255 }), (at, byte) => {
    orDecodeError(() => decodePong(bedrockAnswer().with(at, byte)));
  }));
});
