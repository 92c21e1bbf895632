import assert from "node:assert/strict";
import fc from "fast-check";
import type { TrialOutcome } from "../../../../src/behavior/lifetime/bracket.ts";
import { bracketOf } from "../../../../src/behavior/lifetime/bracket.ts";
import { judgeLifetime } from "../../../../src/behavior/lifetime/lifetime_report.ts";
import {
  type Batch,
  type BatchSizes,
  firstWaits,
  type IdleTrial,
  planSearch,
  resolutionMs,
} from "../../../../src/behavior/lifetime/search.ts";

const SIZES: BatchSizes = [9, 10, 3];

interface Simulated {
  readonly outcomes: readonly TrialOutcome[];
  readonly elapsedMs: number;
  readonly trials: number;
}

/** Follows the plan against mappings that `look` judges by their age; a look takes 400 ms. */
function simulate(
  look: (ageMs: number) => TrialOutcome | undefined,
  options: { readonly maxMs?: number; readonly yields?: number } = {},
): Simulated {
  const { maxMs = 300_000, yields = 1 } = options;
  const opened: Batch[] = [];
  const outcomes: TrialOutcome[] = [];
  let idle: IdleTrial[] = [];
  let nowMs = 0;
  let id = 0;
  for (let steps = 0; steps < 1000; steps++) {
    const plan = planSearch({
      ...{ nowMs, maxMs, sizes: SIZES, opened, isOpening: false, idle, checking: 0, outcomes },
    });
    if (plan.isDone) return { outcomes, elapsedMs: nowMs, trials: id };
    if (plan.open !== undefined) {
      const batch = plan.open;
      opened.push(batch);
      const made = Math.round(SIZES[batch] * yields);
      for (let i = 0; i < made; i++) idle.push({ id: ++id, batch, sinceMs: nowMs });
    } else if (plan.check !== undefined) {
      const { check } = plan;
      idle = idle.filter((trial) => trial.id !== check.id);
      outcomes.push(look(nowMs - check.sinceMs) ?? { state: "unknown", ageMs: nowMs - check.sinceMs });
      nowMs += 400;
    } else {
      assert.ok(plan.nextMs !== undefined && plan.nextMs > nowMs, "waits for something to come");
      nowMs = plan.nextMs;
    }
  }
  throw new Error("Cannot simulate: the plan never ends");
}

function truth(lifetimeMs: number): (ageMs: number) => TrialOutcome {
  return (ageMs) => ageMs < lifetimeMs ? { state: "alive", ageMs } : { state: "dead", ageMs: ageMs + 400 };
}

Deno.test("planSearch() finds every lifetime, in little more than its time, with at most 22 mappings", () => {
  fc.assert(
    fc.property(fc.integer({ min: 500, max: 299_000 }), (lifetimeMs) => {
      const { outcomes, elapsedMs, trials } = simulate(truth(lifetimeMs));
      const { aliveMs, deadMs = NaN } = bracketOf(outcomes);
      assert.ok(aliveMs < lifetimeMs && lifetimeMs <= deadMs, `${aliveMs} < ${lifetimeMs} <= ${deadMs}`);
      assert.ok(trials <= 22);
      const mostMs = lifetimeMs <= 68_500 ? 1.35 * lifetimeMs + 33_000 : lifetimeMs + 90_000;
      assert.ok(elapsedMs <= mostMs, `${elapsedMs}`);
      const limit = lifetimeMs <= 68_500 ? 1.25 * resolutionMs(aliveMs) : Math.max(4_000, 0.06 * lifetimeMs);
      assert.ok(deadMs - aliveMs <= limit, `${deadMs - aliveMs} wide, ${limit} allowed`);
    }),
    { numRuns: 400 },
  );
});

for (const lifetimeMs of [15_000, 30_000, 60_000]) {
  Deno.test(`planSearch() finds ${lifetimeMs} ms within 2 s and soon`, () => {
    const { outcomes, elapsedMs } = simulate(truth(lifetimeMs));
    const { aliveMs, deadMs = NaN } = bracketOf(outcomes);
    assert.ok(deadMs - aliveMs <= 2_000);
    assert.ok(elapsedMs < lifetimeMs + 35_000, `${elapsedMs}`);
  });
}

Deno.test("planSearch() ends at the maximum when nothing dies", () => {
  fc.assert(fc.property(fc.integer({ min: 1_000, max: 3_600_000 }), (maxMs) => {
    const { outcomes, elapsedMs } = simulate(truth(Infinity), { maxMs });
    assert.ok(bracketOf(outcomes).aliveMs >= maxMs - 5);
    assert.equal(judgeLifetime(outcomes, { way: "hairpin", maxMs }).verdict, "at-least");
    assert.ok(elapsedMs <= maxMs + 100_000, `${elapsedMs}`);
  }));
});

Deno.test("planSearch() ends although most looks prove nothing, and the interval stays true", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 5_000, max: 400_000 }),
      fc.infiniteStream(fc.nat(99)),
      (lifetimeMs, dice) => {
        const look = truth(lifetimeMs);
        const { outcomes, trials } = simulate((age) => dice.next().value < 60 ? undefined : look(age));
        const { aliveMs, deadMs = Infinity } = bracketOf(outcomes);
        assert.ok(aliveMs < lifetimeMs && lifetimeMs <= deadMs);
        assert.ok(trials <= 22);
      },
    ),
  );
});

Deno.test("planSearch() ends when no mapping can be made, or few", () => {
  assert.deepEqual(simulate(truth(60_000), { yields: 0 }).outcomes, []);
  const { outcomes } = simulate(truth(60_000), { yields: 0.4 });
  const { aliveMs, deadMs = NaN } = bracketOf(outcomes);
  assert.ok(aliveMs < 60_000 && deadMs >= 60_000 && deadMs - aliveMs < 15_000, `${aliveMs} ${deadMs}`);
});

Deno.test("planSearch() confirms a death by another mapping of the same age", () => {
  let isFirst = true;
  const look = truth(60_000);
  const { outcomes } = simulate((ageMs) => {
    const wasFirst = isFirst && ageMs > 20_000;
    if (wasFirst) isFirst = false;
    return wasFirst ? { state: "dead", ageMs } : look(ageMs);
  });
  const { aliveMs, deadMs = NaN, contradictions } = bracketOf(outcomes);
  assert.equal(contradictions, 1);
  assert.ok(aliveMs < 60_000 && deadMs >= 60_000 && deadMs - aliveMs < 3_000);
});

Deno.test("firstWaits() grows from its first wait to its last", () => {
  fc.assert(fc.property(fc.integer({ min: 1_000, max: 3_600_000 }), (maxMs) => {
    const waits = firstWaits(9, maxMs);
    assert.equal(waits.length, 9);
    assert.ok(waits.every((ms, i) => i === 0 || ms > (waits[i - 1] ?? 0)));
    assert.ok((waits.at(-1) ?? 0) <= maxMs);
  }));
});
