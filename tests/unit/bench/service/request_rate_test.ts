import assert from "node:assert/strict";
import { requestRate } from "../../../../bench/service/request_rate.ts";
import type { StunRequest } from "../../../../bench/service/world_process.ts";

function requests(...times: readonly number[]): readonly StunRequest[] {
  return times.map((atMs, i) => ({ atMs, server: i % 3 === 0 ? "a" : "b" }));
}

Deno.test("requestRate() counts what is inside the span, its end excluded", () => {
  const rate = requestRate(requests(999, 1000, 1500, 60_999, 61_000), { fromMs: 1000, toMs: 61_000 });
  assert.deepEqual(rate, { perMinute: 3, meanSecond: 0.05, busiestSecond: 2, busiestServer: 2 });
});

Deno.test("requestRate() finds the busiest second wherever it starts", () => {
  const span = { fromMs: 0, toMs: 10_000 };
  assert.equal(requestRate(requests(0, 900, 1200, 1899, 1900, 5000, 5999, 6000), span).busiestSecond, 3);
});

Deno.test("requestRate() gives zeros when nothing was asked", () => {
  assert.deepEqual(requestRate([], { fromMs: 0, toMs: 60_000 }), {
    ...{ perMinute: 0, meanSecond: 0, busiestSecond: 0, busiestServer: 0 },
  });
});
