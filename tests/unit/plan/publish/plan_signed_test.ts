import assert from "node:assert/strict";
import { formatFault } from "../../../../src/config/config_fault.ts";
import { parseConfig } from "../../../../src/config/parse_config.ts";
import { Secret } from "../../../../src/core/secret.ts";
import { planService } from "../../../../src/plan/plan_service.ts";
import type { PublisherOptions } from "../../../../src/publish/options.ts";

const defaults = {
  stunTcp: [{ host: "tcp.stun", port: 3478 }],
  stunUdp: [{ host: "udp.stun", port: 3478 }],
  keepAliveHosts: [{ host: "http", port: 80 }],
};
const secretOf = (text: string): Secret | undefined => text === "env:NONE" ? undefined : new Secret(text);

type Outcome =
  | { readonly kind: "plan"; readonly publisher: PublisherOptions | undefined }
  | { readonly kind: "faults"; readonly faults: readonly string[] };

/** Parsed as a file is, then planned. */
function outcomeOf(entry: unknown, protocol = "tcp"): Outcome {
  const parsed = parseConfig(
    `{"tunnels": [{"protocol": "${protocol}", "publish": [${JSON.stringify(entry)}]}]}`,
  );
  const result = parsed.kind === "config"
    ? planService(parsed.config, { defaults, baseDirectory: "/", secretOf, placeOf: parsed.source.placeOf })
    : parsed;
  if (result.kind === "plan") return { kind: "plan", publisher: result.plan.tunnels[0]?.publish[0] };
  const faults = result.faults.map((fault) =>
    formatFault(fault).replace(/^\d+:\d+: tunnels\[0\]\.publish\[0\](\.|: )?/, "")
  );
  return { kind: "faults", faults };
}

function planned(entry: unknown): PublisherOptions {
  const outcome = outcomeOf(entry);
  assert.ok(outcome.kind === "plan" && outcome.publisher !== undefined, JSON.stringify(outcome));
  return outcome.publisher;
}

function faultsOf(entry: unknown, protocol?: string): readonly string[] {
  const outcome = outcomeOf(entry, protocol);
  return outcome.kind === "plan" ? [] : outcome.faults;
}

const zone = "Example.COM.";
const records = [{ type: "A", name: "mc" }];
const record = { type: "A", name: "mc.example.com", ttlSeconds: 60 };
const ENTRIES = {
  dynv6: { provider: "dynv6", token: "T", zone, records },
  tencentcloud: { provider: "tencentcloud", id: "I", key: "K", zone, records },
  alidns: { provider: "alidns", id: "I", key: "K", zone, records },
  edgeone: { provider: "edgeone", id: "I", key: "K", zone, host: "WWW" },
  edgeone_intl: { provider: "edgeone_intl", id: "I", key: "K", zone, host: "www.example.com" },
  aliesa: { provider: "aliesa", id: "I", key: "K", zone, host: "www" },
} as const;

Deno.test("planSigned() fills in every default, names canonical and whole", () => {
  const account = { id: new Secret("I"), key: new Secret("K") };
  const named = { zone: "example.com", records: [record] };
  const site = { ...account, zone: "example.com", host: "www.example.com" };
  const expected: readonly PublisherOptions[] = [
    {
      provider: "dynv6",
      token: new Secret("T"),
      ...named,
      api: "https://dynv6.com/api/v2",
    } as PublisherOptions,
    {
      provider: "tencentcloud",
      ...account,
      ...named,
      api: "https://dnspod.tencentcloudapi.com",
    } as PublisherOptions,
    { provider: "alidns", ...account, ...named, api: "https://alidns.aliyuncs.com" } as PublisherOptions,
    { provider: "edgeone", ...site, rule: "WWW", api: "https://teo.tencentcloudapi.com" },
    {
      provider: "edgeone_intl",
      ...site,
      rule: "www.example.com",
      api: "https://teo.intl.tencentcloudapi.com",
    },
    { provider: "aliesa", ...site, rule: "www", api: "https://esa.cn-hangzhou.aliyuncs.com" },
  ];
  const plans = Object.values(ENTRIES).map(planned);
  assert.deepEqual(JSON.parse(JSON.stringify(plans)), JSON.parse(JSON.stringify(expected)));
  for (const plan of plans) {
    if (plan.provider === "dynv6") assert.equal(plan.token.reveal(), "T");
    else assert.ok("id" in plan && plan.id.reveal() === "I" && plan.key.reveal() === "K");
  }
});

