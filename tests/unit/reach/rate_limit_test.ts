import assert from "node:assert/strict";
import fc from "fast-check";
import { ProbeLimits, sourceOf } from "../../../src/reach/probe_limits.ts";
import { RateLimit } from "../../../src/reach/rate_limit.ts";

Deno.test("RateLimit.take() grants a burst, then one at a time, each source for itself", () => {
  const limit = new RateLimit({ burst: 2, perSecond: 0.5 });
  assert.deepEqual([limit.take("a", 0), limit.take("a", 0), limit.take("a", 0)], [0, 0, 2000]);
  assert.equal(limit.take("b", 0), 0);
  assert.equal(limit.take("a", 1500), 500);
  assert.equal(limit.take("a", 2000), 0);
  assert.equal(limit.take("a", 2001), 1999);
  assert.deepEqual(
    [limit.take("c", 5000), limit.take("c", 0)],
    [0, 0],
    "a clock that steps back takes nothing",
  );
});

Deno.test("RateLimit.take() never grants more than a burst and the rate, whatever the clock does", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -500, max: 3000 }), { maxLength: 200 }), (steps) => {
      const limit = new RateLimit({ burst: 3, perSecond: 2 });
      let now = 1000;
      let latest = now;
      // The bucket counts from its first use.
      let granted = limit.take("a", now) === 0 ? 1 : 0;
      let elapsed = 0;
      for (const step of steps) {
        now += step;
        elapsed += Math.max(0, now - latest);
        latest = Math.max(latest, now);
        if (limit.take("a", now) === 0) granted++;
      }
      assert.ok(granted <= 3 + 2 * elapsed / 1000 + 1e-6, `${granted} in ${elapsed} ms`);
    }),
  );
});

Deno.test("RateLimit remembers so many sources and forgets the one that was quiet longest", () => {
  const limit = new RateLimit({ burst: 1, perSecond: 0.001, mostSources: 2 });
  for (const source of ["a", "b", "a"]) limit.take(source, 0);
  limit.take("c", 0);
  assert.equal(limit.take("b", 0), 0, "b was forgotten");
  assert.ok(limit.take("c", 0) > 0);
  assert.throws(() => new RateLimit({ burst: 0, perSecond: 1 }), RangeError);
});

Deno.test("ProbeLimits.enter() has so many probes at a time, of a source and in all", () => {
  const limits = new ProbeLimits({ mostOfSource: 2, mostInAll: 3 });
  const turns = ["192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.3"].map((a) =>
    limits.enter(a, 0)
  );
  assert.deepEqual(turns.map(({ kind }) => kind), ["granted", "granted", "refused", "granted", "refused"]);
  const [first] = turns;
  assert.ok(first?.kind === "granted");
  first[Symbol.dispose]();
  assert.equal(limits.enter("192.0.2.1", 0).kind, "granted");
});

Deno.test("ProbeLimits limits requests of a source and probes of all", () => {
  const limits = new ProbeLimits({
    requests: new RateLimit({ burst: 1, perSecond: 1 }),
    probes: new RateLimit({ burst: 2, perSecond: 1 }),
  });
  assert.equal(limits.admit("192.0.2.1", 0).kind, "granted");
  assert.deepEqual(limits.admit("192.0.2.1", 0), { kind: "refused", retryAfterMs: 1000 });
  assert.equal(limits.admit("192.0.2.2", 0).kind, "granted");
  for (const address of ["192.0.2.1", "192.0.2.2"]) {
    const turn = limits.enter(address, 0);
    assert.ok(turn.kind === "granted");
    turn[Symbol.dispose]();
  }
  assert.deepEqual(limits.enter("192.0.2.3", 0), { kind: "refused", retryAfterMs: 1000 });
  assert.equal(limits.enter("192.0.2.3", 1000).kind, "granted");
});

Deno.test("sourceOf() takes an IPv6 /64 for one source", () => {
  assert.equal(sourceOf("2001:db8:1:2::5"), sourceOf("2001:db8:1:2:ffff::1"));
  assert.notEqual(sourceOf("2001:db8:1:2::5"), sourceOf("2001:db8:1:3::5"));
  assert.notEqual(sourceOf("192.0.2.1"), sourceOf("192.0.2.2"));
});
