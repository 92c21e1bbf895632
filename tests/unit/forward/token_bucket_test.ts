import assert from "node:assert/strict";
import fc from "fast-check";
import { TokenBucket } from "../../../src/forward/token_bucket.ts";

Deno.test("TokenBucket takes one burst at once and then the rate", () => {
  const bucket = new TokenBucket(1_000_000, 0);
  assert.equal(bucket.take(1_000_000, 0), 100_000);
  assert.equal(bucket.take(1, 0), 0);
  assert.equal(bucket.waitMs(5000, 0), 5);
  assert.equal(bucket.take(10_000, 5), 5000);
  assert.equal(bucket.take(1e9, 1e9), 100_000);
});

Deno.test("TokenBucket.waitMs() waits for one burst at most when more is wanted", () => {
  const bucket = new TokenBucket(1_000_000, 0);
  assert.equal(bucket.waitMs(50_000_000, 0), 0);
  bucket.take(100_000, 0);
  assert.equal(bucket.waitMs(50_000_000, 0), 100);
});

Deno.test("TokenBucket.giveBack() lets what was not used pass, but never more than one burst", () => {
  const bucket = new TokenBucket(1_000_000, 0);
  bucket.take(100_000, 0);
  bucket.giveBack(40_000);
  assert.equal(bucket.take(100_000, 0), 40_000);
  bucket.giveBack(1e9);
  assert.equal(bucket.take(1e9, 0), 100_000);
});

Deno.test("TokenBucket.takeWhole() passes a datagram above the burst when full, and pays it off after", () => {
  const bucket = new TokenBucket(10_000, 0); // burst 4096
  assert.ok(bucket.takeWhole(14_096, 0));
  assert.ok(!bucket.takeWhole(1, 0));
  assert.ok(!bucket.takeWhole(1, 1000));
  assert.ok(bucket.takeWhole(1, 1001));
  assert.equal(bucket.take(100, 1001), 9);
});

Deno.test("TokenBucket grants nothing when the clock steps back", () => {
  const bucket = new TokenBucket(10_000, 1000);
  bucket.take(1e6, 1000);
  assert.equal(bucket.take(1, 0), 0);
  assert.equal(bucket.take(1, 1000), 0);
});

Deno.test("TokenBucket throws RangeError when the rate is not above zero", () => {
  for (const rate of [0, -1, NaN]) assert.throws(() => new TokenBucket(rate, 0), RangeError);
});

Deno.test("TokenBucket never passes more than burst plus rate, and gives what it made wait for", () => {
  const step = fc.record({ afterMs: fc.nat(300), wanted: fc.nat(200_000), isWaited: fc.boolean() });
  fc.assert(fc.property(fc.integer({ min: 100, max: 1_000_000 }), fc.array(step), (rate, steps) => {
    const bucket = new TokenBucket(rate, 0);
    const burst = Math.max(4096, rate / 10);
    let nowMs = 0;
    let passed = 0;
    for (const { afterMs, wanted, isWaited } of steps) {
      nowMs += isWaited ? bucket.waitMs(wanted, nowMs) : afterMs;
      const granted = bucket.take(wanted, nowMs);
      if (isWaited) assert.ok(granted >= Math.floor(Math.min(wanted, burst)), `${granted} of ${wanted}`);
      passed += granted;
      assert.ok(passed <= burst + (nowMs * rate) / 1000 + 1);
    }
  }));
});

Deno.test("TokenBucket.spend() takes what has passed already and says when the debt is paid", () => {
  const bucket = new TokenBucket(1_000_000, 0);
  assert.equal(bucket.spend(100_000, 0), 0);
  assert.equal(bucket.spend(50_000, 0), 50);
  assert.equal(bucket.take(1, 49), 0);
  assert.equal(bucket.take(2000, 51), 1000);
});