Deno.test("planSigned() keeps what is given instead of a default", () => {
  for (const entry of Object.values(ENTRIES)) {
    const plan = planned({ ...entry, api: "http://127.0.0.1:1/x" });
    assert.ok("api" in plan);
    assert.equal(plan.api, "http://127.0.0.1:1/x");
  }
  const esa = planned({ ...ENTRIES.aliesa, host: "@", rule: "my rule" });
  assert.ok(esa.provider === "aliesa");
  assert.deepEqual([esa.host, esa.rule], ["example.com", "my rule"]);
});

Deno.test("planSigned() refuses origins of UDP tunnels, and takes their records", () => {
  for (const provider of ["edgeone", "edgeone_intl", "aliesa"] as const) {
    assert.deepEqual(faultsOf(ENTRIES[provider], "udp"), [`provider: ${provider} is for TCP tunnels only`]);
  }
  for (const provider of ["dynv6", "tencentcloud", "alidns"] as const) {
    assert.deepEqual(faultsOf(ENTRIES[provider], "udp"), []);
  }
});

Deno.test("planSigned() refuses names that are none or not within the zone, once", () => {
  for (const entry of [ENTRIES.dynv6, ENTRIES.tencentcloud, ENTRIES.alidns]) {
    assert.deepEqual(faultsOf({ ...entry, zone: "a..b" }), ["zone: expected a domain name"]);
    assert.deepEqual(faultsOf({ ...entry, records: [{ type: "A", name: "x.example.net." }] }), [
      "records[0].name: expected a name within the zone example.com",
    ]);
  }
  for (const entry of [ENTRIES.edgeone, ENTRIES.edgeone_intl, ENTRIES.aliesa]) {
    assert.deepEqual(faultsOf({ ...entry, zone: "a..b" }), ["zone: expected a domain name"]);
    assert.deepEqual(faultsOf({ ...entry, host: "www.example.net." }), [
      "host: expected a name within the zone example.com",
    ]);
    assert.deepEqual(faultsOf({ ...entry, host: "a b" }), ["host: expected a domain name"]);
  }
});

Deno.test("planSigned() refuses records that dynv6 cannot hold", () => {
  const bindings = [{ type: "HTTPS", name: "www" }, { type: "A" }, { type: "SVCB", name: "_x" }];
  assert.deepEqual(faultsOf({ ...ENTRIES.dynv6, records: bindings }), [
    "records[0].type: dynv6 has no HTTPS records",
    "records[2].type: dynv6 has no SVCB records",
  ]);
  assert.deepEqual(faultsOf({ ...ENTRIES.alidns, records: bindings }), []);
});

Deno.test("planSigned() refuses secrets that could not be read, all at once", () => {
  const unread = "the secret could not be read";
  assert.deepEqual(faultsOf({ ...ENTRIES.dynv6, token: "env:NONE" }), [`token: ${unread}`]);
  for (const entry of [ENTRIES.tencentcloud, ENTRIES.alidns, ENTRIES.edgeone, ENTRIES.aliesa]) {
    assert.deepEqual(faultsOf({ ...entry, id: "env:NONE", key: "env:NONE" }), [
      `id: ${unread}`,
      `key: ${unread}`,
    ]);
  }
});

Deno.test("signedSchemas refuse what is missing, unknown or malformed, and repeat no secret", () => {
  for (const entry of Object.values(ENTRIES)) {
    for (const key of Object.keys(entry).filter((name) => name !== "provider")) {
      const { [key]: _, ...others } = entry as Readonly<Record<string, unknown>>;
      assert.equal(faultsOf(others).length, 1, `${entry.provider} without ${key}`);
    }
    assert.equal(faultsOf({ ...entry, ttl: 60 }).length, 1);
    assert.equal(faultsOf({ ...entry, api: "ftp://x" }).length, 1);
    for (const secret of ["token", "id", "key"].filter((name) => name in entry)) {
      const [fault = "", ...more] = faultsOf({ ...entry, [secret]: "" });
      assert.deepEqual([fault.startsWith(`${secret}: `), more], [true, []]);
    }
  }
  assert.equal(faultsOf({ ...ENTRIES.edgeone, rule: "x" }).length, 1);
  assert.equal(faultsOf({ ...ENTRIES.dynv6, records: [] }).length, 1);
});
