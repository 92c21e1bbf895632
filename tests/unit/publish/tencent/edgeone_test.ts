import assert from "node:assert/strict";
import type { OriginOptions } from "../../../../src/publish/options.ts";
import { openEdgeone } from "../../../../src/publish/tencent/edgeone.ts";
import { CALM } from "../../../contract/record_store_rig.ts";
import { openApiServer } from "../../../fakes/api_server.ts";
import { openFakeWorld } from "../../../fakes/fake_world.ts";
import { refusalFrom } from "../refusal_from.ts";
import { mapped } from "../webhook_rig.ts";
import { FakeEdgeone, fakeSite } from "./fake_edgeone.ts";
import { TENCENT_KEY } from "./fake_tencent.ts";

const { clock, platform } = openFakeWorld();

/** Publishes once to the fake. */
async function publish(
  fake: FakeEdgeone,
  changes: Partial<OriginOptions> = {},
  news = mapped(),
): Promise<void> {
  await using server = openApiServer(fake.handle);
  const options: OriginOptions = {
    ...{ provider: "edgeone", ...TENCENT_KEY, zone: "example.com", host: "www.example.com", rule: "www" },
    ...{ api: server.url, ...changes },
  };
  await openEdgeone(options, { ...platform, fetch }).publish(news, CALM);
}

function fakeWith(...sites: readonly ReturnType<typeof fakeSite>[]): FakeEdgeone {
  const fake = new FakeEdgeone(() => clock.date());
  fake.zones = [{ ZoneId: "z", ZoneName: "example.com" }];
  fake.sites = sites;
  return fake;
}

Deno.test("openEdgeone() sends the body of compat.md 5.4, and nothing when it is the same", async () => {
  const other = fakeSite("wwww.example.com", "z");
  const fake = fakeWith(other, fakeSite("www.example.com", "z"));
  await publish(fake);
  assert.equal(
    JSON.stringify(fake.writes),
    '[{"ZoneId":"z","DomainName":"www.example.com","OriginInfo":{"OriginType":"IP_DOMAIN","Origin":"203.0.113.10"},"HttpOriginPort":14500,"HttpsOriginPort":14500}]',
  );
  assert.deepEqual(fake.sites[0], other);
  await publish(fake);
  assert.equal(fake.writes.length, 1);
  await publish(fake, {}, mapped(14_501));
  assert.equal(fake.writes.length, 2);
});

Deno.test("openEdgeone() writes when any part of the origin is another", async () => {
  const right = {
    OriginDetail: { OriginType: "IP_DOMAIN", Origin: "203.0.113.10" },
    HttpOriginPort: 14_500,
    HttpsOriginPort: 14_500,
  };
  const wrong = [
    { HttpOriginPort: 80 },
    { HttpsOriginPort: 443 },
    { OriginDetail: { OriginType: "COS", Origin: "203.0.113.10" } },
    { OriginDetail: { OriginType: "IP_DOMAIN", Origin: "203.0.113.11" } },
  ];
  for (const changes of wrong) {
    const fake = fakeWith(fakeSite("www.example.com", "z", { ...right, ...changes }));
    await publish(fake);
    assert.equal(fake.writes.length, 1, JSON.stringify(changes));
  }
  const fake = fakeWith(fakeSite("www.example.com", "z", right));
  await publish(fake);
  assert.deepEqual(fake.writes, []);
});

Deno.test("openEdgeone() keeps the host header of the origin", async () => {
  const OriginDetail = { OriginType: "IP_DOMAIN", Origin: "203.0.113.99", HostHeader: "origin.example.com" };
  const fake = fakeWith(fakeSite("www.example.com", "z", { OriginDetail }));
  await publish(fake);
  assert.deepEqual(fake.sites[0]?.OriginDetail, { ...OriginDetail, Origin: "203.0.113.10" });
});

Deno.test("openEdgeone() finds zone and site on later pages, and in the second zone of the name", async () => {
  const fake = fakeWith(
    ...Array.from({ length: 30 }, (_, i) => fakeSite(`s${i}.example.com`, "z2")),
    fakeSite("www.example.com", "z2"),
  );
  fake.zones = [
    ...Array.from({ length: 25 }, (_, i) => ({ ZoneId: `o${i}`, ZoneName: `o${i}.test` })),
    { ZoneId: "z1", ZoneName: "example.com" },
    { ZoneId: "z2", ZoneName: "example.com" },
  ];
  fake.filters = false;
  fake.mostOnPage = 10;
  await publish(fake);
  assert.equal(fake.writes[0]?.["ZoneId"], "z2");
});

Deno.test("openEdgeone() refuses for good when there is no such zone or site", async () => {
  const fake = fakeWith(fakeSite("other.example.com", "z"));
  const site = await refusalFrom(publish(fake));
  assert.deepEqual([site.isPermanent, site.reason], [
    true,
    "there is no site www.example.com in the zone example.com: it has to be added there first",
  ]);
  const zone = await refusalFrom(publish(fake, { zone: "example.net", host: "www.example.net" }));
  assert.deepEqual([zone.isPermanent, zone.reason], [true, "there is no zone example.net in this account"]);
  assert.deepEqual(fake.writes, []);
});

Deno.test("openEdgeone() waits when the last change is still being deployed", async () => {
  const fake = fakeWith(fakeSite("www.example.com", "z", { DomainStatus: "process" }));
  const error = await refusalFrom(publish(fake));
  assert.ok(!error.isPermanent);
  assert.deepEqual(fake.writes, []);
});

Deno.test("openEdgeone() takes an IPv6 endpoint", async () => {
  const fake = fakeWith(fakeSite("www.example.com", "z"));
  await publish(fake, {}, mapped(14_500, "2001:db8::1"));
  assert.equal(fake.sites[0]?.OriginDetail["Origin"], "2001:db8::1");
});
