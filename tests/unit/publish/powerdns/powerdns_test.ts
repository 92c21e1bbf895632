import assert from "node:assert/strict";
import { Secret } from "../../../../src/core/secret.ts";
import { openPowerdns } from "../../../../src/publish/powerdns.ts";
import type { PowerdnsOptions } from "../../../../src/publish/options.ts";
import { PublishError } from "../../../../src/publish/publisher.ts";
import type { RecordStore } from "../../../../src/publish/record_store.ts";
import { CALM, data, text } from "../../../contract/record_store_rig.ts";
import { type ApiServer, openApiServer } from "../../../fakes/api_server.ts";
import { FakeClock } from "../../../fakes/fake_clock.ts";
import { FakePowerdns, POWERDNS_KEY } from "./fake_powerdns.ts";

const A = { name: "mc.example.com", type: "A", ttlSeconds: 60, data: [data("A", "203.0.113.10")] } as const;

interface Rig {
  readonly fake: FakePowerdns;
  readonly server: ApiServer;
  readonly store: RecordStore;
}

async function withRig(
  options: Partial<PowerdnsOptions> & { readonly id?: string },
  run: (rig: Rig) => Promise<void>,
): Promise<void> {
  const { id, zone = "example.com", url: suffix = "", ...rest } = options;
  const fake = new FakePowerdns(zone, id === undefined ? {} : { id });
  await using server = openApiServer(fake.handle);
  const store = openPowerdns({
    ...{ provider: "powerdns", key: new Secret(POWERDNS_KEY), server: "localhost", records: [], zone },
    ...rest,
    url: `${server.url}${suffix}`,
  }, { fetch, clock: new FakeClock() });
  await run({ fake, server, store });
}

async function refusalOf(work: Promise<unknown>): Promise<PublishError> {
  const error = await work.then(() => undefined, (reason: unknown) => reason);
  assert.ok(error instanceof PublishError);
  assert.ok(!error.message.includes(POWERDNS_KEY));
  return error;
}

Deno.test("openPowerdns() store asks for one record set and replaces it in one request", () =>
  withRig({}, async ({ server, store }) => {
    await store.replace(A, { signal: CALM });
    assert.deepEqual(server.seen.map(({ method, path, query }) => `${method} ${path} ${query}`), [
      "GET /api/v1/servers/localhost/zones/example.com. rrset_name=mc.example.com.&rrset_type=A",
      "PATCH /api/v1/servers/localhost/zones/example.com. ",
    ]);
    assert.deepEqual(JSON.parse(server.seen[1]?.body ?? ""), {
      rrsets: [{
        ...{ name: "mc.example.com.", type: "A", ttl: 60, changetype: "REPLACE" },
        records: [{ content: "203.0.113.10", disabled: false }],
      }],
    });
  }));

Deno.test("openPowerdns() store encodes the id of the zone when it has other characters", () =>
  withRig({ zone: "_tcp.example.com", id: "=5Ftcp.example.com.", url: "/" }, async ({ fake, store }) => {
    await store.replace({ ...A, name: "_ssh._tcp.example.com" }, { signal: CALM });
    assert.deepEqual(fake.writes, ["REPLACE _ssh._tcp.example.com. A"]);
  }));

Deno.test("openPowerdns() store puts a disabled record right although it looks the same", () =>
  withRig({}, async ({ fake, store }) => {
    const records = [{ content: "203.0.113.10", disabled: true }];
    fake.rrsets = [{ name: "mc.example.com.", type: "A", ttl: 60, records }];
    await store.replace(A, { signal: CALM });
    assert.deepEqual(fake.rrsets[0]?.records, [{ content: "203.0.113.10", disabled: false }]);
  }));

Deno.test("openPowerdns() store gives a disabled TXT when asked, so that nobody writes over it", () =>
  withRig({}, async ({ fake, store }) => {
    const records = [{ content: '"keep me"', disabled: true }];
    fake.rrsets = [{ name: "pot.example.com.", type: "TXT", ttl: 60, records }];
    assert.deepEqual((await store.read("pot.example.com", "TXT", CALM)).data, [text("keep me")]);
  }));

Deno.test("openPowerdns() store tells the server's words when it refuses", () =>
  withRig({}, async ({ fake, store }) => {
    const records = [{ content: "elsewhere.test.", disabled: false }];
    fake.rrsets = [{ name: "mc.example.com.", type: "CNAME", ttl: 60, records }];
    const error = await refusalOf(store.replace(A, { signal: CALM }));
    assert.ok(error.isPermanent);
    assert.match(
      error.reason,
      /^status 422: RRset mc\.example\.com\. IN A: Conflicts with pre-existing RRset$/,
    );
  }));

Deno.test("openPowerdns() store says what is wrong with key, server id or zone", async () => {
  await withRig({ key: new Secret("wrong") }, async ({ store }) => {
    const { reason, isPermanent } = await refusalOf(store.read("a.example.com", "A", CALM));
    assert.deepEqual([reason, isPermanent], ["status 401: the API key is not the server's", true]);
  });
  await withRig({ key: new Secret("bad\nkey") }, async ({ store, server }) => {
    const { reason, isPermanent } = await refusalOf(store.read("a.example.com", "A", CALM));
    assert.match(reason, /characters that HTTP cannot carry/);
    assert.ok(isPermanent && server.seen.length === 0);
  });
  await withRig({ server: "other" }, async ({ store }) => {
    assert.match(
      (await refusalOf(store.read("a.example.com", "A", CALM))).reason,
      /404: there is no such server id/,
    );
  });
  await withRig({ id: "example.net." }, async ({ store }) => {
    const { reason } = await refusalOf(store.read("a.example.com", "A", CALM));
    assert.equal(reason, "status 404: Could not find domain 'example.com.'");
  });
});

Deno.test("openPowerdns() store refuses to write over what it cannot read when something was expected", () =>
  withRig({}, async ({ fake, store }) => {
    const records = [{ content: "not an address", disabled: false }];
    fake.rrsets = [{ name: "mc.example.com.", type: "A", ttl: 60, records }];
    const work = store.replace(A, { expected: { ...A, data: [] }, signal: CALM });
    assert.ok((await refusalOf(work)).isPermanent);
    assert.deepEqual(fake.writes, []);
    await store.replace(A, { signal: CALM });
    assert.deepEqual(fake.writes, ["REPLACE mc.example.com. A"]);
  }));
