import assert from "node:assert/strict";
import { columnsOf, padColumns, quoted, storyLine } from "../../../src/cli/demo_layout.ts";
import { DEMO_TEXTS } from "../../../src/cli/demo_texts.ts";

Deno.test("columnsOf() counts two columns when a character is wide", () => {
  assert.equal(columnsOf("mapped"), 6);
  assert.equal(columnsOf("已映射"), 6);
  assert.equal(columnsOf("（a）"), 5);
});

Deno.test("storyLine() begins every text in the same column, whatever the language", () => {
  const starts = Object.values(DEMO_TEXTS).flatMap(({ labels }) =>
    Object.values(labels).map((label) => {
      const line = storyLine({ ms: 1234.5, label, text: "|" });
      return columnsOf(line.slice(0, line.indexOf("|")));
    })
  );
  assert.deepEqual(new Set(starts), new Set([20]));
});

Deno.test("padColumns() leaves a text as it is when it is too long", () => {
  assert.equal(padColumns("too long", 3), "too long");
});

Deno.test("quoted() sets off each line and leaves no trailing space", () => {
  assert.deepEqual(quoted("a\r\n\nb\n").map((line) => line.trim()), ["| a", "|", "| b"]);
});
