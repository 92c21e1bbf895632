import assert from "node:assert/strict";
import { keepServing, type Serving } from "../../../src/core/keep_serving.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { FakeClock, settle } from "../../fakes/fake_clock.ts";
import { watch } from "../../fakes/fake_world.ts";

Deno.test("keepServing() opens a server that ended by itself again until it works, and ends with the signal", async () => {
  const clock = new FakeClock();
  const closing = new AbortController();
  const servers: PromiseWithResolvers<void>[] = [];
  const warnings: string[] = [];
  let refusals = 2;
  const open = (): Serving => {
    if (servers.length > 0 && refusals-- > 0) throw new Error("no descriptor left");
    const finished = Promise.withResolvers<void>();
    servers.push(finished);
    return { finished: finished.promise };
  };
  const log = { ...silentLogger, warn: (message: string): void => void warnings.push(message) };
  const { signal } = closing;
  const running = watch(keepServing(open(), { open, clock, log, signal, subject: "the page" }));
  servers[0]?.reject(new Error("Too many open files"));
  await clock.advance(2_500);
  assert.equal(servers.length, 1);
  await clock.advance(1_000);
  assert.equal(servers.length, 2);
  assert.deepEqual(warnings, ["Cannot go on serving the page; it is opened again"]);
  assert.ok(!running.isSettled);
  closing.abort();
  servers[1]?.resolve();
  await settle();
  assert.ok(running.isSettled);
  assert.equal(running.error, undefined);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("keepServing() ends while it waits to open again", async () => {
  const clock = new FakeClock();
  const closing = new AbortController();
  const failed: Serving = { finished: Promise.reject(new Error("full")) };
  const options = { clock, log: silentLogger, signal: closing.signal, subject: "the page" };
  const open = (): Serving => assert.fail("opened");
  const running = watch(keepServing(failed, { ...options, open }));
  await settle();
  closing.abort();
  await settle();
  assert.ok(running.isSettled);
  assert.equal(clock.pendingTimers, 0);
});
