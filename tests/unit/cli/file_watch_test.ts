import assert from "node:assert/strict";
import { watchFile } from "../../../src/cli/file_watch.ts";
import { FakeClock } from "../../fakes/fake_clock.ts";

/** Marks as they are seen at each look, two seconds apart; how often the change was told. */
async function tellings(marks: readonly (string | undefined)[]): Promise<number> {
  const clock = new FakeClock();
  let at = 0;
  let told = 0;
  const watching = watchFile("file", { clock, onChange: () => told++, readMark: () => marks[at] });
  for (at = 1; at < marks.length; at++) await clock.advance(2_000);
  watching[Symbol.dispose]();
  assert.equal(clock.pendingTimers, 0);
  return told;
}

const cases: readonly (readonly [string, readonly (string | undefined)[], number])[] = [
  ["says nothing while nothing changes", ["a", "a", "a", "a"], 0],
  ["tells a change once", ["a", "b", "b", "b", "b"], 1],
  ["waits until the writer has finished", ["a", "b", "c", "d"], 0],
  ["tells a file that was replaced", ["a", undefined, "b", "b"], 1],
  ["says nothing of a file that went away", ["a", undefined, undefined, undefined], 0],
  ["says nothing of a file that came back as it was", ["a", undefined, "a", "a"], 0],
  ["tells each change", ["a", "b", "b", "c", "c"], 2],
];

for (const [what, marks, expected] of cases) {
  Deno.test(`watchFile() ${what}`, async () => {
    assert.equal(await tellings(marks), expected);
  });
}

Deno.test("watchFile() sees a real file that is replaced by renaming", async () => {
  const clock = new FakeClock();
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/config`;
    await Deno.writeTextFile(path, "one");
    let told = 0;
    using _watching = watchFile(path, { clock, onChange: () => told++ });
    await clock.advance(4_000);
    assert.equal(told, 0);
    await Deno.writeTextFile(`${path}.new`, "other");
    await Deno.rename(`${path}.new`, path);
    await clock.advance(4_000);
    assert.equal(told, 1);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
