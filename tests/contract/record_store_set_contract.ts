import assert from "node:assert/strict";
import type { RecordSet } from "../../src/publish/record_set.ts";
import type { StoreCapabilities, StoreTest } from "./record_store_contract.ts";
import {
  assertData,
  assertStored,
  CALM,
  data,
  recordsOf,
  refusalOf,
  setOf,
  type StoredRecord,
  text,
  ttlsOf,
} from "./record_store_rig.ts";

const one = data("A", "203.0.113.10");
const two = data("A", "203.0.113.11");
const three = data("A", "203.0.113.12");

/** Record sets become exactly what they should be, and nothing else changes. */
export function recordSetContract(test: StoreTest, capabilities: StoreCapabilities): void {
  const [ttlSeconds, otherTtlSeconds] = ttlsOf(capabilities);
  const has = (type: RecordSet["type"]): boolean => capabilities.types.includes(type);

  test("types say what the provider can hold", ({ store }) => {
    assert.deepEqual([...store.types].sort(), [...capabilities.types].sort());
    return Promise.resolve();
  });

  test("read() gives an empty set when there is none", async ({ store, zone }) => {
    const set = await store.read(`direct.${zone}`, "A", CALM);
    assert.deepEqual([set.name, set.type, set.data], [`direct.${zone}`, "A", []]);
  });

  test("replace() creates what is not there, and read() gives it back", async (harness) => {
    const { store, zone } = harness;
    const set = setOf(`direct.${zone}`, [one], capabilities);
    await store.replace(set, { signal: CALM });
    await assertStored(harness, recordsOf(set), capabilities);
    const found = await store.read(set.name, "A", CALM);
    assertData(found, [one]);
    if (capabilities.ttls !== "none") assert.equal(found.ttlSeconds, ttlSeconds);
  });

  test("replace() changes the value when another one is there", async (harness) => {
    const { store, zone } = harness;
    const name = `direct.${zone}`;
    await harness.seed([{ name, ttlSeconds, data: one }]);
    await store.replace(setOf(name, [two], capabilities), { signal: CALM });
    await assertStored(harness, [{ name, ttlSeconds, data: two }], capabilities);
    assertData(await store.read(name, "A", CALM), [two]);
  });

  test("replace() makes several records one, and one several", async (harness) => {
    const { store, zone } = harness;
    const name = `direct.${zone}`;
    await harness.seed([one, two].map((each) => ({ name, ttlSeconds, data: each })));
    await store.replace(setOf(name, [three], capabilities), { signal: CALM });
    await assertStored(harness, [{ name, ttlSeconds, data: three }], capabilities);
    const several = setOf(name, [one, three, two], capabilities);
    await store.replace(several, { signal: CALM });
    await assertStored(harness, recordsOf(several), capabilities);
    await store.replace(setOf(name, [two], capabilities), { signal: CALM });
    await assertStored(harness, [{ name, ttlSeconds, data: two }], capabilities);
  });

  test("replace() changes the TTL alone", async (harness) => {
    const { store, zone } = harness;
    const name = `direct.${zone}`;
    await harness.seed([one, two].map((each) => ({ name, ttlSeconds: otherTtlSeconds, data: each })));
    const set = setOf(name, [one, two], capabilities);
    await store.replace(set, { signal: CALM });
    await assertStored(harness, recordsOf(set), capabilities);
  }, { lacks: capabilities.ttls === "none" && "no TTLs" });

  test("replace() writes nothing when it is the same already", async (harness) => {
    const { store, zone } = harness;
    const set = setOf(`direct.${zone}`, [one, two], capabilities);
    await harness.seed(recordsOf(set).toReversed());
    await store.replace(set, { signal: CALM });
    await store.replace({ ...set, data: [two, one] }, { signal: CALM });
    assert.deepEqual(harness.writes(), []);
    const many = setOf(`many.${zone}`, [two, three, one], capabilities);
    await store.replace(many, { signal: CALM });
    const written = harness.writes().length;
    assert.ok(written > 0);
    await store.replace(many, { signal: CALM });
    assert.equal(harness.writes().length, written);
  });

  test("replace() removes the records when the set is empty", async (harness) => {
    const { store, zone } = harness;
    const name = `direct.${zone}`;
    const other = { name: `other.${zone}`, ttlSeconds, data: one };
    await harness.seed([one, two].map((each) => ({ name, ttlSeconds, data: each })));
    await harness.seed([other]);
    const empty: RecordSet = { name, type: "A", ttlSeconds, data: [] };
    await store.replace(empty, { signal: CALM });
    await assertStored(harness, [other], capabilities);
    const written = harness.writes().length;
    await store.replace(empty, { signal: CALM });
    assert.equal(harness.writes().length, written);
  });

  test("replace() touches neither other types nor other names", async (harness) => {
    const { store, zone } = harness;
    const name = `web.${zone}`;
    const others: readonly StoredRecord[] = [
      { name, ttlSeconds, data: text("v=spf1 -all") },
      { name, ttlSeconds, data: data("AAAA", "2001:db8::1") },
      { name: zone, ttlSeconds, data: two },
      // Names that a careless comparison takes for the one that is meant.
      { name: `a.web.${zone}`, ttlSeconds, data: two },
      { name: `aweb.${zone}`, ttlSeconds, data: two },
      { name: `weba.${zone}`, ttlSeconds, data: two },
      { name: `we.${zone}`, ttlSeconds, data: two },
      { name: `_web._tcp.web.${zone}`, ttlSeconds, data: data("SRV", `10 0 80 web.${zone}.`) },
    ].filter((record) => has(record.data.type));
    await harness.seed(others);
    await harness.seed([{ name, ttlSeconds, data: two }]);
    const set = setOf(name, [one], capabilities);
    await store.replace(set, { signal: CALM });
    await assertStored(harness, [...others, ...recordsOf(set)], capabilities);
    for (const type of ["A", "AAAA", "TXT"] as const) {
      const there = others.find((other) => other.name === name && other.data.type === type)?.data;
      if (has(type)) assertData(await store.read(name, type, CALM), there === undefined ? [one] : [there]);
    }
    await store.replace({ ...set, data: [] }, { signal: CALM });
    await assertStored(harness, others, capabilities);
  });

  test("replace() and read() find a name among more than two pages of records", async (harness) => {
    const { store, zone } = harness;
    const name = `direct.${zone}`;
    const count = capabilities.manyRecords ?? 0;
    const others = Array.from(
      { length: count },
      (_, i) => ({ name: `r${i}.${zone}`, ttlSeconds, data: two }),
    );
    await harness.seed(others);
    await harness.seed([{ name, ttlSeconds, data: two }]);
    assertData(await store.read(name, "A", CALM), [two]);
    await store.replace(setOf(name, [one], capabilities), { signal: CALM });
    await assertStored(harness, [...others, { name, ttlSeconds, data: one }], capabilities);
  }, { lacks: (capabilities.manyRecords ?? 0) === 0 && "no lists" });

  test("replace() and read() refuse a name that is not in the zone, for good", async (harness) => {
    const { store, zone } = harness;
    const name = `direct.x${zone}.test`;
    for (
      const work of [
        store.replace(setOf(name, [one], capabilities), { signal: CALM }),
        store.read(name, "A", CALM),
      ]
    ) {
      assert.ok((await refusalOf(harness, work)).isPermanent);
    }
    assert.deepEqual(harness.writes(), []);
  });
}
