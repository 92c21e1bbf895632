import { silentLogger } from "../../../src/core/log.ts";
import type { HookEvent, LostEvent, MappedEvent, MappingFields } from "../../../src/core/mapping.ts";
import { type Hook, HOOK_DEFAULTS } from "../../../src/hook/hook.ts";
import { HookRunner } from "../../../src/hook/hook_runner.ts";
import type { HookCommand, HookExit, HookProcess } from "../../../src/hook/spawn_hook.ts";
import { FakeClock, settle } from "../../fakes/fake_clock.ts";
import { fakeRandom } from "../../fakes/fake_random.ts";

/** A hook under the test's control. */
export class FakeProcess implements HookProcess {
  readonly command: HookCommand;
  readonly signals: string[] = [];
  readonly #exit = Promise.withResolvers<HookExit>();

  constructor(command: HookCommand) {
    this.command = command;
  }

  get exit(): Promise<HookExit> {
    return this.#exit.promise;
  }

  write(stream: "stdout" | "stderr", text: string): void {
    this.command.onOutput(stream, new TextEncoder().encode(text));
  }

  end(exit: HookExit): Promise<void> {
    this.#exit.resolve(exit);
    return settle();
  }

  kill(signal: "SIGTERM" | "SIGKILL"): void {
    this.signals.push(signal);
  }
}

/** A runner and everything around it. */
export interface HookBench {
  readonly runner: HookRunner;
  readonly processes: FakeProcess[];
  readonly events: HookEvent[];
  readonly clock: FakeClock;
  /** What `onTold` was given. */
  readonly told: (MappingFields | undefined)[];
}

/** Hooks of style natmap unless they say otherwise; `/bin/missing` cannot be started. */
export function openHookBench(hooks: readonly Partial<Hook>[], told?: MappingFields): HookBench {
  const bench: Omit<HookBench, "runner"> = { processes: [], events: [], clock: new FakeClock(), told: [] };
  const runner = new HookRunner({
    hooks: hooks.map((hook): Hook => ({ ...HOOK_DEFAULTS, run: ["/bin/hook"], style: "natmap", ...hook })),
    name: "ssh",
    log: silentLogger,
    clock: bench.clock,
    random: fakeRandom(),
    told,
    onTold: (mapping) => bench.told.push(mapping),
    emit: (event) => bench.events.push(event),
    spawn: (command) => {
      if (command.program === "/bin/missing") throw new Error("No such file");
      const process = new FakeProcess(command);
      bench.processes.push(process);
      return process;
    },
  });
  return { ...bench, runner };
}

export function mapping(port: number): MappingFields {
  return {
    internal: { address: "192.168.1.2", port: 3456 },
    external: { address: "203.0.113.10", port },
  };
}

export function mapped(port: number): MappedEvent {
  return { event: "mapped", name: "ssh", protocol: "tcp", at: new Date(0), ...mapping(port) };
}

export const lost: LostEvent = {
  event: "lost",
  name: "ssh",
  protocol: "tcp",
  at: new Date(0),
  reason: "no answer",
};

/** What was run, as `PROGRAM PORT`. */
export function runsOf({ processes }: HookBench): readonly string[] {
  return processes.map(({ command }) => `${command.program} ${command.env["PORTHOLE_EXTERNAL_PORT"]}`);
}
