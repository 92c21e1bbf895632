import assert from "node:assert/strict";
import { settle } from "../../fakes/fake_clock.ts";
import { Gate } from "../../../src/core/gate.ts";

const never = new AbortController().signal;

Deno.test("Gate.run() lets as many through as its limit says, the others in order", async () => {
  const gate = new Gate(2);
  const entered: number[] = [];
  const leave: (() => void)[] = [];
  const all = [0, 1, 2, 3].map((n) =>
    gate.run(() => {
      entered.push(n);
      return new Promise<void>((resolve) => leave.push(resolve));
    }, never)
  );
  await settle();
  assert.deepEqual(entered, [0, 1]);
  leave[1]?.();
  await all[1];
  await settle();
  assert.deepEqual(entered, [0, 1, 2]);
  leave[0]?.();
  await all[0];
  await settle();
  assert.deepEqual(entered, [0, 1, 2, 3]);
  leave.forEach((go) => go());
  await Promise.all(all);
});

Deno.test("Gate.run() gives its place back when the task fails, and when a waiting one is aborted", async () => {
  const gate = new Gate(1);
  await assert.rejects(gate.run(() => Promise.reject(new Error("task")), never), /task/);
  const held = Promise.withResolvers<void>();
  const first = gate.run(() => held.promise, never);
  const impatient = new AbortController();
  const waiting = gate.run(() => Promise.reject(new Error("never runs")), impatient.signal);
  const last = gate.run(() => Promise.resolve("ran"), never);
  impatient.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
  held.resolve();
  await first;
  assert.equal(await last, "ran");
});

Deno.test("Gate.run() runs nothing when its signal is aborted already", async () => {
  const gate = new Gate(1);
  await assert.rejects(
    gate.run(() => Promise.reject(new Error("ran")), AbortSignal.abort(new Error("before"))),
    /before/,
  );
  assert.equal(await gate.run(() => Promise.resolve(1), never), 1);
});
