import assert from "node:assert/strict";
import { silentLogger } from "../../../src/core/log.ts";
import type { HookEvent, MappedEvent, MappingEvent } from "../../../src/core/mapping.ts";
import { type Hook, HOOK_DEFAULTS } from "../../../src/hook/hook.ts";
import { HookRunner } from "../../../src/hook/hook_runner.ts";
import type { HookCommand, HookExit, HookProcess } from "../../../src/hook/spawn_hook.ts";
import { FakeClock, settle } from "../../fakes/fake_clock.ts";

/** A hook under the test's control. */
class FakeProcess implements HookProcess {
  readonly command: HookCommand;
  readonly signals: string[] = [];
  readonly #exit = Promise.withResolvers<HookExit>();

  constructor(command: HookCommand) {
    this.command = command;
  }

  get exit(): Promise<HookExit> {
    return this.#exit.promise;
  }

  end(exit: HookExit): Promise<void> {
    this.#exit.resolve(exit);
    return settle();
  }

  kill(signal: "SIGTERM" | "SIGKILL"): void {
    this.signals.push(signal);
  }
}

function setUp(runs: readonly (readonly string[])[] = [["/bin/hook"]]): {
  readonly runner: HookRunner;
  readonly processes: FakeProcess[];
  readonly events: HookEvent[];
  readonly clock: FakeClock;
} {
  const processes: FakeProcess[] = [];
  const events: HookEvent[] = [];
  const clock = new FakeClock();
  const runner = new HookRunner({
    hooks: runs.map((run): Hook => ({ ...HOOK_DEFAULTS, run, style: "natmap" })),
    name: "ssh",
    log: silentLogger,
    clock,
    emit: (event) => events.push(event),
    spawn: (command) => {
      if (command.program === "/bin/missing") throw new Error("No such file");
      const process = new FakeProcess(command);
      processes.push(process);
      return process;
    },
  });
  return { runner, processes, events, clock };
}

function mapped(port: number): MappedEvent {
  return {
    event: "mapped",
    name: "ssh",
    protocol: "tcp",
    at: new Date(0),
    internal: { address: "192.168.1.2", port: 3456 },
    external: { address: "203.0.113.10", port },
  };
}

function portsTold(processes: readonly FakeProcess[]): readonly (string | undefined)[] {
  return processes.map(({ command }) => command.args.at(-5));
}

Deno.test("HookRunner.deliver() runs the program with leading and natmap's arguments when mapped", async () => {
  const { runner, processes, events, clock } = setUp([["/bin/hook", "-x"]]);
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
  await first?.end({ status: 3 });
  assert.deepEqual(events, [{
    event: "hook",
    name: "ssh",
    protocol: "tcp",
    at: clock.date(),
    command: "/bin/hook",
    status: 3,
  }]);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("HookRunner.deliver() runs one at a time and drops what is no longer the newest", async () => {
  const { runner, processes } = setUp();
  await using _ending = runner;
  runner.deliver(mapped(1));
  await settle();
  for (const port of [2, 3, 4]) runner.deliver(mapped(port));
  await settle();
  assert.deepEqual(portsTold(processes), ["1"]);
  await processes[0]?.end({ status: 0 });
  assert.deepEqual(portsTold(processes), ["1", "4"]);
  await processes[1]?.end({ status: 0 });
});

Deno.test("HookRunner.deliver() runs nothing when the mapping is what the hook was told last", async () => {
  const { runner, processes } = setUp();
  await using _ending = runner;
  const lost: MappingEvent = { event: "lost", name: "ssh", protocol: "tcp", at: new Date(0), reason: "x" };
  runner.deliver(mapped(1));
  await settle();
  await processes[0]?.end({ status: 0 });
  runner.deliver(lost);
  runner.deliver({ ...mapped(1), event: "restored" });
  await settle();
  assert.equal(processes.length, 1);
  runner.deliver({ ...mapped(2), event: "changed", previous: mapped(1).external });
  await settle();
  assert.deepEqual(portsTold(processes), ["1", "2"]);
  await processes[1]?.end({ status: 0 });
});

Deno.test("HookRunner.deliver() forgets a change that was taken back while a hook ran", async () => {
  const { runner, processes } = setUp([["/bin/a"], ["/bin/b"]]);
  await using _ending = runner;
  runner.deliver(mapped(1));
  await settle();
  runner.deliver(mapped(2));
  runner.deliver(mapped(1));
  await processes[0]?.end({ status: 0 });
  assert.deepEqual(processes.map(({ command }) => command.program), ["/bin/a", "/bin/b"]);
  await processes[1]?.end({ status: 0 });
  assert.deepEqual(portsTold(processes), ["1", "1"]);
});

Deno.test("HookRunner.deliver() starts over with the newest when several hooks are in a row", async () => {
  const { runner, processes } = setUp([["/bin/a"], ["/bin/b"]]);
  await using _ending = runner;
  runner.deliver(mapped(1));
  await settle();
  runner.deliver(mapped(2));
  for (let i = 0; i < 3; i++) await processes[i]?.end({ status: 0 });
  const told = processes.map(({ command }) => `${command.program} ${command.args[1]}`);
  assert.deepEqual(told, ["/bin/a 1", "/bin/a 2", "/bin/b 2"]);
});

Deno.test("HookRunner tells and goes on when a hook cannot start", async () => {
  const { runner, processes, events } = setUp([["/bin/missing"], ["/bin/hook"]]);
  await using _ending = runner;
  runner.deliver(mapped(1));
  await settle();
  assert.equal(events[0]?.error, "No such file");
  assert.equal(events[0]?.status, undefined);
  assert.equal(processes.length, 1);
  await processes[0]?.end({ status: 0 });
});

Deno.test("HookRunner ends a hook by SIGTERM after 30 s and by SIGKILL 2 s later", async () => {
  const { runner, processes, events, clock } = setUp();
  await using _ending = runner;
  runner.deliver(mapped(1));
  await clock.advance(29_999);
  assert.deepEqual(processes[0]?.signals, []);
  await clock.advance(1);
  assert.deepEqual(processes[0]?.signals, ["SIGTERM"]);
  await clock.advance(1999);
  assert.deepEqual(processes[0]?.signals, ["SIGTERM"]);
  await clock.advance(1);
  assert.deepEqual(processes[0]?.signals, ["SIGTERM", "SIGKILL"]);
  await processes[0]?.end({ signal: "SIGKILL" });
  assert.equal(events[0]?.error, "took longer than 30 s");
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("HookRunner[Symbol.asyncDispose]() ends the running hook within 200 ms and drops what waits", async () => {
  const { runner, processes, clock } = setUp();
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
});
