import assert from "node:assert/strict";
import { frpClassOf } from "../../../src/behavior/frp_class.ts";
import { parseEndpoint } from "../../../src/core/endpoint.ts";

Deno.test("frpClassOf() classifies as frp does (compat.md 8)", () => {
  const table = [
    [["203.0.113.10:40000", "203.0.113.10:40000"], "EasyNAT", "BehaviorNoChange", 0, false],
    [["203.0.113.10:40000", "203.0.113.10:40003"], "HardNAT", "BehaviorPortChanged", 3, true],
    [["203.0.113.10:40000", "203.0.113.10:40001"], "HardNAT", "BehaviorPortChanged", 1, true],
    [["203.0.113.10:40005", "203.0.113.10:40000"], "HardNAT", "BehaviorPortChanged", 5, true],
    [["203.0.113.10:40000", "203.0.113.10:40006"], "HardNAT", "BehaviorPortChanged", 6, false],
    [["203.0.113.10:40000", "203.0.113.11:40000"], "HardNAT", "BehaviorIPChanged", 0, false],
    [["203.0.113.10:40000", "203.0.113.11:40001"], "HardNAT", "BehaviorBothChanged", 0, false],
    [
      ["203.0.113.10:40000", "203.0.113.10:40002", "203.0.113.10:40007"],
      ...["HardNAT", "BehaviorPortChanged", 7, false],
    ],
  ] as const;
  for (const [seen, natType, behavior, difference, isRegular] of table) {
    const found = frpClassOf(seen.map((text) => parseEndpoint(text)));
    assert.deepEqual(found, { natType, behavior, difference, isRegular }, seen.join(" "));
  }
});

Deno.test("frpClassOf() says nothing of fewer than two addresses", () => {
  assert.equal(frpClassOf([]), undefined);
  assert.equal(frpClassOf([parseEndpoint("203.0.113.10:40000")]), undefined);
});
