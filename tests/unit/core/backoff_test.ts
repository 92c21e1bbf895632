import assert from "node:assert/strict";
import fc from "fast-check";
import { backoffMs } from "../../../src/core/backoff.ts";
import type { Random } from "../../../src/core/random.ts";

const fixed = (fraction: number): Random => ({ fraction: () => fraction, bytes: (n) => new Uint8Array(n) });

Deno.test("backoffMs() doubles its bound until the longest wait", () => {
  const bounds = [1, 2, 3, 4, 5, 6, 7, 8, 100].map((n) => backoffMs(n, fixed(1)));
  assert.deepEqual(bounds, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
});

Deno.test("backoffMs() never waits less than half of the bound", () => {
  assert.equal(backoffMs(1, fixed(0)), 500);
  assert.equal(backoffMs(3, fixed(0), { firstMs: 100, maxMs: 1000 }), 200);
  assert.equal(backoffMs(9, fixed(0), { firstMs: 100, maxMs: 1000 }), 500);
});

Deno.test("backoffMs() stays within its bounds for any number of failures", () => {
  fc.assert(fc.property(
    fc.integer({ min: -5, max: 1e9 }),
    fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    fc.integer({ min: 1, max: 100_000 }),
    fc.integer({ min: 1, max: 10_000_000 }),
    (failures, fraction, firstMs, maxMs) => {
      const ms = backoffMs(failures, fixed(fraction), { firstMs, maxMs });
      assert.ok(ms >= Math.min(firstMs, maxMs) / 2 && ms <= maxMs, `${ms}`);
      assert.ok(failures > 1 || ms <= firstMs);
    },
  ));
});

Deno.test("backoffMs() spreads", () => {
  let n = 0;
  const random: Random = { fraction: () => (n++ % 10) / 10, bytes: (length) => new Uint8Array(length) };
  assert.equal(new Set(Array.from({ length: 10 }, () => backoffMs(4, random))).size, 10);
});
