import assert from "node:assert/strict";
import { inspect } from "node:util";
import { type Clock, systemClock } from "../../../../src/core/clock.ts";
import { Secret } from "../../../../src/core/secret.ts";
import type { MappedEvent } from "../../../../src/core/mapping.ts";
import { openCloudflare } from "../../../../src/publish/cloudflare/cloudflare.ts";
import type { CloudflareOptions, RedirectPlan } from "../../../../src/publish/options.ts";
import { PublishError } from "../../../../src/publish/publisher.ts";
import { type ApiServer, openApiServer } from "../../../fakes/api_server.ts";
import { openFakeWorld } from "../../../fakes/fake_world.ts";
import { aaaaPlan, aPlan, httpsPlan, mapped6, potPlan, srvPlan } from "../record_plans.ts";
import { mapped } from "../webhook_rig.ts";
import {
  cloudflareOptions,
  EMAIL,
  FakeCloudflare,
  type FakeCloudflareOptions,
  KEY,
  refused,
  TOKEN,
} from "./fake_cloudflare.ts";

interface Rig extends AsyncDisposable {
  readonly fake: FakeCloudflare;
  readonly server: ApiServer;
  publish(news?: MappedEvent): Promise<void>;
  /** What it refuses with. */
  refusal(news?: MappedEvent): Promise<PublishError>;
}

