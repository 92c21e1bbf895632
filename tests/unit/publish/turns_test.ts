import assert from "node:assert/strict";
import { Turns } from "../../../src/publish/turns.ts";
import { settle } from "../../fakes/fake_clock.ts";

const CALM = new AbortController().signal;

Deno.test("Turns.take() lets one of a key run at a time, in order, and other keys at once", async () => {
  const turns = new Turns();
  const log: string[] = [];
  const first = Promise.withResolvers<void>();
  const take = (key: string, name: string, until: Promise<void> = Promise.resolve()): Promise<void> =>
    turns.take(key, async () => {
      log.push(`${name} in`);
      await until;
      log.push(`${name} out`);
    }, CALM);
  const all = [take("x", "1", first.promise), take("x", "2"), take("y", "3"), take("x", "4")];
  await settle();
  assert.deepEqual(log, ["1 in", "3 in", "3 out"]);
  first.resolve();
  await Promise.all(all);
  assert.deepEqual(log.slice(3), ["1 out", "2 in", "2 out", "4 in", "4 out"]);
});

Deno.test("Turns.take() gives the turn on when a task fails or one who waits is aborted", async () => {
  const turns = new Turns();
  const failing = turns.take("x", () => Promise.reject(new Error("broken")), CALM);
  const reason = new Error("enough");
  const waiting = turns.take("x", () => Promise.resolve("never"), AbortSignal.abort(reason));
  const last = turns.take("x", () => Promise.resolve("last"), CALM);
  await assert.rejects(failing, /broken/);
  await assert.rejects(waiting, (error) => error === reason);
  assert.equal(await last, "last");
});
