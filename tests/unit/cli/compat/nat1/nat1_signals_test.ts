import assert from "node:assert/strict";
import { closeDebugger } from "../../../../../src/cli/compat/nat1/close_debugger.ts";
import { Nat1Signals } from "../../../../../src/cli/compat/nat1/nat1_signals.ts";
import type { SignalSource } from "../../../../../src/cli/signals.ts";
import { FakeClock, settle } from "../../../../fakes/fake_clock.ts";
import { recordedLog } from "./recorded_log.ts";

class FakeSource implements SignalSource {
  readonly handlers = new Map<string, () => void>();

  addSignalListener(signal: Deno.Signal, handler: () => void): void {
    this.handlers.set(signal, handler);
  }

  removeSignalListener(signal: Deno.Signal): void {
    this.handlers.delete(signal);
  }
}

Deno.test("Nat1Signals ends in peace by the first signal and at once by the second", async () => {
  for (const [first, second] of [["SIGINT", "SIGTERM"], ["SIGTERM", "SIGTERM"]] as const) {
    const { log, lines } = recordedLog();
    const source = new FakeSource();
    const exits: number[] = [];
    const clock = new FakeClock();
    using signals = new Nat1Signals({
      ...{ log, source, clock, flush: () => Promise.resolve(), exit: (code) => exits.push(code) },
    });
    source.handlers.get(first)?.();
    assert.ok(signals.signal.aborted);
    assert.deepEqual([lines, exits], [["[    INFO] 用户退出"], []]);
    source.handlers.get(second)?.();
    await settle();
    assert.deepEqual([lines[1], exits], ["[ WARNING] 强制退出", [1]]);
  }
});

Deno.test("Nat1Signals ends the process by the second signal even when the log cannot be written", async () => {
  const { log } = recordedLog();
  const source = new FakeSource();
  const exits: number[] = [];
  const clock = new FakeClock();
  using _signals = new Nat1Signals({
    ...{ log, source, clock, flush: () => new Promise(() => {}), exit: (code) => exits.push(code) },
  });
  source.handlers.get("SIGINT")?.();
  source.handlers.get("SIGINT")?.();
  await clock.advance(199);
  assert.deepEqual(exits, []);
  await clock.advance(1);
  assert.deepEqual(exits, [1]);
});

Deno.test({
  name: "Nat1Signals turns debugging on and off, and listens no longer than it lives",
  ignore: Deno.build.os === "windows",
  fn: (): void => {
    const { log, lines } = recordedLog();
    const source = new FakeSource();
    {
      using signals = new Nat1Signals({
        ...{ log, source, clock: new FakeClock(), flush: () => Promise.resolve(), exit: () => {} },
      });
      log.debug("hidden");
      source.handlers.get("SIGUSR1")?.();
      log.debug("shown");
      source.handlers.get("SIGUSR2")?.();
      log.debug("hidden");
      signals.abort(new Error("no signal"));
    }
    assert.deepEqual(lines.filter((line) => line.startsWith("[")), [
      ...["[    INFO] 调试模式已开启", "[   DEBUG] shown", "[    INFO] 调试模式已关闭"],
    ]);
    assert.equal(source.handlers.size, 0);
  },
});

Deno.test("closeDebugger() closes the port that opens late, and gives up where none does", async () => {
  const clock = new FakeClock();
  let url: string | undefined;
  let closed = 0;
  const inspector = { url: (): string | undefined => url, close: (): void => void closed++ };
  const closing = closeDebugger(clock, inspector);
  await clock.advance(55);
  assert.equal(closed, 0);
  url = "ws://127.0.0.1:9229/";
  await clock.advance(10);
  await closing;
  assert.equal(closed, 1);
  url = undefined;
  const waiting = closeDebugger(clock, inspector);
  await clock.advance(2000);
  await waiting;
  assert.deepEqual([closed, clock.pendingTimers], [1, 0]);
});
