import assert from "node:assert/strict";
import fc from "fast-check";
import { AccessGuard } from "../../../src/forward/access_guard.ts";
import type { AccessOptions } from "../../../src/forward/options.ts";

function guardOf(options: Partial<AccessOptions>): AccessGuard {
  return new AccessGuard({ allow: [], deny: [], ...options });
}

Deno.test("AccessGuard admits everyone when nothing is limited", () => {
  const guard = guardOf({});
  for (let i = 0; i < 1000; i++) assert.equal(guard.admit("198.51.100.7", 0), undefined);
  assert.equal(guard.active, 1000);
});

Deno.test("AccessGuard refuses denied clients even when they are allowed, and others when there is an allow list", () => {
  const guard = guardOf({ allow: ["192.0.2.0/24", "2001:db8::/32"], deny: ["192.0.2.66"] });
  assert.equal(guard.admit("192.0.2.1", 0), undefined);
  assert.equal(guard.admit("::ffff:192.0.2.1", 0), undefined);
  assert.equal(guard.admit("2001:db8::1", 0), undefined);
  assert.equal(guard.admit("192.0.2.66", 0), "denied");
  assert.equal(guard.admit("198.51.100.7", 0), "not allowed");
  assert.equal(guard.admit("fd00::1", 0), "not allowed");
  assert.equal(guard.active, 3);
});

Deno.test("AccessGuard lets all but the denied in when there is no allow list", () => {
  const guard = guardOf({ deny: ["10.0.0.0/8"] });
  assert.equal(guard.admit("10.1.1.1", 0), "denied");
  assert.equal(guard.admit("11.1.1.1", 0), undefined);
});

Deno.test("AccessGuard counts connections of each IPv4 address and of each IPv6 /64", () => {
  const guard = guardOf({ perClient: 2 });
  const refusal = "too many connections from this address";
  assert.equal(guard.admit("198.51.100.7", 0), undefined);
  assert.equal(guard.admit("::ffff:198.51.100.7", 0), undefined);
  assert.equal(guard.admit("198.51.100.7", 0), refusal);
  assert.equal(guard.admit("198.51.100.8", 0), undefined);
  assert.equal(guard.admit("2001:db8:0:1::1", 0), undefined);
  assert.equal(guard.admit("2001:db8:0:1:ffff::2", 0), undefined);
  assert.equal(guard.admit("2001:db8:0:1::3", 0), refusal);
  assert.equal(guard.admit("2001:db8:0:2::1", 0), undefined);
  guard.release("2001:db8:0:1::1");
  assert.equal(guard.admit("2001:db8:0:1::3", 0), undefined);
});

Deno.test("AccessGuard limits new connections per second of each address, bursts of one second included", () => {
  const guard = guardOf({ perClientPerSecond: 2 });
  assert.equal(guard.admit("198.51.100.7", 0), undefined);
  assert.equal(guard.admit("198.51.100.7", 0), undefined);
  assert.equal(guard.admit("198.51.100.7", 0), "too fast");
  assert.equal(guard.admit("198.51.100.8", 0), undefined);
  assert.equal(guard.admit("198.51.100.7", 499), "too fast");
  assert.equal(guard.admit("198.51.100.7", 500), undefined);
  assert.equal(guard.admit("198.51.100.7", 501), "too fast");
  for (let i = 0; i < 2; i++) assert.equal(guard.admit("198.51.100.7", 60_000), undefined);
  assert.equal(guard.admit("198.51.100.7", 60_000), "too fast");
});

Deno.test("AccessGuard says full at its cap and goes on after a release", () => {
  const guard = guardOf({ maxSessions: 1 });
  assert.equal(guard.admit("198.51.100.7", 0), undefined);
  assert.equal(guard.admit("198.51.100.8", 0), "full");
  guard.release("198.51.100.7");
  assert.equal(guard.admit("198.51.100.8", 0), undefined);
});

Deno.test("AccessGuard does not use up a client's rate when it refuses for another reason", () => {
  const guard = guardOf({ maxSessions: 1, perClientPerSecond: 1 });
  assert.equal(guard.admit("198.51.100.7", 0), undefined);
  assert.equal(guard.admit("198.51.100.8", 0), "full");
  guard.release("198.51.100.7");
  assert.equal(guard.admit("198.51.100.8", 0), undefined);
});

Deno.test("AccessGuard throws SyntaxError when a CIDR is malformed", () => {
  assert.throws(() => guardOf({ deny: ["10.0.0.0/33"] }), SyntaxError);
});

Deno.test("AccessGuard keeps its caps and never admits above the rate when clients come and go at random", () => {
  const step = fc.record({ who: fc.nat(3), isRelease: fc.boolean(), afterMs: fc.nat(400) });
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const guard = guardOf({ perClient: 3, perClientPerSecond: 4, maxSessions: 7 });
    const active = [0, 0, 0, 0];
    const admittedAt: number[][] = [[], [], [], []];
    let nowMs = 0;
    for (const { who, isRelease, afterMs } of steps) {
      nowMs += afterMs;
      const client = `198.51.100.${who}`;
      const count = active[who] ?? 0;
      if (isRelease && count > 0) {
        guard.release(client);
        active[who] = count - 1;
      } else if (guard.admit(client, nowMs) === undefined) {
        active[who] = count + 1;
        admittedAt[who]?.push(nowMs);
        assert.ok(active.every((n) => n <= 3));
      }
      const total = active.reduce((sum, n) => sum + n, 0);
      assert.ok(total <= 7 && guard.active === total);
    }
    for (const times of admittedAt) {
      for (const [i, from] of times.entries()) {
        for (const [j, to] of times.entries()) {
          if (j >= i) assert.ok(j - i + 1 <= 4 + ((to - from) * 4) / 1000 + 1e-3);
        }
      }
    }
  }));
});

Deno.test("AccessGuard remembers a client's rate while its memory turns over", () => {
  const guard = guardOf({ perClientPerSecond: 2 });
  guard.admit("198.51.100.8", 0); // the memory turns every second from here
  for (let i = 0; i < 2; i++) assert.equal(guard.admit("198.51.100.7", 900), undefined);
  assert.equal(guard.admit("198.51.100.7", 1000), "too fast");
  assert.equal(guard.admit("198.51.100.7", 1400), undefined);
});
