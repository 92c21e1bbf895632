import assert from "node:assert/strict";
import { type SignalSource, SignalTrap } from "../../../src/cli/signals.ts";

/** Signals under the test's control. */
class FakeSource implements SignalSource {
  readonly handlers = new Map<Deno.Signal, () => void>();
  readonly addSignalListener = (signal: Deno.Signal, handler: () => void): void =>
    void this.handlers.set(signal, handler);
  readonly removeSignalListener = (signal: Deno.Signal): void => void this.handlers.delete(signal);
}

Deno.test("SignalTrap aborts at the first signal and asks for the end at the second", () => {
  const source = new FakeSource();
  const ends: number[] = [];
  using trap = new SignalTrap({ source, onSecond: (code) => ends.push(code) });
  assert.ok(!trap.signal.aborted);
  assert.equal(trap.exitCode, undefined);
  source.handlers.get("SIGINT")?.();
  assert.ok(trap.signal.aborted);
  assert.deepEqual([trap.exitCode, ends], [130, []]);
  source.handlers.get("SIGINT")?.();
  assert.deepEqual([trap.exitCode, ends], [130, [130]]);
});

Deno.test({ name: "SignalTrap gives 143 for SIGTERM", ignore: Deno.build.os === "windows" }, () => {
  const source = new FakeSource();
  using trap = new SignalTrap({ source, onSecond: () => {} });
  source.handlers.get("SIGTERM")?.();
  assert.equal(trap.exitCode, 143);
});

Deno.test("SignalTrap.abort() ends without an exit status, and disposing listens no more", () => {
  const source = new FakeSource();
  {
    using trap = new SignalTrap({ source, onSecond: () => {} });
    trap.abort("closed");
    assert.deepEqual([trap.signal.reason, trap.exitCode], ["closed", undefined]);
    assert.ok(source.handlers.size > 0);
  }
  assert.equal(source.handlers.size, 0);
});
