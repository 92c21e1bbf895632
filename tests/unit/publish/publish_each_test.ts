import assert from "node:assert/strict";
import { publishEach, type PublishStep } from "../../../src/publish/publish_each.ts";
import { PublishError, type PublishErrorOptions } from "../../../src/publish/publisher.ts";

const CALM = new AbortController().signal;
const done: string[] = [];

function step(what: string, refusal?: string, options?: PublishErrorOptions): PublishStep {
  return {
    what,
    run: (): Promise<void> => {
      done.push(what);
      return refusal === undefined
        ? Promise.resolve()
        : Promise.reject(new PublishError("fake", refusal, options));
    },
  };
}

async function refusalOf(steps: readonly PublishStep[]): Promise<PublishError> {
  done.length = 0;
  const error = await publishEach("fake", steps, CALM).catch((reason: unknown) => reason);
  assert.ok(error instanceof PublishError);
  return error;
}

Deno.test("publishEach() goes on after a refusal and names all that are not done", async () => {
  const error = await refusalOf([step("A a", "no such zone"), step("B b"), step("C c", "busy")]);
  assert.deepEqual(done, ["A a", "B b", "C c"]);
  assert.equal(error.message, "Cannot publish to fake: A a, C c: no such zone");
});

Deno.test("publishEach() is permanent only if trying again helps none", async () => {
  const permanent = { isPermanent: true };
  const both = await refusalOf([step("A", "x", permanent), step("B", "y", permanent)]);
  const one = await refusalOf([step("A", "x", permanent), step("B", "y")]);
  assert.deepEqual([both.isPermanent, one.isPermanent], [true, false]);
});

Deno.test("publishEach() asks nothing more when the place wants to be left alone", async () => {
  const error = await refusalOf([
    step("A", "gone", { isPermanent: true }),
    step("B", "slow down", { retryAfterMs: 7000 }),
    step("C"),
  ]);
  assert.deepEqual(done, ["A", "B"]);
  assert.equal(error.message, "Cannot publish to fake: A, B, C: gone");
  assert.equal(error.retryAfterMs, 7000);
  assert.ok(!error.isPermanent);
});

Deno.test("publishEach() throws the reason unchanged when aborted, and a bug as it is", async () => {
  const reason = new Error("enough");
  const controller = new AbortController();
  const aborting: PublishStep = {
    what: "A",
    run: (): Promise<void> => {
      controller.abort(reason);
      return Promise.reject(new PublishError("fake", "cut off"));
    },
  };
  await assert.rejects(publishEach("fake", [aborting], controller.signal), (error) => error === reason);
  await assert.rejects(publishEach("fake", [step("A")], controller.signal), (error) => error === reason);
  const bug = new TypeError("a bug");
  const broken: PublishStep = { what: "A", run: () => Promise.reject(bug) };
  await assert.rejects(publishEach("fake", [broken], CALM), (error) => error === bug);
});
