import assert from "node:assert/strict";
import { Secret } from "../../../../src/core/secret.ts";
import type { RecordData } from "../../../../src/dns/record_data.ts";
import { openDynv6 } from "../../../../src/publish/dynv6.ts";
import type { RecordSet } from "../../../../src/publish/record_set.ts";
import type { RecordStore } from "../../../../src/publish/record_store.ts";
import { CALM, data, text } from "../../../contract/record_store_rig.ts";
import { type ApiHandler, type ApiServer, openApiServer } from "../../../fakes/api_server.ts";
import { openFakeWorld } from "../../../fakes/fake_world.ts";
import { refusalFrom } from "../refusal_from.ts";
import { DYNV6_TOKEN, FakeDynv6 } from "./fake_dynv6.ts";

interface Rig extends AsyncDisposable {
  readonly fake: FakeDynv6;
  readonly server: ApiServer;
  readonly store: RecordStore;
}

function openRig(handler?: ApiHandler): Rig {
  const fake = new FakeDynv6("example.com");
  const server = openApiServer(handler ?? fake.handle);
  const store = openDynv6({
    ...{ provider: "dynv6", token: new Secret(DYNV6_TOKEN), zone: "example.com", records: [] },
    api: `${server.url}/`,
  }, { ...openFakeWorld().platform, fetch });
  return { fake, server, store, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const a = data("A", "203.0.113.10");

function setOf(name: string, ...records: readonly [RecordData, ...RecordData[]]): RecordSet {
  return { name, type: records[0].type, ttlSeconds: 60, data: records };
}

Deno.test("openDynv6() sends the bodies of compat.md 5.4", async () => {
  await using rig = openRig();
  const { fake, store } = rig;
  fake.records.seed([
    { id: 1, name: "mc", type: "A", value: "203.0.113.99" },
    { id: 3, name: "_minecraft._tcp.mc", type: "SRV", value: "10 0 1 mc" },
  ]);
  const srv = data("SRV", "10 0 14500 mc.example.com.");
  await store.replace(setOf("mc.example.com", a), { signal: CALM });
  await store.replace(setOf("_minecraft._tcp.mc.example.com", srv), { signal: CALM });
  await store.replace(setOf("_web._tcp.mc.example.com", srv), { signal: CALM });
  await store.replace(setOf("pot.example.com", text("c3NoX3RjcDoxMjM0NQ==")), { signal: CALM });
  assert.deepEqual(fake.asked.map(({ request, body }) => `${request} ${JSON.stringify(body)}`), [
    'PATCH /zones/7/records/1 {"name":"mc","data":"203.0.113.10","type":"A","id":1,"zoneID":7}',
    'PATCH /zones/7/records/3 {"name":"_minecraft._tcp.mc","data":"mc","type":"SRV","priority":10,"weight":0,"port":14500,"id":3,"zoneID":7}',
    'POST /zones/7/records {"name":"_web._tcp.mc","data":"mc","type":"SRV","priority":10,"weight":0,"port":14500}',
    'POST /zones/7/records {"name":"pot","data":"c3NoX3RjcDoxMjM0NQ==","type":"TXT"}',
  ]);
});

Deno.test("openDynv6() spells targets out that are not below the zone", async () => {
  await using rig = openRig();
  const targets = ["example.com", "other.test", "notexample.com", "."];
  for (const target of targets) {
    await rig.store.replace(
      setOf("_x._tcp.example.com", { type: "SRV", priority: 1, weight: 2, port: 3, target }),
      {
        signal: CALM,
      },
    );
  }
  assert.deepEqual(rig.fake.asked.map(({ body }) => body["data"]), [
    ...["example.com.", "other.test.", "notexample.com.", "."],
  ]);
});

Deno.test("openDynv6() keeps the zone's own addresses in the zone", async () => {
  await using rig = openRig();
  const { fake, store } = rig;
  const aaaa = data("AAAA", "2001::38a4:cb00:710a");
  await store.replace(setOf("example.com", a), { signal: CALM });
  await store.replace(setOf("example.com", aaaa), { signal: CALM });
  assert.deepEqual([fake.address, fake.prefix], ["203.0.113.10", "2001::38a4:cb00:710a"]);
  assert.deepEqual((await store.read("example.com", "AAAA", CALM)).data, [aaaa]);
  const written = fake.records.writes.length;
  await store.replace(setOf("example.com", a), { signal: CALM });
  assert.equal(fake.records.writes.length, written);
  await store.replace(setOf("example.com", data("A", "203.0.113.11"), a), { signal: CALM });
  await store.replace({ ...setOf("example.com", a), data: [] }, { signal: CALM });
  await store.replace(setOf("example.com", text("hello")), { signal: CALM });
  assert.deepEqual([fake.address, fake.prefix], ["", "2001::38a4:cb00:710a"]);
  assert.deepEqual(fake.records.all.map(({ type, value }) => [type, value]), [["TXT", "hello"]]);
});

Deno.test("openDynv6() refuses for good to overwrite the zone's IPv6 prefix", async () => {
  await using rig = openRig();
  const { fake, store } = rig;
  fake.prefix = "2001:db8:1::/64";
  const set = setOf("example.com", data("AAAA", "2001::38a4:cb00:710a"));
  for (const work of [store.replace(set, { signal: CALM }), store.read("example.com", "AAAA", CALM)]) {
    assert.ok((await refusalFrom(work)).isPermanent);
  }
  await store.replace({ ...set, name: "wg.example.com" }, { signal: CALM });
  assert.deepEqual([fake.prefix, fake.records.writes], ["2001:db8:1::/64", ["create AAAA wg"]]);
});

Deno.test("openDynv6() takes a text as it is, quotes included", async () => {
  await using rig = openRig();
  rig.fake.records.seed([{ name: "pot", type: "TXT", value: '"quoted"' }]);
  assert.deepEqual((await rig.store.read("pot.example.com", "TXT", CALM)).data, [text('"quoted"')]);
});

Deno.test("openDynv6() reads what dynv6 makes of addresses that follow the prefix", async () => {
  const record = { id: 1, zoneID: 7, name: "nas", type: "AAAA", data: "02:00:00:00:00:01" };
  await using rig = openRig(({ path }) =>
    path.endsWith("/records")
      ? Response.json([{ ...record, expandedData: "2001:db8:1::ff:fe00:1" }])
      : Response.json({ id: 7, name: "example.com" })
  );
  const { data: records } = await rig.store.read("nas.example.com", "AAAA", CALM);
  assert.deepEqual(records, [data("AAAA", "2001:db8:1::ff:fe00:1")]);
});

Deno.test("openDynv6() repeats the API's words, and never the token", async () => {
  const rows = [
    [401, `bad ${DYNV6_TOKEN}`, true, "status 401: bad ***"],
    [403, { name: "Forbidden", message: "not yours" }, true, "status 403: not yours"],
    [
      404,
      { name: "NotFound", message: "?" },
      true,
      "there is no zone example.com that this token may change",
    ],
    [422, { name: "ValidationError", message: "data is invalid" }, true, "status 422: data is invalid"],
    [429, "slowly", false, "status 429: slowly"],
    [500, {}, false, "status 500"],
  ] as const;
  for (const [status, error, isPermanent, reason] of rows) {
    await using rig = openRig(() => Response.json({ error }, { status }));
    const refusal = await refusalFrom(rig.store.replace(setOf("mc.example.com", a), { signal: CALM }));
    assert.deepEqual([refusal.isPermanent, refusal.reason], [isPermanent, reason]);
  }
});
