import assert from "node:assert/strict";
import type { RecordData } from "../../../../src/dns/record_data.ts";
import { openAlidns } from "../../../../src/publish/aliyun/alidns.ts";
import { acs3Query } from "../../../../src/publish/aliyun/sign_acs3.ts";
import type { RecordSet } from "../../../../src/publish/record_set.ts";
import type { RecordStore } from "../../../../src/publish/record_store.ts";
import { CALM, data } from "../../../contract/record_store_rig.ts";
import { openApiServer } from "../../../fakes/api_server.ts";
import { openFakeWorld } from "../../../fakes/fake_world.ts";
import { refusalFrom } from "../refusal_from.ts";
import { FakeAlidns } from "./fake_alidns.ts";
import { ALIYUN_KEY } from "./fake_aliyun.ts";

interface Rig extends AsyncDisposable {
  readonly fake: FakeAlidns;
  readonly store: RecordStore;
}

function openRig(): Rig {
  const { clock, platform } = openFakeWorld();
  const fake = new FakeAlidns("example.com", () => clock.date());
  const server = openApiServer(fake.handle);
  const store = openAlidns(
    { provider: "alidns", ...ALIYUN_KEY, zone: "example.com", records: [], api: server.url },
    { ...platform, fetch },
  );
  return { fake, store, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const a = data("A", "203.0.113.10");

function setOf(name: string, one: RecordData, ttlSeconds = 600): RecordSet {
  return { name, type: one.type, ttlSeconds, data: [one] };
}

function writesOf({ asked }: FakeAlidns): readonly string[] {
  return asked.filter(({ action }) => action !== "DescribeDomainRecords")
    .map(({ action, parameters }) => `${action} ${acs3Query(parameters)}`);
}

Deno.test("openAlidns() sends the parameters of compat.md 5.4 with a TTL", async () => {
  await using rig = openRig();
  const { fake, store } = rig;
  fake.records.seed([
    { id: 1, name: "mc", type: "A", value: "203.0.113.99" },
    { id: 3, name: "_minecraft._tcp.mc", type: "SRV", value: "10 0 1 mc.example.com" },
  ]);
  await store.replace(setOf("mc.example.com", a), { signal: CALM });
  await store.replace(setOf("_minecraft._tcp.mc.example.com", data("SRV", "10 0 14500 mc.example.com.")), {
    signal: CALM,
  });
  await store.replace(setOf("example.com", a), { signal: CALM });
  await store.replace({ ...setOf("mc.example.com", a), data: [] }, { signal: CALM });
  assert.deepEqual(writesOf(fake), [
    "UpdateDomainRecord DomainName=example.com&RR=mc&RecordId=1&TTL=600&Type=A&Value=203.0.113.10",
    "UpdateDomainRecord DomainName=example.com&RR=_minecraft._tcp.mc&RecordId=3&TTL=600&Type=SRV&Value=10%200%2014500%20mc.example.com",
    "AddDomainRecord DomainName=example.com&RR=%40&TTL=600&Type=A&Value=203.0.113.10",
    "DeleteDomainRecord RecordId=1",
  ]);
});

Deno.test("openAlidns() falls back to 600 s when the plan does not allow a TTL, once, and counts it as the same", async () => {
  await using rig = openRig();
  const { fake, store } = rig;
  fake.leastTtlSeconds = 600;
  const set = setOf("mc.example.com", a, 60);
  await store.replace(set, { signal: CALM });
  await store.replace(set, { signal: CALM });
  await store.replace(setOf("mc.example.com", data("A", "203.0.113.11"), 60), { signal: CALM });
  assert.deepEqual(fake.records.writes, ["create A mc", "update A mc"]);
  const ttls = fake.asked.map(({ parameters }) => parameters["TTL"]).filter((ttl) => ttl !== undefined);
  assert.deepEqual(ttls, ["60", "600", "600"]);
  assert.equal((await store.read("mc.example.com", "A", CALM)).ttlSeconds, 600);
});

Deno.test("openAlidns() shortens a TTL that no plan allows", async () => {
  await using rig = openRig();
  const { fake, store } = rig;
  const set = setOf("mc.example.com", a, 604_800);
  await store.replace(set, { signal: CALM });
  await store.replace(set, { signal: CALM });
  assert.deepEqual(fake.records.all.map(({ ttlSeconds }) => ttlSeconds), [86_400]);
  assert.deepEqual(fake.records.writes, ["create A mc"]);
});

Deno.test("openAlidns() wakes a paused record, and does not send what changes nothing", async () => {
  await using rig = openRig();
  const { fake, store } = rig;
  fake.records.seed([{ name: "mc", type: "A", value: "203.0.113.10", isPaused: true }]);
  assert.deepEqual((await store.read("mc.example.com", "A", CALM)).data, []);
  await store.replace(setOf("mc.example.com", a), { signal: CALM });
  assert.deepEqual(writesOf(fake), ["SetDomainRecordStatus RecordId=1001&Status=Enable"]);
  assert.deepEqual(fake.records.all.map(({ isPaused }) => isPaused), [false]);
});

Deno.test("openAlidns() leaves records of other lines alone", async () => {
  await using rig = openRig();
  const { fake, store } = rig;
  fake.records.seed([{ name: "mc", type: "A", value: "203.0.113.98", line: "telecom" }]);
  assert.deepEqual((await store.read("mc.example.com", "A", CALM)).data, []);
  await store.replace(setOf("mc.example.com", a), { signal: CALM });
  assert.deepEqual(fake.records.all.map(({ value }) => value), ["203.0.113.98", "203.0.113.10"]);
});

Deno.test("openAlidns() refuses for good when the plan takes none of its TTLs", async () => {
  await using rig = openRig();
  rig.fake.leastTtlSeconds = 3600;
  const error = await refusalFrom(rig.store.replace(setOf("mc.example.com", a, 60), { signal: CALM }));
  assert.ok(error.isPermanent);
  assert.match(error.reason, /^QuotaExceeded\.TTL: No \*\*\*/);
});
