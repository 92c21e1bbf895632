import assert from "node:assert/strict";
import fc from "fast-check";
import { orderSrv } from "../../../src/find/srv_order.ts";
import { fakeRandom } from "../../fakes/fake_random.ts";

const record = fc.record({
  priority: fc.integer({ min: 0, max: 3 }),
  weight: fc.integer({ min: 0, max: 65_535 }),
});

Deno.test("orderSrv() keeps every record and puts lower priorities first", () => {
  fc.assert(fc.property(fc.array(record, { maxLength: 12 }), fc.integer(), (records, seed) => {
    const ordered = orderSrv(records, fakeRandom(seed));
    assert.equal(ordered.length, records.length);
    assert.deepEqual(new Set(ordered), new Set(records));
    const priorities = ordered.map(({ priority }) => priority);
    assert.deepEqual(priorities, priorities.toSorted((a, b) => a - b));
  }));
});

Deno.test("orderSrv() draws by weight within one priority", () => {
  const random = fakeRandom(7);
  const records = [{ name: "none", priority: 1, weight: 0 }, { name: "small", priority: 1, weight: 10 }, {
    name: "large",
    priority: 1,
    weight: 90,
  }];
  const first: Record<string, number> = {};
  for (let n = 0; n < 2000; n++) {
    const name = orderSrv(records, random)[0]?.name ?? "";
    first[name] = (first[name] ?? 0) + 1;
  }
  // Of 101 tickets 0 is of the one without weight, 10 and 90 are of the others.
  assert.ok((first["large"] ?? 0) > 1650 && (first["large"] ?? 0) < 1900, `${first["large"]}`);
  assert.ok((first["small"] ?? 0) > 120 && (first["small"] ?? 0) < 280, `${first["small"]}`);
  assert.ok((first["none"] ?? 0) > 0 && (first["none"] ?? 0) < 60, `${first["none"]}`);
});