function setUp(changes: Partial<CloudflareOptions>, options: FakeCloudflareOptions = {}): Rig {
  const fake = new FakeCloudflare(options);
  const server = openApiServer((request) => fake.handle(request));
  const { clock: still, platform } = openFakeWorld();
  // Pauses are over at once; limits of requests, which really go over loopback, never are.
  const clock: Clock = {
    now: () => still.now(),
    date: () => still.date(),
    schedule: (delayMs, callback) =>
      delayMs < 10_000 ? systemClock.schedule(0, callback) : still.schedule(delayMs, callback),
  };
  const publisher = openCloudflare(cloudflareOptions(server.url, changes), { ...platform, clock, fetch });
  const publish = async (news = mapped()): Promise<void> => {
    await publisher.publish(news, new AbortController().signal);
    assert.equal(still.pendingTimers, 0);
  };
  return {
    ...{ fake, server, publish },
    async refusal(news): Promise<PublishError> {
      const error = await publish(news).catch((reason: unknown) => reason);
      assert.ok(error instanceof PublishError, inspect(error));
      assert.doesNotMatch(inspect(error), /HUNTER2/);
      return error;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

const WWW: RedirectPlan = { host: "www.example.com", to: "direct.example.com", scheme: "http", status: 302 };
/** compat.md 6. */
const NATTER_RULE = {
  action: "redirect",
  action_parameters: {
    from_value: {
      status_code: 302,
      target_url: { expression: 'concat("http://direct.example.com:14500", http.request.uri.path)' },
      preserve_query_string: true,
    },
  },
  description: "Natter: www.example.com",
  enabled: true,
  expression: '(http.host eq "www.example.com")',
};

function withRules(fake: FakeCloudflare, phase: string, rules: readonly object[]): void {
  fake.rulesets.push({
    ...{ id: fake.newId(), name: "theirs", phase, kind: "zone" },
    rules: rules.map((rule) => ({ id: fake.newId(), ...rule })),
  });
}

function rulesOf(fake: FakeCloudflare, phase: string): readonly unknown[] {
  return fake.rulesets.filter((one) => one.phase === phase).flatMap(({ rules }) =>
    rules.map(({ id: _, ...rule }) => rule)
  );
}

Deno.test("openCloudflare() writes records as the API documents them, and the same again not at all", async () => {
  const records = [aPlan(), aaaaPlan(), srvPlan(), httpsPlan(["h2"]), potPlan()];
  await using rig = setUp({ records });
  await rig.publish();
  assert.deepEqual(
    rig.server.seen.filter(({ method }) => method === "POST").map(({ body }) => JSON.parse(body)),
    [
      { type: "A", name: "direct.example.com", ttl: 60, content: "203.0.113.10", proxied: false },
      { type: "AAAA", name: "wg.example.com", ttl: 60, content: "2001::38a4:cb00:710a", proxied: false },
      {
        ...{ type: "SRV", name: "_minecraft._tcp.mc.example.com", ttl: 60 },
        data: { priority: 10, weight: 0, port: 14_500, target: "mc.example.com" },
      },
      {
        ...{ type: "HTTPS", name: "www.example.com", ttl: 60 },
        data: { priority: 1, target: ".", value: "alpn=h2 port=14500 ipv4hint=203.0.113.10" },
      },
      { type: "TXT", name: "pot.example.com", ttl: 60, content: '"c3NoX3RjcDoxNDUwMA=="' },
    ],
  );
  const written = rig.fake.writes.length;
  await rig.publish();
  assert.equal(rig.fake.writes.length, written);
});

Deno.test("openCloudflare() asks for each zone once, and lists by name and type", async () => {
  await using rig = setUp({ records: [aPlan(), aPlan("b.example.com")], zone: undefined });
  await rig.publish();
  const lists = rig.server.seen.filter(({ method }) => method === "GET").map(({ path, query }) =>
    `${path} ${query.get("type") ?? ""} ${query.get("name")}`
  );
  assert.deepEqual(lists, [
    "/zones  direct.example.com",
    "/zones  example.com",
    "/zones/z1/dns_records A direct.example.com",
    "/zones  b.example.com",
    "/zones/z1/dns_records A b.example.com",
  ]);
});

Deno.test("openCloudflare() takes the zone of the longest suffix", async () => {
  const zones = [{ id: "z1", name: "example.com" }, { id: "z2", name: "sub.example.com" }];
  const records = [
    srvPlan("_minecraft._tcp.mc.sub.example.com"),
    aPlan("xsub.example.com"),
    aPlan("*.example.com"),
  ];
  await using rig = setUp({ records, zone: undefined }, { zones, ignoresFilters: true });
  await rig.publish();
  const posts = rig.server.seen.filter(({ method }) => method === "POST").map(({ path, body }) =>
    `${path.split("/")[2]} ${JSON.parse(body).name}`
  );
  assert.deepEqual(posts, [
    "z1 xsub.example.com",
    "z1 *.example.com",
    "z2 _minecraft._tcp.mc.sub.example.com",
  ]);
});

Deno.test("openCloudflare() looks the zone up again after a failure", async () => {
  await using rig = setUp({ records: [aPlan()] });
  await rig.publish();
  rig.server.fail({ kind: "status", status: 404, body: "{}" });
  assert.ok((await rig.refusal(mapped(1, "203.0.113.11"))).isPermanent);
  rig.server.heal();
  const before = rig.server.seen.length;
  await rig.publish(mapped(1, "203.0.113.11"));
  assert.equal(rig.server.seen[before]?.path, "/zones");
});

Deno.test("openCloudflare() keeps addresses out of the proxy, or in it, as the plan says", async () => {
  const proxied = { ...aPlan("www.example.com"), proxied: true } as const;
  await using rig = setUp({ records: [aPlan(), proxied] });
  rig.fake.seed([
    { name: "direct.example.com", content: "203.0.113.10", ttl: 1, proxied: true },
    { name: "www.example.com", content: "203.0.113.10", ttl: 60, comment: "mine" },
  ]);
  await rig.publish();
  assert.deepEqual(rig.fake.writes, ["PATCH A direct.example.com", "PATCH A www.example.com"]);
  const shown = rig.fake.records.map((record) => [record.name, record.proxied, record.ttl, record.comment]);
  assert.deepEqual(shown, [["direct.example.com", false, 60, null], ["www.example.com", true, 1, "mine"]]);
  await rig.publish();
  assert.equal(rig.fake.writes.length, 2);
});

Deno.test("openCloudflare() fits TTLs to what the API takes; 1 is automatic", async () => {
  const records = [1, 2, 59, 604_800].map((ttlSeconds, i) => ({ ...aPlan(`t${i}.example.com`), ttlSeconds }));
  await using rig = setUp({ records });
  await rig.publish();
  assert.deepEqual(rig.fake.records.map(({ ttl }) => ttl), [1, 60, 60, 86_400]);
  await rig.publish();
  assert.equal(rig.fake.writes.length, 4);
});

Deno.test("openCloudflare() writes the TTL of a port-over-TXT record that was automatic", async () => {
  await using rig = setUp({ records: [potPlan()] });
  rig.fake.seed([{ name: "pot.example.com", type: "TXT", content: "c3NoX3RjcDoxNDUwMA==", ttl: 1 }]);
  await rig.publish();
  assert.deepEqual(rig.fake.records.map(({ ttl, content }) => [ttl, content]), [[
    60,
    '"c3NoX3RjcDoxNDUwMA=="',
  ]]);
});

Deno.test("openCloudflare() signs in with a mail address and its key", async () => {
  const account = { kind: "key", email: EMAIL, key: new Secret(KEY) } as const;
  await using rig = setUp({ account, records: [aPlan()] });
  await rig.publish();
  assert.equal(rig.fake.records.length, 1);
});

Deno.test("openCloudflare() refuses credentials that HTTP cannot carry, without showing them", async () => {
  const accounts: readonly CloudflareOptions["account"][] = [
    { kind: "token", token: new Secret("HUNTER2 端") },
    { kind: "key", email: EMAIL, key: new Secret("HUNTER2\n") },
    { kind: "key", email: "a b@example.com", key: new Secret("HUNTER2") },
  ];
  for (const account of accounts) {
    await using rig = setUp({ account, records: [aPlan()] });
    assert.ok((await rig.refusal()).isPermanent);
    assert.equal(rig.server.seen.length, 0);
  }
});

Deno.test("openCloudflare() says what the API said, and whether it can help to try again", async () => {
  const cases = [
    [
      403,
      { code: 10_000, message: `Authentication error ${TOKEN}` },
      "10000: Authentication error ***",
      true,
    ],
    [
      400,
      {
        ...{ code: 6003, message: "Invalid request headers" },
        error_chain: [{ code: 6111, message: "Invalid format for Authorization header" }],
      },
      "6003: Invalid request headers: Invalid format for Authorization header",
      true,
    ],
    [200, { code: 9109, message: "Invalid access token" }, "9109: Invalid access token", true],
    [
      400,
      { code: 81_053, message: "An A, AAAA, or CNAME record with that host already exists." },
      undefined,
      true,
    ],
    [400, { code: 81_058, message: "An identical record already exists." }, undefined, false],
    [429, { code: 971, message: "Please wait" }, "971: Please wait", false],
    [503, { code: 1000, message: "down\nfor a while" }, "1000: down for a while", false],
    [200, { code: 1, message: "odd" }, "1: odd", false],
  ] as const;
  for (const [status, error, reason, isPermanent] of cases) {
    await using rig = setUp({ records: [aPlan()] });
    rig.server.fail({ kind: "status", status, body: await refused(status, error).text() });
    const refusal = await rig.refusal();
    assert.equal(refusal.isPermanent, isPermanent, refusal.reason);
    if (reason !== undefined) assert.equal(refusal.reason, `A direct.example.com: ${reason}`);
  }
});

Deno.test("openCloudflare() says which zone is missing", async () => {
  await using given = setUp({ records: [aPlan("x.other.test")], zone: "other.test" });
  assert.match((await given.refusal()).reason, /the account shows no zone other\.test/);
  await using found = setUp({ records: [aPlan("x.other.test")], zone: undefined });
  const { reason, isPermanent } = await found.refusal();
  assert.match(
    reason,
    /the account shows no zone for x\.other\.test; a token needs the permission Zone Read/,
  );
  assert.ok(isPermanent);
});

Deno.test("openCloudflare() creates the ruleset and Natter's redirect rule where there is none", async () => {
  await using rig = setUp({ redirects: [WWW] });
  await rig.publish();
  assert.deepEqual(rulesOf(rig.fake, "http_request_dynamic_redirect"), [NATTER_RULE]);
  assert.equal(rig.fake.rulesets[0]?.name, "Redirect rules ruleset");
  await rig.publish();
  assert.deepEqual(rig.fake.writes, [
    "POST ruleset http_request_dynamic_redirect",
    "POST rule http_request_dynamic_redirect",
  ]);
});

Deno.test("openCloudflare() takes over Natter's rule and leaves others as they are", async () => {
  const theirs = [
    {
      ...NATTER_RULE,
      description: "Natter: other.example.com",
      expression: '(http.host eq "other.example.com")',
    },
    { ...NATTER_RULE, description: "a rule of the user's for the same host" },
    { action: "redirect", description: "", expression: "true" },
  ];
  await using rig = setUp({ redirects: [WWW] });
  for (const phase of ["http_request_firewall_custom", "http_ratelimit", "http_request_transform"]) {
    withRules(rig.fake, phase, []);
  }
  rig.fake.rulesets.push({
    ...{ id: "managed", name: "managed", phase: "http_request_dynamic_redirect", kind: "managed" },
    rules: [],
  });
  withRules(rig.fake, "http_request_dynamic_redirect", [theirs[0] ?? {}, NATTER_RULE, ...theirs.slice(1)]);
  await rig.publish();
  assert.deepEqual(rig.fake.writes, []);
  await rig.publish(mapped(14_501));
  const moved = JSON.parse(JSON.stringify(NATTER_RULE).replace("14500", "14501"));
  assert.deepEqual(rulesOf(rig.fake, "http_request_dynamic_redirect"), [
    theirs[0],
    moved,
    ...theirs.slice(1),
  ]);
  assert.equal(rig.fake.writes.length, 1);
});

Deno.test("openCloudflare() redirects to https, with another status, and to IPv6 mappings by name", async () => {
  await using rig = setUp({ redirects: [{ ...WWW, scheme: "https", status: 307 }] });
  await rig.publish(mapped6());
  const [rule] = rulesOf(rig.fake, "http_request_dynamic_redirect") as readonly (typeof NATTER_RULE)[];
  assert.equal(rule?.action_parameters.from_value.status_code, 307);
  assert.equal(
    rule?.action_parameters.from_value.target_url.expression,
    'concat("https://direct.example.com:14500", http.request.uri.path)',
  );
});

Deno.test("openCloudflare() keeps origin rules with what users added to them", async () => {
  const expression = '(http.host eq "app.example.com")';
  const origin = { action: "route", enabled: true, expression };
  const natters = {
    ...origin,
    action_parameters: { origin: { port: 1, host: "x.test" }, host_header: "in.test" },
    description: "",
  };
  const theirs = { ...origin, action_parameters: { origin: { port: 8080 } }, description: "of the user" };
  await using rig = setUp({ origins: ["app.example.com", "new.example.com"] });
  withRules(rig.fake, "http_request_origin", [theirs, natters]);
  await rig.publish();
  assert.deepEqual(rulesOf(rig.fake, "http_request_origin"), [
    theirs,
    {
      ...origin,
      action_parameters: { origin: { port: 14_500, host: "x.test" }, host_header: "in.test" },
      description: "Natter: app.example.com",
    },
    {
      action: "route",
      action_parameters: { origin: { port: 14_500 } },
      description: "Natter: new.example.com",
      enabled: true,
      expression: '(http.host eq "new.example.com")',
    },
  ]);
  await rig.publish();
  assert.equal(rig.fake.writes.length, 2);
});

Deno.test("openCloudflare() enables its rule again", async () => {
  await using rig = setUp({ redirects: [WWW] });
  withRules(rig.fake, "http_request_dynamic_redirect", [{ ...NATTER_RULE, enabled: false }]);
  await rig.publish();
  assert.deepEqual(rulesOf(rig.fake, "http_request_dynamic_redirect"), [NATTER_RULE]);
});

Deno.test("openCloudflare() goes on with rules when records are refused, and names all on one line", async () => {
  await using rig = setUp({ records: [aPlan("x.other.test")], zone: undefined, redirects: [WWW] });
  const { reason, isPermanent } = await rig.refusal();
  assert.match(reason, /^A x\.other\.test: the account shows no zone/);
  assert.ok(isPermanent);
  assert.equal(rulesOf(rig.fake, "http_request_dynamic_redirect").length, 1);
});

Deno.test("openCloudflare() refuses for good when nothing fits, unless there are rules", async () => {
  await using bare = setUp({ records: [aPlan()] });
  assert.equal((await bare.refusal(mapped6())).reason, "A direct.example.com: the mapping is IPv6");
  await using rig = setUp({ records: [aPlan()], origins: ["app.example.com"] });
  await rig.publish(mapped6());
  assert.equal(rulesOf(rig.fake, "http_request_origin").length, 1);
});

Deno.test("openCloudflare() tells broken answers to rules", async () => {
  for (const [kind, after] of [["truncated", 0], ["html", 1], ["truncated", 1], ["truncated", 2]] as const) {
    await using rig = setUp({ redirects: [WWW] });
    withRules(rig.fake, "http_request_dynamic_redirect", [{ ...NATTER_RULE, enabled: false }]);
    rig.server.fail({ kind }, { after });
    const { reason, isPermanent } = await rig.refusal();
    assert.equal(reason, "redirect rule www.example.com: the answer is none of Cloudflare's API");
    assert.ok(!isPermanent);
    rig.server.heal();
    await rig.publish();
    assert.deepEqual(rulesOf(rig.fake, "http_request_dynamic_redirect"), [NATTER_RULE]);
  }
});

Deno.test("openCloudflare() takes the ruleset that somebody else made meanwhile", async () => {
  await using rig = setUp({ redirects: [WWW] });
  const other = { ...cloudflareOptions(rig.server.url), redirects: [{ ...WWW, host: "shop.example.com" }] };
  const publisher = openCloudflare(other, { ...openFakeWorld().platform, fetch });
  await Promise.all([rig.publish(), publisher.publish(mapped(), new AbortController().signal)]);
  const [ruleset, ...others] = rig.fake.rulesets;
  assert.deepEqual(others, []);
  assert.deepEqual(ruleset?.rules.map(({ description }) => description).sort(), [
    "Natter: shop.example.com",
    "Natter: www.example.com",
  ]);
});
