import assert from "node:assert/strict";
import { Secret } from "../../../src/core/secret.ts";
import { publisherPlace } from "../../../src/publish/publisher_place.ts";
import { hookTo } from "./webhook_rig.ts";

const ttlSeconds = 60;
const a = (name: string): { type: "A"; name: string; ttlSeconds: number } => ({
  type: "A",
  name,
  ttlSeconds,
});

Deno.test("publisherPlace() names what is changed, each name once, and no secret", () => {
  const secret = new Secret("hunter2");
  const common = { zone: "example.com", api: "https://api.example/" };
  assert.equal(
    publisherPlace({
      ...{ provider: "cloudflare", account: { kind: "token", token: secret }, ...common },
      records: [a("mc.example.com"), { type: "AAAA", name: "mc.example.com", ttlSeconds }],
      redirects: [{ host: "www.example.com", to: "mc.example.com", scheme: "http", status: 302 }],
      origins: [],
    }),
    "mc.example.com, www.example.com",
  );
  assert.equal(
    publisherPlace({
      ...{ provider: "dynv6", token: secret, ...common },
      records: ["a", "b", "c", "d", "e"].map((label) => a(`${label}.example.com`)),
    }),
    "a.example.com, b.example.com, c.example.com, d.example.com, …",
  );
  assert.equal(
    publisherPlace({
      ...{ provider: "qbittorrent", url: "http://u:hunter2@nas.lan:8080/x", port: "listen" },
      ...{ user: undefined, password: undefined },
    }),
    "nas.lan:8080",
  );
  assert.equal(publisherPlace(hookTo("https://hooks.example/hunter2")), undefined);
});
