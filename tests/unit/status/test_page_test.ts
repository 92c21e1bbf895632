import assert from "node:assert/strict";
import { createTestPage, type ShownMapping, type TestPageOptions } from "../../../src/status/test_page.ts";

const mapping: ShownMapping = {
  internal: { address: "192.168.1.2", port: 3456 },
  external: { address: "203.0.113.10", port: 14500 },
  at: new Date("2026-11-21T02:00:00.000Z"),
};
const visitor: Deno.NetAddr = { transport: "tcp", hostname: "198.51.100.7", port: 51234 };
const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

async function visit(
  path: string,
  init: RequestInit = {},
  options: Partial<TestPageOptions> & { readonly from?: Deno.NetAddr } = {},
): Promise<Response> {
  const { from = visitor, ...rest } = options;
  const page = createTestPage({
    getMapping: () => mapping,
    protocol: "tcp",
    name: "ssh",
    lang: "en",
    ...rest,
  });
  return await page.request(path, init, { remoteAddr: from });
}

Deno.test("createTestPage() answers text to curl and to whoever names no type", async () => {
  const inits: readonly RequestInit[] = [
    {},
    { headers: { "accept": "*/*", "user-agent": "curl/8.0.0" } },
    { headers: { "accept": BROWSER, "user-agent": "Wget/1.21" } },
  ];
  for (const init of inits) {
    const response = await visit("/", init);
    assert.equal(response.status, 200);
    assert.match(response.headers.get("content-type") ?? "", /^text\/plain; ?charset=utf-8$/i);
    const text = await response.text();
    assert.match(text, /^It works!\n/);
    for (
      const part of ["198.51.100.7:51234", "192.168.1.2:3456", "203.0.113.10:14500", "2001::38a4:cb00:710a"]
    ) {
      assert.ok(text.includes(part), part);
    }
    assert.ok(text.includes("ssh (tcp)") && text.includes("2026-11-21T02:00:00.000Z"));
  }
});

Deno.test("createTestPage() answers a self-contained page to browsers on any path", async () => {
  for (const path of ["/", "/a/b?c=d", "/favicon.ico"]) {
    const response = await visit(path, { headers: { accept: BROWSER, "user-agent": "Mozilla/5.0" } });
    assert.equal(response.status, 200);
    assert.match(response.headers.get("content-type") ?? "", /^text\/html; ?charset=utf-8$/i);
    const html = await response.text();
    assert.match(html, /^\s*<!doctype html>\s*<html lang="en">/i);
    for (const part of ["It works!", "198.51.100.7:51234", "203.0.113.10:14500"]) {
      assert.ok(html.includes(part));
    }
    assert.doesNotMatch(html, /<script|<link|<img|src=|url\(|@import|https?:/i);
  }
});

Deno.test("createTestPage() allows its own style sheet by hash and nothing else", async () => {
  const response = await visit("/", { headers: { accept: BROWSER } });
  const style = /<style>([\s\S]*?)<\/style>/.exec(await response.text())?.[1] ?? "";
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style));
  const policy = response.headers.get("content-security-policy") ?? "";
  assert.match(policy, /default-src 'none'/);
  assert.ok(policy.includes(`style-src 'sha256-${new Uint8Array(digest).toBase64()}'`), policy);
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  assert.equal(response.headers.get("cache-control"), "no-store");
});

Deno.test("createTestPage() answers JSON when asked for it", async () => {
  const want = {
    works: true,
    visitor: "198.51.100.7:51234",
    name: "ssh",
    protocol: "tcp",
    internal: "192.168.1.2:3456",
    external: "203.0.113.10:14500",
    ip4p: "2001::38a4:cb00:710a",
    since: "2026-11-21T02:00:00.000Z",
  };
  const asked = await visit("/", { headers: { "accept": "application/json", "user-agent": "curl/8" } });
  assert.match(asked.headers.get("content-type") ?? "", /^application\/json/);
  assert.deepEqual(await asked.json(), want);
  assert.deepEqual(await (await visit("/x?format=json", { headers: { accept: BROWSER } })).json(), want);
});

Deno.test("createTestPage() lets ?format= override, and ignores formats it does not have", async () => {
  const text = await visit("/?format=text", { headers: { accept: BROWSER } });
  assert.match(text.headers.get("content-type") ?? "", /^text\/plain/);
  const html = await visit("/?format=html");
  assert.match(html.headers.get("content-type") ?? "", /^text\/html/);
  const unknown = await visit("/?format=xml", { headers: { accept: BROWSER } });
  assert.match(unknown.headers.get("content-type") ?? "", /^text\/html/);
});

Deno.test("createTestPage() answers HEAD without a body and POST like GET", async () => {
  const head = await visit("/", { method: "HEAD", headers: { accept: BROWSER } });
  assert.equal(head.status, 200);
  assert.equal(await head.text(), "");
  assert.match(head.headers.get("content-type") ?? "", /^text\/html/);
  const post = await visit("/", { method: "POST", body: "x" });
  assert.match(await post.text(), /^It works!/);
});

Deno.test("createTestPage() shows nothing that the visitor sent", async () => {
  const mark = "<b>evil</b>";
  const encoded = encodeURIComponent(mark);
  const headers = { "accept": `${BROWSER}, ${encoded}`, "user-agent": encoded, "x-forwarded-for": encoded };
  for (const format of ["html", "text", "json"]) {
    const response = await visit(`/${encoded}?format=${format}&x=${encoded}`, { headers });
    const body = await response.text();
    assert.ok(!body.includes(mark) && !body.includes(encoded) && !body.includes("evil"), format);
  }
});

Deno.test("createTestPage() escapes the tunnel's name in HTML", async () => {
  const response = await visit("/?format=html", {}, { name: '<i>&"x' });
  const html = await response.text();
  assert.ok(html.includes("&lt;i&gt;&amp;&quot;x"));
});

Deno.test("createTestPage() writes IPv6 endpoints in brackets, mapped IPv4 ones as IPv4, and no IP4P", async () => {
  const six: ShownMapping = {
    internal: { address: "fd00::2", port: 3456 },
    external: { address: "2001:db8::1", port: 14500 },
  };
  const response = await visit("/?format=json", {}, {
    getMapping: () => six,
    from: { transport: "tcp", hostname: "::ffff:198.51.100.7", port: 1 },
  });
  assert.deepEqual(await response.json(), {
    works: true,
    visitor: "198.51.100.7:1",
    name: "ssh",
    protocol: "tcp",
    internal: "[fd00::2]:3456",
    external: "[2001:db8::1]:14500",
  });
});

Deno.test("createTestPage() works before anything is mapped, and in Chinese", async () => {
  const options = { getMapping: (): undefined => undefined, lang: "zh-CN" as const };
  const text = await (await visit("/", {}, options)).text();
  assert.ok(text.startsWith("It works!") && text.includes("尚未得知"));
  const html = await (await visit("/?format=html", {}, options)).text();
  assert.ok(html.includes('lang="zh-CN"'));
});
