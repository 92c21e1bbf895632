import assert from "node:assert/strict";
import { delay } from "../../../src/core/clock.ts";
import { TaskGroup } from "../../../src/core/task_group.ts";
import { FakeClock, settle } from "../../fakes/fake_clock.ts";
import { countListeners } from "../../fakes/keeper_world.ts";

/** A task that runs until it is told to end. */
function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

Deno.test("TaskGroup.join() waits for every task, those started meanwhile included", async () => {
  const clock = new FakeClock();
  await using group = new TaskGroup();
  const ended: string[] = [];
  group.spawn(async (signal) => {
    await delay(clock, 10, signal);
    group.spawn(async () => {
      await delay(clock, 10, signal);
      ended.push("second");
    });
    ended.push("first");
  });
  let isJoined = false;
  const joining = group.join().then(() => isJoined = true);
  await clock.advance(10);
  assert.deepEqual(ended, ["first"]);
  assert.ok(!isJoined);
  await clock.advance(10);
  await joining;
  assert.deepEqual(ended, ["first", "second"]);
  assert.ok(!group.signal.aborted);
});

Deno.test("TaskGroup.join() resolves at once when there is nothing to wait for", async () => {
  await using group = new TaskGroup();
  await group.join();
  group.spawn(() => Promise.resolve());
  await group.join();
});

Deno.test("TaskGroup aborts the others on the first failure, and join() throws it", async () => {
  await using group = new TaskGroup();
  const failure = new Error("first");
  let reason: unknown;
  group.spawn(async (signal) => {
    try {
      await untilAborted(signal);
    } catch (error) {
      reason = error;
      throw new Error("second, as a consequence");
    }
  });
  group.spawn(() => Promise.reject(failure));
  await assert.rejects(group.join(), (error) => error === failure);
  assert.equal(reason, failure);
  assert.ok(group.signal.aborted);
});

Deno.test("TaskGroup.spawn() treats a task that throws at once like one that fails later", async () => {
  await using group = new TaskGroup();
  const failure = new TypeError("at once");
  group.spawn(() => {
    throw failure;
  });
  await assert.rejects(group.join(), (error) => error === failure);
});

Deno.test("TaskGroup.join() throws even a failure that is undefined", async () => {
  await using group = new TaskGroup();
  group.spawn(() => Promise.reject(undefined));
  let hasThrown = false;
  await group.join().catch(() => hasThrown = true);
  assert.ok(hasThrown);
});

Deno.test("TaskGroup.join() takes tasks that end by the abort for no failure", async () => {
  const parent = new AbortController();
  await using group = new TaskGroup(parent.signal);
  const reason = new Error("stop");
  group.spawn(untilAborted);
  group.spawn(untilAborted);
  parent.abort(reason);
  await group.join();
  assert.equal(group.signal.reason, reason);
});

Deno.test("TaskGroup.join() throws what a task throws on its way out", async () => {
  await using group = new TaskGroup();
  const failure = new Error("while cleaning up");
  group.spawn(async (signal) => {
    await untilAborted(signal).catch(() => {});
    throw failure;
  });
  group.abort(new Error("stop"));
  await assert.rejects(group.join(), (error) => error === failure);
});

Deno.test("TaskGroup aborts its tasks and waits for them when the scope is left", async () => {
  const clock = new FakeClock();
  let isCleaned = false;
  const left = (async (): Promise<void> => {
    await using group = new TaskGroup();
    group.spawn(async (signal) => {
      await untilAborted(signal).catch(() => {});
      await delay(clock, 10);
      isCleaned = true;
    });
  })();
  await settle();
  let hasLeft = false;
  void left.then(() => hasLeft = true);
  await settle();
  assert.ok(!hasLeft);
  await clock.advance(10);
  await left;
  assert.ok(isCleaned);
});

Deno.test("TaskGroup lets go of its parent when the scope is left", async () => {
  const parent = new AbortController();
  const listeners = countListeners(parent.signal);
  {
    await using _group = new TaskGroup(parent.signal);
    assert.equal(listeners.count, 1);
  }
  assert.equal(listeners.count, 0);
});

Deno.test("TaskGroup is aborted from the start when its parent is", async () => {
  const reason = new Error("before");
  await using group = new TaskGroup(AbortSignal.abort(reason));
  assert.equal(group.signal.reason, reason);
  group.spawn(untilAborted);
  await group.join();
});
