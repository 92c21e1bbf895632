import assert from "node:assert/strict";
import { settle } from "../../fakes/fake_clock.ts";
import { mapped, mapping, openHookBench, runsOf } from "./hook_bench.ts";

Deno.test("HookRunner repeats a failed run with growing pauses, as often as asked", async () => {
  const { runner, processes, events, clock, told } = openHookBench([{ retries: 2 }]);
  await using _ending = runner;
  runner.deliver(mapped(1));
  await settle();
  await processes[0]?.end({ status: 1 });
  assert.equal(clock.pendingTimers, 1);
  await clock.advance(1000);
  await processes[1]?.end({ signal: "SIGSEGV" });
  assert.deepEqual(told, []);
  await clock.advance(499); // the shortest first pause would be over
  assert.equal(processes.length, 2);
  await clock.advance(1501);
  assert.equal(processes.length, 3);
  await processes[2]?.end({ status: 1 });
  await clock.advance(60_000);
  assert.equal(processes.length, 3);
  assert.deepEqual(events.map(({ attempt }) => attempt), [1, 2, 3]);
  assert.deepEqual(told, [mapping(1)]);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("HookRunner repeats a hook that cannot start", async () => {
  const { runner, events, clock } = openHookBench([{ run: ["/bin/missing"], retries: 1 }]);
  await using _ending = runner;
  runner.deliver(mapped(1));
  await clock.advance(60_000);
  assert.deepEqual(events.map(({ attempt, error }) => [attempt, error]), [
    [1, "No such file"],
    [2, "No such file"],
  ]);
});

Deno.test("HookRunner stops repeating when the run succeeds", async () => {
  const { runner, processes, clock, told } = openHookBench([{ retries: 5 }]);
  await using _ending = runner;
  runner.deliver(mapped(1));
  await settle();
  await processes[0]?.end({ status: 1 });
  await clock.advance(1000);
  await processes[1]?.end({ status: 0 });
  await clock.advance(60_000);
  assert.equal(processes.length, 2);
  assert.deepEqual(told, [mapping(1)]);
});

Deno.test("HookRunner lets the other hooks have their turn while one waits to be repeated", async () => {
  const bench = openHookBench([{ run: ["/bin/a"], retries: 1 }, { run: ["/bin/b"] }]);
  const { runner, processes, clock } = bench;
  await using _ending = runner;
  runner.deliver(mapped(1));
  await settle();
  await processes[0]?.end({ status: 1 });
  assert.deepEqual(runsOf(bench), ["/bin/a 1", "/bin/b 1"]);
  await clock.advance(5000); // the other one still runs: one at a time
  assert.equal(processes.length, 2);
  await processes[1]?.end({ status: 0 });
  assert.deepEqual(runsOf(bench), ["/bin/a 1", "/bin/b 1", "/bin/a 1"]);
  await processes[2]?.end({ status: 0 });
});

Deno.test("HookRunner drops a repetition when newer news comes, and keeps it when nothing changed", async () => {
  const bench = openHookBench([{ retries: 9 }]);
  const { runner, processes, events, clock } = bench;
  await using _ending = runner;
  runner.deliver(mapped(1));
  await settle();
  await processes[0]?.end({ status: 1 });
  runner.deliver({ ...mapped(1), event: "restored" });
  await settle();
  assert.equal(clock.pendingTimers, 1);
  runner.deliver(mapped(2));
  await settle();
  await processes[1]?.end({ status: 0 });
  await clock.advance(60_000);
  assert.deepEqual(runsOf(bench), ["/bin/hook 1", "/bin/hook 2"]);
  assert.deepEqual(events.map(({ attempt }) => attempt), [1, 1]);
});

Deno.test("HookRunner does not plan a repetition when newer news waits already", async () => {
  const bench = openHookBench([{ retries: 9 }]);
  const { runner, processes, clock } = bench;
  await using _ending = runner;
  runner.deliver(mapped(1));
  await settle();
  runner.deliver(mapped(2));
  await processes[0]?.end({ status: 1 });
  assert.deepEqual(runsOf(bench), ["/bin/hook 1", "/bin/hook 2"]);
  await processes[1]?.end({ status: 0 });
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("HookRunner[Symbol.asyncDispose]() drops what was to be repeated", async () => {
  const { runner, processes, clock } = openHookBench([{ retries: 9 }]);
  runner.deliver(mapped(1));
  await settle();
  await processes[0]?.end({ status: 1 });
  await runner[Symbol.asyncDispose]();
  assert.equal(clock.pendingTimers, 0);
});
