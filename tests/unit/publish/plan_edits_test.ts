import assert from "node:assert/strict";
import fc from "fast-check";
import type { RecordData } from "../../../src/dns/record_data.ts";
import { type ListedRecord, planEdits, type WantedRecords } from "../../../src/publish/plan_edits.ts";

const address = fc.integer({ min: 1, max: 6 }).map((n): RecordData => ({
  type: "A",
  address: `203.0.113.${n}`,
}));
const listedRecords = fc.array(fc.record({
  data: fc.option(address, { nil: undefined, freq: 8 }),
  ttlSeconds: fc.constantFrom(undefined, 60, 600),
  isPaused: fc.boolean(),
})).map((records): readonly ListedRecord[] => records.map((record, i) => ({ ...record, id: `${i}` })));
const wantedRecords = fc.record({
  data: fc.uniqueArray(address, { selector: (data) => JSON.stringify(data) }),
  ttlSeconds: fc.constantFrom(60, 600),
});

/** What a provider has after the first so many edits. */
function applied(
  listed: readonly ListedRecord[],
  { wanted, count }: { readonly wanted: WantedRecords; readonly count: number },
): readonly ListedRecord[] {
  let records = listed;
  for (const [i, edit] of planEdits(listed, wanted).slice(0, count).entries()) {
    const { ttlSeconds } = wanted;
    switch (edit.kind) {
      case "update":
        records = records.map((record) =>
          record.id === edit.old.id ? { id: record.id, data: edit.data, ttlSeconds } : record
        );
        break;
      case "create":
        records = [...records, { id: `new ${i}`, data: edit.data, ttlSeconds }];
        break;
      case "remove":
        records = records.filter(({ id }) => id !== edit.old.id);
    }
  }
  return records;
}

const served = (records: readonly ListedRecord[]): readonly ListedRecord[] =>
  records.filter(({ isPaused }) => isPaused !== true);

Deno.test("planEdits() makes any list exactly what is wanted, and a second time nothing", () => {
  fc.assert(fc.property(listedRecords, wantedRecords, (listed, wanted) => {
    const after = applied(listed, { wanted, count: Infinity });
    const lines = after.map(({ data }) => JSON.stringify(data)).sort();
    assert.deepEqual(lines, wanted.data.map((data) => JSON.stringify(data)).sort());
    assert.ok(
      after.every(({ ttlSeconds, isPaused }) =>
        isPaused !== true && (ttlSeconds ?? wanted.ttlSeconds) === wanted.ttlSeconds
      ),
    );
    assert.deepEqual(planEdits(after, wanted), []);
  }));
});

Deno.test("planEdits() never leaves the name without a record on the way from some to some", () => {
  fc.assert(fc.property(listedRecords, wantedRecords, (listed, wanted) => {
    fc.pre(served(listed).length > 0 && wanted.data.length > 0);
    const edits = planEdits(listed, wanted);
    const { length } = edits;
    const order = ["update", "create", "remove"];
    const places = edits.map(({ kind }) => order.indexOf(kind));
    assert.deepEqual(places, places.toSorted());
    for (let count = 0; count <= length; count++) {
      assert.ok(served(applied(listed, { wanted, count })).length > 0, `after ${count} of ${length}`);
    }
  }));
});

Deno.test("planEdits() takes the fewest requests", () => {
  fc.assert(fc.property(listedRecords, wantedRecords, (listed, wanted) => {
    const isRight = (record: ListedRecord, data: RecordData): boolean =>
      record.isPaused !== true && JSON.stringify(record.data) === JSON.stringify(data) &&
      (record.ttlSeconds ?? wanted.ttlSeconds) === wanted.ttlSeconds;
    const right = wanted.data.filter((data) => listed.some((record) => isRight(record, data))).length;
    const fewest = Math.max(listed.length, wanted.data.length) - right;
    assert.equal(planEdits(listed, wanted).length, fewest);
  }));
});

Deno.test("planEdits() changes the record of the same value first when its TTL is another", () => {
  const [one, two] = ["203.0.113.1", "203.0.113.2"].map((text): RecordData => ({ type: "A", address: text }));
  assert.ok(one !== undefined && two !== undefined);
  const listed: readonly ListedRecord[] = [
    { id: "1", data: two, ttlSeconds: 600 },
    { id: "2", data: one, ttlSeconds: 600 },
  ];
  assert.deepEqual(
    planEdits(listed, { data: [one], ttlSeconds: 60 }).map((
      edit,
    ) => [edit.kind, "old" in edit && edit.old.id]),
    [["update", "2"], ["remove", "1"]],
  );
});
