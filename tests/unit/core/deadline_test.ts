import assert from "node:assert/strict";
import { openDeadline } from "../../../src/core/deadline.ts";
import { TimeoutError } from "../../../src/core/errors.ts";
import { FakeClock } from "../../fakes/fake_clock.ts";
import { countListeners } from "../../fakes/keeper_world.ts";

Deno.test("openDeadline() aborts with TimeoutError when the time is over, not before", async () => {
  const clock = new FakeClock();
  using deadline = openDeadline(50, { clock });
  await clock.advance(49);
  assert.ok(!deadline.signal.aborted);
  await clock.advance(1);
  assert.ok(deadline.signal.aborted);
  assert.ok(deadline.signal.reason instanceof TimeoutError);
  assert.match(deadline.signal.reason.message, /50 ms/);
});

Deno.test("openDeadline() passes the reason of the wider signal on unchanged", () => {
  const clock = new FakeClock();
  const parent = new AbortController();
  const reason = { any: "thing" };
  using deadline = openDeadline(50, { clock, signal: parent.signal });
  parent.abort(reason);
  assert.equal(deadline.signal.reason, reason);
});

Deno.test("openDeadline() keeps the first of two reasons", async () => {
  const clock = new FakeClock();
  const parent = new AbortController();
  const reason = new Error("parent");
  using late = openDeadline(50, { clock, signal: parent.signal });
  parent.abort(reason);
  await clock.advance(50);
  assert.equal(late.signal.reason, reason);
  const second = new AbortController();
  using early = openDeadline(50, { clock, signal: second.signal });
  await clock.advance(50);
  second.abort(reason);
  assert.ok(early.signal.reason instanceof TimeoutError);
});

Deno.test("openDeadline() is aborted from the start when the wider signal is", () => {
  const clock = new FakeClock();
  const reason = new Error("before");
  {
    using deadline = openDeadline(50, { clock, signal: AbortSignal.abort(reason) });
    assert.equal(deadline.signal.reason, reason);
  }
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("openDeadline() leaves neither timer nor listener behind", () => {
  const clock = new FakeClock();
  const parent = new AbortController();
  const listeners = countListeners(parent.signal);
  const deadline = openDeadline(50, { clock, signal: parent.signal });
  assert.equal(listeners.count, 1);
  deadline[Symbol.dispose]();
  assert.equal(listeners.count, 0);
  assert.equal(clock.pendingTimers, 0);
  parent.abort(new Error("later"));
  assert.ok(!deadline.signal.aborted, "disposed means out of reach");
  deadline[Symbol.dispose]();
});
