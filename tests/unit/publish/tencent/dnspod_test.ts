import assert from "node:assert/strict";
import type { RecordData } from "../../../../src/dns/record_data.ts";
import type { RecordSet } from "../../../../src/publish/record_set.ts";
import type { RecordStore } from "../../../../src/publish/record_store.ts";
import { openDnspod } from "../../../../src/publish/tencent/dnspod.ts";
import { CALM, data } from "../../../contract/record_store_rig.ts";
import { openApiServer } from "../../../fakes/api_server.ts";
import type { FakeClock } from "../../../fakes/fake_clock.ts";
import { openFakeWorld } from "../../../fakes/fake_world.ts";
import { refusalFrom } from "../refusal_from.ts";
import { FakeDnspod } from "./fake_dnspod.ts";
import { TENCENT_KEY } from "./fake_tencent.ts";

interface Rig extends AsyncDisposable {
  readonly fake: FakeDnspod;
  readonly store: RecordStore;
  readonly clock: FakeClock;
}

function openRig(): Rig {
  const { clock, platform } = openFakeWorld();
  const fake = new FakeDnspod("example.com", () => clock.date());
  const server = openApiServer(fake.handle);
  const store = openDnspod(
    { provider: "tencentcloud", ...TENCENT_KEY, zone: "example.com", records: [], api: server.url },
    { ...platform, fetch },
  );
  return { fake, store, clock, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const a = data("A", "203.0.113.10");
const srv = data("SRV", "10 0 14500 mc.example.com.");

function setOf(name: string, one: RecordData, ttlSeconds = 600): RecordSet {
  return { name, type: one.type, ttlSeconds, data: [one] };
}

/** Parameters of what was written, as JSON. */
function writesOf({ asked }: FakeDnspod): readonly string[] {
  return asked.filter(({ action }) => action !== "DescribeRecordList")
    .map(({ action, parameters }) => `${action} ${JSON.stringify(parameters)}`);
}

Deno.test("openDnspod() sends the bodies of compat.md 5.4 with a TTL", async () => {
  await using rig = openRig();
  const { fake, store } = rig;
  fake.records.seed([
    { id: 1, name: "mc", type: "A", value: "203.0.113.99" },
    { id: 3, name: "_minecraft._tcp.mc", type: "SRV", value: "10 0 1 mc.example.com." },
  ]);
  await store.replace(setOf("mc.example.com", a), { signal: CALM });
  await store.replace(setOf("_minecraft._tcp.mc.example.com", srv), { signal: CALM });
  await store.replace(setOf("new.example.com", a, 120), { signal: CALM });
  await store.replace({ ...setOf("mc.example.com", a), data: [] }, { signal: CALM });
  assert.deepEqual(writesOf(fake), [
    'ModifyRecord {"Domain":"example.com","SubDomain":"mc","RecordType":"A","RecordLine":"默认","Value":"203.0.113.10","TTL":600,"RecordId":1}',
    'ModifyRecord {"Domain":"example.com","SubDomain":"_minecraft._tcp.mc","RecordType":"SRV","RecordLine":"默认","Value":"10 0 14500 mc.example.com.","TTL":600,"RecordId":3}',
    'CreateRecord {"Domain":"example.com","SubDomain":"new","RecordType":"A","RecordLine":"默认","Value":"203.0.113.10","TTL":120}',
    'DeleteRecord {"Domain":"example.com","RecordId":1}',
  ]);
});

Deno.test("openDnspod() raises a TTL that the plan does not allow, once, and counts it as the same", async () => {
  for (const [least, tried] of [[1, [60]], [60, [60]], [120, [60, 120]], [600, [60, 120, 600]]] as const) {
    await using rig = openRig();
    const { fake, store } = rig;
    fake.leastTtlSeconds = least;
    const set = setOf("mc.example.com", a, 60);
    await store.replace(set, { signal: CALM });
    const asked = fake.asked.filter(({ action }) => action === "CreateRecord");
    assert.deepEqual(asked.map(({ parameters }) => parameters["TTL"]), tried);
    await store.replace(set, { signal: CALM });
    await store.replace(setOf("mc.example.com", data("A", "203.0.113.11"), 60), { signal: CALM });
    assert.deepEqual(fake.records.writes, ["create A mc", "update A mc"]);
    assert.equal(writesOf(fake).length, tried.length + 1);
  }
});

Deno.test("openDnspod() changes nothing when only the TTL is one that the plan does not allow", async () => {
  await using rig = openRig();
  const { fake, store } = rig;
  fake.leastTtlSeconds = 600;
  fake.records.seed([{ name: "mc", type: "A", value: "203.0.113.10", ttlSeconds: 600 }]);
  await store.replace(setOf("mc.example.com", a, 60), { signal: CALM });
  assert.deepEqual(fake.records.writes, []);
});

Deno.test("openDnspod() refuses for good when the plan takes none of its TTLs", async () => {
  await using rig = openRig();
  rig.fake.leastTtlSeconds = 3600;
  const error = await refusalFrom(rig.store.replace(setOf("mc.example.com", a, 60), { signal: CALM }));
  assert.deepEqual([error.isPermanent, error.reason], [true, "LimitExceeded.RecordTtlLimit: No ***"]);
});

Deno.test("openDnspod() leaves records of other lines alone", async () => {
  await using rig = openRig();
  const { fake, store } = rig;
  fake.records.seed([{ name: "mc", type: "A", value: "203.0.113.98", line: "电信" }]);
  assert.deepEqual((await store.read("mc.example.com", "A", CALM)).data, []);
  await store.replace(setOf("mc.example.com", a), { signal: CALM });
  assert.deepEqual(fake.records.all.map(({ value, line }) => [value, line]), [
    ["203.0.113.98", "电信"],
    ["203.0.113.10", ""],
  ]);
});

Deno.test("openDnspod() wakes a paused record, and does not read it before", async () => {
  await using rig = openRig();
  const { fake, store } = rig;
  fake.records.seed([{ name: "mc", type: "A", value: "203.0.113.10", isPaused: true }]);
  assert.deepEqual((await store.read("mc.example.com", "A", CALM)).data, []);
  const expected = { ...setOf("mc.example.com", a), data: [] };
  await store.replace(setOf("mc.example.com", a), { expected, signal: CALM });
  assert.deepEqual(fake.records.all.map(({ value, isPaused }) => [value, isPaused]), [[
    "203.0.113.10",
    false,
  ]]);
  assert.deepEqual(fake.records.writes, ["update A mc"]);
});

Deno.test("openDnspod() changes a new record that is not listed yet instead of adding another one", async () => {
  await using rig = openRig();
  const { fake, store, clock } = rig;
  const other = data("A", "203.0.113.11");
  await store.replace(setOf("mc.example.com", a), { signal: CALM });
  fake.hidesNewest = true;
  assert.deepEqual((await store.read("mc.example.com", "A", CALM)).data, [a]);
  assert.deepEqual((await store.read("mc.example.com", "TXT", CALM)).data, []);
  await store.replace(setOf("mc.example.com", other), { signal: CALM });
  await store.replace(setOf("mc.example.com", other), { signal: CALM });
  assert.deepEqual(fake.records.writes, ["create A mc", "update A mc"]);
  await clock.advance(60_000);
  assert.deepEqual((await store.read("mc.example.com", "A", CALM)).data, []);
});

Deno.test("openDnspod() forgets a new record when somebody else removed it", async () => {
  await using rig = openRig();
  const { fake, store } = rig;
  await store.replace(setOf("mc.example.com", a), { signal: CALM });
  fake.records.clear();
  const set = setOf("mc.example.com", data("A", "203.0.113.11"));
  assert.ok(!(await refusalFrom(store.replace(set, { signal: CALM }))).isPermanent);
  await store.replace(set, { signal: CALM });
  assert.deepEqual(fake.records.all.map(({ value }) => value), ["203.0.113.11"]);
});

Deno.test("openDnspod() takes a record for done when somebody else just created it", async () => {
  await using rig = openRig();
  const { fake, store } = rig;
  fake.hidesNewest = true;
  fake.records.seed([{ name: "mc", type: "A", value: "203.0.113.10" }]);
  await store.replace(setOf("mc.example.com", a), { signal: CALM });
  assert.deepEqual(fake.records.writes, []);
});

Deno.test("openDnspod() refuses for good to read what it cannot, and to hold what it cannot", async () => {
  await using rig = openRig();
  rig.fake.records.seed([{ name: "mc", type: "SRV", value: "nonsense" }]);
  const unread = await refusalFrom(rig.store.read("mc.example.com", "SRV", CALM));
  assert.deepEqual([unread.isPermanent, unread.reason], [
    true,
    "a SRV record of mc.example.com is there that cannot be read",
  ]);
  await rig.store.replace(setOf("mc.example.com", srv), { signal: CALM });
  assert.deepEqual(rig.fake.records.all.map(({ value }) => value), ["10 0 14500 mc.example.com."]);
});
