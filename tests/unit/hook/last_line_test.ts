import assert from "node:assert/strict";
import fc from "fast-check";
import { LastLine } from "../../../src/hook/last_line.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function lastOf(...parts: readonly string[]): string {
  const line = new LastLine();
  for (const part of parts) line.push(encode(part));
  return line.text;
}

Deno.test("LastLine.text gives the last line that is not blank", () => {
  const cases: readonly (readonly [readonly string[], string])[] = [
    [[], ""],
    [["one\ntwo\n"], "two"],
    [["one\ntwo"], "two"],
    [["one\n\n  \n"], "one"],
    [["o", "ne\nt", "w", "o\n"], "two"],
    [["\x1b[31mred\x1b[0m\r\n"], "[31mred [0m"],
  ];
  for (const [parts, want] of cases) assert.equal(lastOf(...parts), want, JSON.stringify(parts));
});

Deno.test("LastLine.text keeps the first 500 bytes of an endless line", () => {
  assert.equal(lastOf("a".repeat(499), "bc", "d".repeat(100_000)), `${"a".repeat(499)}b`);
  assert.equal(lastOf("a".repeat(600), "\nnext\n"), "next");
});

Deno.test("LastLine.text does not depend on where the stream is cut", () => {
  fc.assert(fc.property(
    fc.string({ unit: fc.constantFrom("a", "b", " ", "\n"), maxLength: 60 }),
    fc.array(fc.nat(60), { maxLength: 6 }),
    (text, cuts) => {
      const marks = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
      const parts = marks.slice(1).map((end, i) => text.slice(marks[i], end));
      const want = text.split("\n").map((line) => line.trim()).findLast((line) => line !== "") ?? "";
      assert.equal(lastOf(...parts), want);
    },
  ));
});
