import assert from "node:assert/strict";
import { countLines, judgeSizes } from "../../../tools/check_sizes.ts";

Deno.test("countLines() counts as editors do", () => {
  assert.equal(countLines(""), 0);
  assert.equal(countLines("a"), 1);
  assert.equal(countLines("a\n"), 1);
  assert.equal(countLines("a\nb"), 2);
  assert.equal(countLines("a\n\n"), 2);
});

Deno.test("judgeSizes() refuses above 400 lines and reports above 250, longest first", () => {
  const verdict = judgeSizes([
    { path: "src/a.ts", lines: 250 },
    { path: "src/b.ts", lines: 251 },
    { path: "src/c.ts", lines: 400 },
    { path: "src/d.ts", lines: 401 },
    { path: "src/e.ts", lines: 900 },
  ]);
  assert.deepEqual(verdict.over.map((f) => f.path), ["src/e.ts", "src/d.ts"]);
  assert.deepEqual(verdict.long.map((f) => f.path), ["src/c.ts", "src/b.ts"]);
});

Deno.test("judgeSizes() exempts tables", () => {
  assert.deepEqual(judgeSizes([{ path: "src/text/en.ts", lines: 2000 }]), { over: [], long: [] });
});
