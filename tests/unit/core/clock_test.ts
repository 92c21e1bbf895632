import assert from "node:assert/strict";
import { delay, systemClock } from "../../../src/core/clock.ts";
import { FakeClock, settle } from "../../fakes/fake_clock.ts";
import { countListeners } from "../../fakes/keeper_world.ts";

Deno.test("delay() waits its time and lets go of the signal", async () => {
  const clock = new FakeClock();
  const controller = new AbortController();
  const listeners = countListeners(controller.signal);
  let isOver = false;
  const waiting = delay(clock, 100, controller.signal).then(() => isOver = true);
  assert.equal(listeners.count, 1);
  await clock.advance(99);
  assert.ok(!isOver);
  await clock.advance(1);
  await waiting;
  assert.ok(isOver);
  assert.equal(listeners.count, 0);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("delay() rejects with the very reason of the signal and clears its timer", async () => {
  for (const reason of [new Error("enough"), "text", 0, { any: "thing" }]) {
    const clock = new FakeClock();
    const controller = new AbortController();
    const waiting = delay(clock, 100, controller.signal);
    controller.abort(reason);
    await assert.rejects(waiting, (error) => Object.is(error, reason));
    assert.equal(clock.pendingTimers, 0);
  }
});

Deno.test("delay() rejects without a timer when the signal is aborted already", async () => {
  const clock = new FakeClock();
  const reason = new Error("before");
  await assert.rejects(delay(clock, 100, AbortSignal.abort(reason)), (error) => error === reason);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("delay() is not disturbed by an abort that comes later", async () => {
  const clock = new FakeClock();
  const controller = new AbortController();
  const waiting = delay(clock, 1, controller.signal);
  await clock.advance(1);
  await waiting;
  controller.abort(new Error("late"));
  await settle();
});

Deno.test("delay() needs no signal", async () => {
  const clock = new FakeClock();
  const waiting = delay(clock, 0);
  await clock.advance(0);
  await waiting;
});

Deno.test("systemClock schedules, cancels and goes forward", async () => {
  const before = systemClock.now();
  const calls: string[] = [];
  const called = Promise.withResolvers<void>();
  systemClock.schedule(0, () => calls.push("cancelled"))[Symbol.dispose]();
  systemClock.schedule(1, () => {
    calls.push("due");
    called.resolve();
  });
  await called.promise;
  assert.deepEqual(calls, ["due"]);
  assert.ok(systemClock.now() > before);
  assert.ok(Math.abs(systemClock.date().getTime() - Date.now()) < 1000);
});
