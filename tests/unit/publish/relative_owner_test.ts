import assert from "node:assert/strict";
import fc from "fast-check";
import { isName, isRelative, spellRelative } from "../../../src/publish/relative_owner.ts";

Deno.test("spellRelative() calls the zone itself @", () => {
  assert.deepEqual(["", "mc", "*.w"].map(spellRelative), ["@", "mc", "*.w"]);
});

Deno.test("isRelative() knows every spelling of a name", () => {
  const rows: readonly (readonly [string, string, boolean])[] = [
    ["@", "", true],
    ["", "", true],
    ["@", "mc", false],
    ["MC", "mc", true],
    ["mc.", "mc", true],
    ["*.w", "*.w", true],
    ["_minecraft._tcp.mc", "_minecraft._tcp.mc", true],
    ["端口", "xn--6orp22g", true],
    ["mc", "mc2", false],
    ["a.mc", "mc", false],
  ];
  for (const [spelling, relative, expected] of rows) {
    assert.equal(isRelative(spelling, relative), expected, spelling);
  }
});

Deno.test("isName() is never stopped by names of others", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    assert.equal(typeof isName(text, "mc"), "boolean");
  }));
});
