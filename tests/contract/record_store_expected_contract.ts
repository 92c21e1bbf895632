import assert from "node:assert/strict";
import type { RecordSet } from "../../src/publish/record_set.ts";
import { RecordConflictError } from "../../src/publish/record_store.ts";
import type { StoreCapabilities, StoreTest } from "./record_store_contract.ts";
import { assertData, CALM, refusalOf, text, ttlsOf } from "./record_store_rig.ts";

const TYPES = { types: ["TXT"] } as const;

/** With `expected`, nothing that somebody else wrote meanwhile is lost. */
export function recordExpectedContract(test: StoreTest, capabilities: StoreCapabilities): void {
  const [ttlSeconds] = ttlsOf(capabilities);
  const setAt = (zone: string, ...texts: readonly string[]): RecordSet => ({
    name: `pot.${zone}`,
    type: "TXT",
    ttlSeconds,
    data: texts.map((one) => text(one)),
  });

  test("replace() takes what read() gave as expected", async ({ store, zone }) => {
    for (const texts of [["one"], ["two"], ["two", "three"], [], ["four"]]) {
      const expected = await store.read(`pot.${zone}`, "TXT", CALM);
      const set = setAt(zone, ...texts);
      await store.replace(set, { expected, signal: CALM });
      assertData(await store.read(set.name, "TXT", CALM), set.data);
    }
  }, TYPES);

  for (
    const [title, there, expected] of [
      ["another text", ["one"], ["two"]],
      ["something although nothing was expected", ["one"], []],
      ["nothing although something was expected", [], ["one"]],
      ["one more record", ["one", "two"], ["one"]],
      ["one record less", ["one"], ["one", "two"]],
    ] as const
  ) {
    test(
      `replace() writes nothing and throws RecordConflictError when there is ${title}`,
      async (harness) => {
        const { store, zone } = harness;
        if (there.length > 0) await store.replace(setAt(zone, ...there), { signal: CALM });
        const written = harness.writes().length;
        const work = store.replace(setAt(zone, "new"), { expected: setAt(zone, ...expected), signal: CALM });
        const error = await refusalOf(harness, work);
        assert.ok(error instanceof RecordConflictError, error.message);
        assert.ok(!error.isPermanent);
        assert.equal(harness.writes().length, written);
        assertData(await store.read(`pot.${zone}`, "TXT", CALM), setAt(zone, ...there).data);
      },
      TYPES,
    );
  }

  test("replace() takes an expected set of another TTL and order for the same", async ({ store, zone }) => {
    await store.replace(setAt(zone, "one", "two"), { signal: CALM });
    const expected = { ...setAt(zone, "two", "one"), ttlSeconds: 86_400 };
    await store.replace(setAt(zone, "three"), { expected, signal: CALM });
    assertData(await store.read(`pot.${zone}`, "TXT", CALM), [text("three")]);
  }, TYPES);
}
