import assert from "node:assert/strict";
import fc from "fast-check";
import { addSample, type CounterSample, type Rates, ratesOf } from "../../../src/status/rates.ts";

function rates(samples: readonly (readonly [atMs: number, bytesIn: number, bytesOut: number])[]): Rates {
  let kept: readonly CounterSample[] = [];
  for (const [atMs, bytesIn, bytesOut] of samples) kept = addSample(kept, { atMs, bytesIn, bytesOut });
  return ratesOf(kept);
}

function both(bytesInPerSecond: number, bytesOutPerSecond: number): Rates {
  return { bytesInPerSecond, bytesOutPerSecond };
}

Deno.test("ratesOf() averages over the last 15 s", () => {
  assert.deepEqual(rates([]), both(0, 0));
  assert.deepEqual(rates([[0, 500, 500]]), both(0, 0));
  assert.deepEqual(rates([[0, 0, 0], [5_000, 5_000, 10_000]]), both(1_000, 2_000));
  const long: [number, number, number][] = [0, 1, 2, 3, 4, 5, 6].map((
    i,
  ) => [i * 5_000, i < 3 ? 0 : i * 100, 0]);
  assert.deepEqual(rates(long), both(Math.round(300 / 15), 0));
});

Deno.test("ratesOf() starts anew when counters went back, and bridges a pause", () => {
  assert.deepEqual(rates([[0, 9_000, 9_000], [5_000, 10, 9_999]]), both(0, 0));
  assert.deepEqual(rates([[0, 9_000, 0], [5_000, 0, 0], [10_000, 5_000, 0]]), both(1_000, 0));
  assert.deepEqual(rates([[0, 0, 0], [100_000, 100_000, 0]]), both(1_000, 0));
});

Deno.test("ratesOf() is never negative nor endless, and few samples are kept", () => {
  const sample = fc.record({ atMs: fc.nat(100_000), bytesIn: fc.nat(), bytesOut: fc.nat() });
  fc.assert(fc.property(fc.array(sample, { maxLength: 40 }), (samples) => {
    let kept: readonly CounterSample[] = [];
    for (const next of samples) kept = addSample(kept, next);
    const { bytesInPerSecond, bytesOutPerSecond } = ratesOf(kept);
    assert.ok(bytesInPerSecond >= 0 && Number.isFinite(bytesInPerSecond));
    assert.ok(bytesOutPerSecond >= 0 && Number.isFinite(bytesOutPerSecond));
  }));
  let kept: readonly CounterSample[] = [];
  for (let i = 0; i < 1000; i++) kept = addSample(kept, { atMs: i * 5_000, bytesIn: i, bytesOut: i });
  assert.ok(kept.length <= 4, `${kept.length}`);
});
