import assert from "node:assert/strict";
import { settle } from "../../fakes/fake_clock.ts";
import { lost, mapped, mapping, openHookBench, runsOf } from "./hook_bench.ts";

Deno.test("HookRunner.deliver() runs the program with leading and natmap's arguments when mapped", async () => {
  const { runner, processes, events, clock } = openHookBench([{ run: ["/bin/hook", "-x"] }]);
  await using _ending = runner;
  runner.deliver(mapped(14500));
  await settle();
  const [first] = processes;
  assert.equal(first?.command.program, "/bin/hook");
  assert.deepEqual(first?.command.args, [
    "-x",
    "203.0.113.10",
    "14500",
    "2001::38a4:cb00:710a",
    "3456",
    "tcp",
    "192.168.1.2",
  ]);
  assert.equal(first?.command.env["PORTHOLE_EXTERNAL"], "203.0.113.10:14500");
  await clock.advance(1234);
  first?.write("stdout", "one\ntwo\n");
  await first?.end({ status: 0 });
  assert.deepEqual(events, [{
    event: "hook",
    name: "ssh",
    protocol: "tcp",
    at: clock.date(),
    command: "/bin/hook",
    status: 0,
    output: "two",
    durationMs: 1234,
  }]);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("HookRunner tells what a failed hook wrote to stderr rather than to stdout", async () => {
  const { runner, processes, events } = openHookBench([{}]);
  await using _ending = runner;
  runner.deliver(mapped(1));
  await settle();
  processes[0]?.write("stderr", "no token\n");
  processes[0]?.write("stdout", "begin\n");
  await processes[0]?.end({ status: 3 });
  assert.deepEqual([events[0]?.status, events[0]?.error, events[0]?.output], [3, undefined, "no token"]);
  runner.deliver(mapped(2));
  await settle();
  await processes[1]?.end({ signal: "SIGSEGV" });
  assert.deepEqual([events[1]?.status, events[1]?.error], [undefined, "ended by SIGSEGV"]);
});

Deno.test("HookRunner.deliver() runs one at a time, drops what is no longer the newest and counts it", async () => {
  const bench = openHookBench([{}]);
  const { runner, processes, events } = bench;
  await using _ending = runner;
  runner.deliver(mapped(1));
  await settle();
  for (const port of [2, 3, 4]) runner.deliver(mapped(port));
  await settle();
  assert.deepEqual(runsOf(bench), ["/bin/hook 1"]);
  await processes[0]?.end({ status: 0 });
  assert.deepEqual(runsOf(bench), ["/bin/hook 1", "/bin/hook 4"]);
  await processes[1]?.end({ status: 0 });
  assert.deepEqual(events.map(({ skipped }) => skipped), [undefined, 2]);
});

Deno.test("HookRunner.deliver() runs nothing when the mapping is what the hook was told last", async () => {
  const bench = openHookBench([{}]);
  const { runner, processes } = bench;
  await using _ending = runner;
  runner.deliver(mapped(1));
  await settle();
  await processes[0]?.end({ status: 0 });
  runner.deliver(lost);
  runner.deliver({ ...mapped(1), event: "restored" });
  await settle();
  assert.equal(processes.length, 1);
  runner.deliver({ ...mapped(2), event: "changed", previous: mapped(1).external });
  await settle();
  assert.deepEqual(runsOf(bench), ["/bin/hook 1", "/bin/hook 2"]);
  await processes[1]?.end({ status: 0 });
});

Deno.test("HookRunner.deliver() runs a hook for lost, with the mapping known last and the reason", async () => {
  const { runner, processes } = openHookBench([{ style: "natter2", events: ["lost"] }, {
    events: ["mapped"],
  }]);
  await using _ending = runner;
  runner.deliver(mapped(1));
  await settle();
  runner.deliver(lost);
  await processes[0]?.end({ status: 0 });
  const [, second] = processes;
  assert.deepEqual(second?.command.args, ["tcp", "192.168.1.2", "3456", "203.0.113.10", "1"]);
  assert.equal(second?.command.env["PORTHOLE_EVENT"], "lost");
  assert.equal(second?.command.env["PORTHOLE_REASON"], "no answer");
  await second?.end({ status: 0 });
});

Deno.test("HookRunner.deliver() forgets a change that was taken back while a hook ran", async () => {
  const bench = openHookBench([{ run: ["/bin/a"] }, { run: ["/bin/b"] }]);
  const { runner, processes } = bench;
  await using _ending = runner;
  runner.deliver(mapped(1));
  await settle();
  runner.deliver(mapped(2));
  runner.deliver(mapped(1));
  await processes[0]?.end({ status: 0 });
  await processes[1]?.end({ status: 0 });
  assert.deepEqual(runsOf(bench), ["/bin/a 1", "/bin/b 1"]);
});

Deno.test("HookRunner.deliver() starts over with the newest when several hooks are in a row", async () => {
  const bench = openHookBench([{ run: ["/bin/a"] }, { run: ["/bin/b"] }]);
  const { runner, processes } = bench;
  await using _ending = runner;
  runner.deliver(mapped(1));
  await settle();
  runner.deliver(mapped(2));
  for (let i = 0; i < 3; i++) await processes[i]?.end({ status: 0 });
  assert.deepEqual(runsOf(bench), ["/bin/a 1", "/bin/a 2", "/bin/b 2"]);
});

Deno.test("HookRunner tells and goes on when a hook cannot start", async () => {
  const { runner, processes, events } = openHookBench([{ run: ["/bin/missing"] }, {}]);
  await using _ending = runner;
  runner.deliver(mapped(1));
  await settle();
  assert.equal(events.length, 1);
  assert.equal(events[0]?.error, "No such file");
  assert.equal(events[0]?.status, undefined);
  assert.equal(events[0]?.durationMs, undefined);
  assert.equal(processes.length, 1);
  await processes[0]?.end({ status: 0 });
});

Deno.test("HookRunner ends a hook by SIGTERM after its time limit and by SIGKILL 2 s later", async () => {
  const { runner, processes, events, clock } = openHookBench([{ timeoutMs: 5000 }]);
  await using _ending = runner;
  runner.deliver(mapped(1));
  await clock.advance(4999);
  assert.deepEqual(processes[0]?.signals, []);
  await clock.advance(1);
  assert.deepEqual(processes[0]?.signals, ["SIGTERM"]);
  await clock.advance(1999);
  assert.deepEqual(processes[0]?.signals, ["SIGTERM"]);
  await clock.advance(1);
  assert.deepEqual(processes[0]?.signals, ["SIGTERM", "SIGKILL"]);
  await processes[0]?.end({ signal: "SIGKILL" });
  assert.equal(events[0]?.error, "took longer than 5 s");
  assert.equal(events[0]?.durationMs, 7000);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("HookRunner goes on without a hook that even SIGKILL does not end", async () => {
  const { runner, processes, events, clock } = openHookBench([{ timeoutMs: 5000 }, {}]);
  await using _ending = runner;
  runner.deliver(mapped(1));
  await clock.advance(8000);
  assert.equal(events[0]?.error, "took longer than 5 s, and cannot be killed");
  await processes[1]?.end({ status: 0 });
  assert.equal(events[1]?.status, 0);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("HookRunner[Symbol.asyncDispose]() ends the running hook within 200 ms and drops what waits", async () => {
  const { runner, processes, clock, told } = openHookBench([{ retries: 3 }]);
  runner.deliver(mapped(1));
  await settle();
  runner.deliver(mapped(2));
  let isDone = false;
  const ending = runner[Symbol.asyncDispose]().then(() => isDone = true);
  await settle();
  assert.deepEqual(processes[0]?.signals, ["SIGTERM"]);
  assert.ok(!isDone);
  await clock.advance(199);
  assert.deepEqual(processes[0]?.signals, ["SIGTERM", "SIGKILL"]);
  await processes[0]?.end({ signal: "SIGKILL" });
  await ending;
  runner.deliver(mapped(3));
  await settle();
  assert.equal(processes.length, 1);
  assert.deepEqual(told, []);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("HookRunner.told is the mapping once every hook has been told", async () => {
  const { runner, processes, told } = openHookBench([{ run: ["/bin/a"] }, { run: ["/bin/b"] }]);
  await using _ending = runner;
  runner.deliver(mapped(1));
  await settle();
  await processes[0]?.end({ status: 1 });
  assert.equal(runner.told, undefined);
  await processes[1]?.end({ status: 0 });
  assert.deepEqual(runner.told, mapping(1));
  runner.deliver(lost);
  runner.deliver({ ...mapped(1), event: "restored" });
  await settle();
  assert.deepEqual(told, [mapping(1)]);
});

Deno.test("HookRunner runs nothing for the mapping told before a restart, and all for another one", async () => {
  const bench = openHookBench([{}, { run: ["/bin/b"], events: ["changed"] }], mapping(1));
  const { runner, processes, told } = bench;
  await using _ending = runner;
  assert.deepEqual(runner.told, mapping(1));
  runner.deliver(mapped(1));
  await settle();
  assert.deepEqual([runsOf(bench), told], [[], []]);
  runner.deliver(mapped(2));
  await settle();
  for (let i = 0; i < 2; i++) await processes[i]?.end({ status: 0 });
  assert.deepEqual(runsOf(bench), ["/bin/hook 2", "/bin/b 2"]);
  assert.deepEqual(told, [mapping(2)]);
});

Deno.test("HookRunner.told is undefined after a hook was told that the mapping is lost", async () => {
  const { runner, processes, told } = openHookBench([{ events: ["lost", "mapped"] }], mapping(1));
  await using _ending = runner;
  runner.deliver(lost);
  await settle();
  await processes[0]?.end({ status: 0 });
  runner.deliver(mapped(1));
  await settle();
  await processes[1]?.end({ status: 0 });
  assert.deepEqual(told, [undefined, mapping(1)]);
});

Deno.test("HookRunner.told stays the old one when a hook could not start", async () => {
  const { runner, processes, told } = openHookBench([{}, { run: ["/bin/missing"] }], mapping(1));
  await using _ending = runner;
  runner.deliver(mapped(2));
  await settle();
  await processes[0]?.end({ status: 0 });
  assert.deepEqual([runner.told, told], [mapping(1), []]);
});
