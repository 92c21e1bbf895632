import assert from "node:assert/strict";
import fc from "fast-check";
import { bracketOf, type TrialOutcome } from "../../../../src/behavior/lifetime/bracket.ts";
import { judgeLifetime, recommendInterval } from "../../../../src/behavior/lifetime/lifetime_report.ts";

const alive = (seconds: number): TrialOutcome => ({ state: "alive", ageMs: seconds * 1000 });
const dead = (seconds: number): TrialOutcome => ({ state: "dead", ageMs: seconds * 1000 });
const ended = (seconds: number): TrialOutcome => ({ state: "ended", ageMs: seconds * 1000 });
const unknown = (seconds: number): TrialOutcome => ({ state: "unknown", ageMs: seconds * 1000 });

Deno.test("recommendInterval() is a third of the lifetime from 5 s to 60 s, less only where it must be", () => {
  const cases: readonly (readonly [number, number | undefined])[] = [
    [0, undefined],
    [500, 1_000],
    [3_000, 1_000],
    [9_000, 4_000],
    [12_000, 5_000],
    [15_000, 5_000],
    [30_000, 10_000],
    [59_999, 19_000],
    [180_000, 60_000],
    [7_200_000, 60_000],
  ];
  for (const [ms, want] of cases) assert.equal(recommendInterval(ms), want, `${ms}`);
  fc.assert(fc.property(fc.integer({ min: 2_000, max: 1e7 }), (ms) => {
    const interval = recommendInterval(ms) ?? NaN;
    assert.ok(interval >= 1_000 && interval <= 60_000 && interval <= ms / 2);
  }));
});

Deno.test("bracketOf() takes survival for proof", () => {
  assert.deepEqual(bracketOf([]), { aliveMs: 0, deadMs: undefined, deaths: 0, contradictions: 0 });
  assert.deepEqual(bracketOf([alive(7), dead(20), dead(9), alive(12), ended(13), unknown(30)]), {
    ...{ aliveMs: 13_000, deadMs: 20_000, deaths: 1, contradictions: 1 },
  });
});

Deno.test("judgeLifetime() claims no more than was proved", () => {
  const options = { way: "response-port", maxMs: 60_000 } as const;
  assert.deepEqual(judgeLifetime([alive(29), dead(31)], options), {
    ...{ verdict: "measured", aliveMs: 29_000, deadMs: 31_000, recommendedMs: 9_000 },
  });
  assert.deepEqual(judgeLifetime([dead(3)], options), {
    ...{ verdict: "measured", aliveMs: 0, deadMs: 3_000, recommendedMs: 1_000 },
  });
  assert.deepEqual(judgeLifetime([alive(60)], options), {
    ...{ verdict: "at-least", aliveMs: 60_000, recommendedMs: 20_000 },
  });
  const unsure = { verdict: "unknown", aliveMs: 0 };
  assert.deepEqual(judgeLifetime([unknown(7)], options), { ...unsure, reason: "nothing-proved" });
  assert.deepEqual(judgeLifetime([dead(3), dead(4), dead(5), alive(10)], options), {
    ...{ ...unsure, reason: "contradictory" },
  });
  const again = { ...options, way: "same-port" } as const;
  assert.deepEqual(judgeLifetime([alive(60)], again), { ...unsure, reason: "ports-kept" });
  assert.equal(judgeLifetime([alive(20), dead(30)], again).verdict, "measured");
});

Deno.test("judgeLifetime() recommends nothing by a limit that servers, or the user, set too low", () => {
  const options = { way: "answer", maxMs: 300_000 } as const;
  assert.deepEqual(judgeLifetime([ended(5)], options), {
    ...{ verdict: "at-least", aliveMs: 5_000, reason: "servers-close", recommendedMs: undefined },
  });
  assert.equal(judgeLifetime([ended(120)], options).recommendedMs, 40_000);
  const cut = judgeLifetime([alive(9)], { ...options, isInterrupted: true });
  assert.deepEqual([cut.reason, cut.recommendedMs], ["interrupted", undefined]);
});
