import assert from "node:assert/strict";
import fc from "fast-check";
import { TextPlaces } from "../../../src/config/text_places.ts";

Deno.test("placeAt() counts lines that end with LF, CRLF or CR, from 1", () => {
  const places = new TextPlaces("a\nbc\r\nd\re\n");
  const of = (offset: number): readonly [number, number] => {
    const { line, column } = places.placeAt(offset);
    return [line, column];
  };
  assert.deepEqual([0, 1, 2, 3, 6, 8, 10].map(of), [
    [1, 1],
    [1, 2],
    [2, 1],
    [2, 2],
    [3, 1],
    [4, 1],
    [5, 1],
  ]);
});

Deno.test("placeAt() gives the place that splitting the text gives", () => {
  const texts = fc.array(fc.constantFrom("a", "\n", "\r\n", "漢", "🎮"), { maxLength: 30 });
  fc.assert(fc.property(texts, fc.nat(40), (parts, at) => {
    const text = parts.join("");
    const offset = Math.min(at, text.length);
    if (text[offset] === "\n" && text[offset - 1] === "\r") return;
    const before = text.slice(0, offset).split(/\r\n|\n/);
    assert.deepEqual(new TextPlaces(text).placeAt(offset), {
      line: before.length,
      column: (before.at(-1) ?? "").length + 1,
    });
  }));
});
