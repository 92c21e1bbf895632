import assert from "node:assert/strict";
import { Secret } from "../../../../src/core/secret.ts";
import { planEntry } from "./publish_rig.ts";

const CF = { provider: "cloudflare", token: "t" };
const A = { type: "A", name: "direct.example.com" };
const NOTHING = "nothing to publish: expected records, redirect or origin";

Deno.test("planCloudflare() fills in every default", () => {
  const entry = planEntry({
    ...CF,
    zone: "Example.COM.",
    records: [{ type: "A", name: "direct" }],
    redirect: [{ host: "www", to: "direct" }, {
      host: "@",
      to: "x.other.test.",
      scheme: "https",
      status: 307,
    }],
    origin: ["app", "app.example.com"],
  });
  assert.deepEqual(entry, {
    provider: "cloudflare",
    account: { kind: "token", token: new Secret("t") },
    zone: "example.com",
    records: [{ type: "A", name: "direct.example.com", ttlSeconds: 60, proxied: false }],
    redirects: [
      { host: "www.example.com", to: "direct.example.com", scheme: "http", status: 302 },
      { host: "example.com", to: "x.other.test", scheme: "https", status: 307 },
    ],
    origins: ["app.example.com"],
    api: "https://api.cloudflare.com/client/v4",
  });
  assert.ok("account" in entry && entry.account.kind === "token" && entry.account.token.reveal() === "t");
});

Deno.test("planCloudflare() takes a mail address with its key, whole names, and another API", () => {
  const { token: _, ...rest } = CF;
  const api = "http://127.0.0.1:1/v4/";
  const entry = planEntry({ ...rest, email: "a@example.com", key: "k", api, records: [A] });
  assert.ok("account" in entry && entry.account.kind === "key");
  assert.equal(entry.account.email, "a@example.com");
  assert.equal(entry.account.key.reveal(), "k");
  assert.deepEqual([entry.zone, entry.api, entry.records[0]?.name], [
    undefined,
    "http://127.0.0.1:1/v4",
    "direct.example.com",
  ]);
});

Deno.test("planCloudflare() refuses accounts that are none, both or half", () => {
  const provider = "cloudflare";
  const records = [A];
  assert.deepEqual(planEntry({ provider, records }), ["expected token, or email and key"]);
  assert.deepEqual(planEntry({ provider, email: "a@b.test", records }), ["expected both email and key"]);
  assert.deepEqual(planEntry({ provider, key: "k", records }), ["expected both email and key"]);
  for (const more of [{ key: "k" }, { email: "a@b.test" }, { email: "a@b.test", key: "k" }]) {
    assert.deepEqual(planEntry({ ...CF, ...more, records }), ["expected token, or email and key, not both"]);
  }
  assert.deepEqual(planEntry({ ...CF, token: "env:GONE", records }), ["token: the secret could not be read"]);
});

Deno.test("planCloudflare() refuses an entry that does nothing", () => {
  assert.deepEqual(planEntry(CF), [NOTHING]);
});

Deno.test("planCloudflare() refuses rules of a UDP tunnel", () => {
  const rules = "rules are for web sites over TCP, but the tunnel is UDP";
  const entry = {
    ...CF,
    records: [A],
    redirect: [{ host: "www.example.com", to: "direct.example.com" }],
    origin: ["app.example.com"],
  };
  assert.deepEqual(planEntry(entry, { protocol: "udp" }), [`redirect: ${rules}`, `origin: ${rules}`]);
  assert.ok("provider" in planEntry({ ...CF, records: [A] }, { protocol: "udp" }));
});

Deno.test("planCloudflare() refuses names that are none, relative without a zone, or outside of it", () => {
  const zone = "example.com";
  const whole = 'expected a whole name, because "zone" is not given';
  for (
    const [more, faults] of [
      [{ zone: "a b", records: [A] }, ["zone: expected a domain name"]],
      [{ records: [{ type: "A" }] }, [`records[0]: ${whole}`]],
      [{ records: [{ type: "A", name: "@" }] }, [`records[0].name: ${whole}`]],
      [{ zone, origin: ["app.other.test."] }, ["origin[0]: expected a name within the zone example.com"]],
      [{ zone, origin: ["*"] }, ["origin[0]: expected a name without *"]],
      [{ zone, redirect: [{ host: "a..b", to: "c" }] }, ["redirect[0].host: expected a domain name"]],
      [{ zone, redirect: [{ host: "*.w", to: "c" }] }, ["redirect[0].host: expected a name without *"]],
      [{ zone, redirect: [{ host: "w", to: "*" }] }, ["redirect[0].to: expected a name without *"]],
      [{ zone, redirect: [{ host: "w", to: "W" }] }, [
        "redirect[0].to: expected another name than host, which is Cloudflare's own server",
      ]],
    ] as const
  ) assert.deepEqual(planEntry({ ...CF, ...more }), faults);
});
