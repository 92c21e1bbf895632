import assert from "node:assert/strict";
import type { MappingEvent } from "../../../src/core/mapping.ts";
import { Secret } from "../../../src/core/secret.ts";
import { createStatusApp, type StatusAppOptions } from "../../../src/status/status_app.ts";
import { FakeClock, settle } from "../../fakes/fake_clock.ts";
import { after, FakeControl, LogBook, mapping, NOW, service, tunnel } from "./status_rig.ts";

class Rig {
  readonly control = new FakeControl();
  readonly closing = new AbortController();
  readonly clock = new FakeClock(NOW);
  readonly log = new LogBook();
  readonly #app: ReturnType<typeof createStatusApp>;

  constructor(more: Partial<StatusAppOptions> = {}) {
    const { control, clock, log } = this;
    this.#app = createStatusApp({ control, clock, log, lang: "en", closing: this.closing.signal, ...more });
  }

  async ask(path: string, init: RequestInit = {}): Promise<Response> {
    return await this.#app.request(path, init);
  }
}

const mapped: MappingEvent = { event: "mapped", name: "ssh", protocol: "tcp", at: NOW, ...mapping() };
const client: MappingEvent = {
  ...{ event: "client", name: "ssh", protocol: "tcp", at: NOW, state: "opened" },
  client: { address: "198.51.100.7", port: 1 },
};

Deno.test("createStatusApp() answers GET /status with the snapshot, never to be stored", async () => {
  const rig = new Rig();
  const response = await rig.ask("/status");
  assert.deepEqual(await response.json(), rig.control.current);
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
});

Deno.test("createStatusApp() answers GET /health with 200 or 503, and refuses ages that are none", async () => {
  const rig = new Rig();
  rig.control.current = service([tunnel({ confirmedAt: after(-60).toISOString() }), tunnel({ name: "b" })]);
  const statuses: Readonly<Record<string, number>> = {
    "": 200,
    "?maxAgeMs=59999": 503,
    "?name=b&maxAgeMs=59999": 200,
    "?name=c": 503,
    "?maxAgeMs=soon": 400,
    "?maxAgeMs=-1": 400,
  };
  for (const [query, status] of Object.entries(statuses)) {
    const response = await rig.ask(`/health${query}`);
    assert.equal(response.status, status, query);
    if (status !== 400) assert.equal((await response.json()).healthy, status === 200);
  }
});

Deno.test("createStatusApp() verifies one tunnel, or all, and knows which there are", async () => {
  const rig = new Rig();
  const post = { method: "POST" };
  assert.deepEqual(await (await rig.ask("/verify", post)).json(), rig.control.current);
  assert.equal((await rig.ask("/verify?name=ssh", post)).status, 200);
  const unknown = await rig.ask("/verify?name=x%20y", post);
  assert.deepEqual([unknown.status, (await unknown.json()).error], [
    404,
    'Cannot verify "x y": there is no such tunnel',
  ]);
  assert.deepEqual(rig.control.verified, [undefined, "ssh", "x y"]);
  assert.equal((await rig.ask("/verify")).status, 404, "only POST does something");
  assert.equal(rig.clock.pendingTimers, 0);
});

Deno.test("createStatusApp() gives up a lookup after 20 s, and when the daemon ends", async () => {
  for (const end of ["time", "closing"]) {
    const rig = new Rig();
    rig.control.hangs = true;
    const answer = rig.ask("/verify", { method: "POST" });
    await settle();
    if (end === "time") await rig.clock.advance(20_000);
    else rig.closing.abort(new Error("the end"));
    assert.equal((await answer).status, 504, end);
  }
});

Deno.test("createStatusApp() streams events as JSON lines until the reader leaves or the daemon ends", async () => {
  const rig = new Rig();
  const all = (await rig.ask("/events")).body?.getReader();
  const some = (await rig.ask("/events?clients=0")).body?.getReader();
  assert.ok(all && some);
  rig.control.emit(client);
  rig.control.emit(mapped);
  const line = async (reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> =>
    new TextDecoder().decode((await reader.read()).value);
  assert.equal(JSON.parse(await line(all)).event, "client");
  const text = await line(some);
  assert.ok(text.startsWith('{"event":"mapped","name":"ssh"') && text.endsWith("}\n"), text);
  assert.equal(rig.control.readers, 2);
  await some.cancel();
  assert.equal(rig.control.readers, 1);
  rig.closing.abort();
  await all.read();
  assert.ok((await all.read()).done);
  assert.equal(rig.control.readers, 0);
  assert.equal(await (await rig.ask("/events")).text(), "", "nothing is subscribed after the end");
  assert.equal(rig.control.readers, 0);
});

Deno.test("createStatusApp() drops a reader of events that is too slow, by an error", async () => {
  const rig = new Rig();
  const reader = (await rig.ask("/events")).body?.getReader();
  let sent = 0;
  while (rig.control.readers > 0 && sent++ < 100_000) rig.control.emit(mapped);
  assert.ok(sent > 500 && sent < 3000, `${sent}`);
  await assert.rejects(async () => await reader?.read(), RangeError);
});

Deno.test("createStatusApp() has at most 64 readers of events, and none for HEAD", async () => {
  const rig = new Rig();
  assert.equal((await rig.ask("/events", { method: "HEAD" })).status, 200);
  assert.equal(rig.control.readers, 0);
  const streams = await Promise.all(Array.from({ length: 70 }, () => rig.ask("/events")));
  assert.equal(rig.control.readers, 64);
  assert.equal(streams.filter(({ status }) => status === 503).length, 6);
  for (const { body } of streams) await body?.cancel();
  assert.equal(rig.control.readers, 0);
  const again = await rig.ask("/events");
  assert.equal(again.status, 200);
  await again.body?.cancel();
});

Deno.test("createStatusApp() asks for the token everywhere, as Bearer or as a password", async () => {
  const rig = new Rig({ token: new Secret("sésame:1") });
  const basic = `Basic ${new TextEncoder().encode("me:sésame:1").toBase64()}`;
  const good = [`Bearer sésame:1`, `bearer  sésame:1 `, basic];
  const bad = [undefined, "", "Bearer", "Bearer x", "Bearer sésame:12", "sésame:1", "Basic !!", "Basic bWU="];
  for (const path of ["/", "/status", "/events", "/metrics", "/health", "/none"]) {
    const response = await rig.ask(path);
    assert.equal(response.status, 401, path);
    assert.match(response.headers.get("www-authenticate") ?? "", /^Basic realm/);
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.ok(!(await response.text()).includes("sésame"));
  }
  const status = async (authorization: string | undefined): Promise<number> =>
    // Headers hold bytes; what a client sends as UTF-8 arrives as such.
    (await rig.ask(
      "/status",
      authorization === undefined ? {} : { headers: { authorization: bytes(authorization) } },
    ))
      .status;
  for (const header of good.slice(2)) assert.equal(await status(header), 200, header);
  for (const header of bad) assert.equal(await status(header), 401, header);
  const plain = new Rig({ token: new Secret("abc") });
  for (const authorization of ["Bearer abc", "bearer  abc "]) {
    assert.equal((await plain.ask("/status", { headers: { authorization } })).status, 200);
  }
  assert.equal((await plain.ask("/status?token=abc")).status, 401, "a token in a URL ends up in logs");
  assert.deepEqual([...rig.log.lines, ...plain.log.lines], []);
});

function bytes(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

Deno.test("createStatusApp() lets no other site in through a visitor's browser", async () => {
  const rig = new Rig();
  const hosts: Readonly<Record<string, number>> = {
    "127.0.0.1:7380": 200,
    "[::1]:7380": 200,
    "localhost:7380": 200,
    "nas": 200,
    "nas.lan:7380": 200,
    "NAS.local.": 200,
    "evil.example": 403,
    "evil.example:7380": 403,
    "127.0.0.1.evil.example": 403,
    "evil.example.": 403,
  };
  const token = new Secret("abc");
  const authorization = "Bearer abc";
  for (const [host, status] of Object.entries(hosts)) {
    assert.equal((await rig.ask("/status", { headers: { host } })).status, status, host);
    const guarded = await new Rig({ token }).ask("/status", { headers: { host, authorization } });
    assert.equal(guarded.status, 200, host);
    assert.equal(
      (await new Rig({ guardsBrowsers: false }).ask("/status", { headers: { host } })).status,
      200,
    );
  }
  const foreign = { method: "POST", headers: { "sec-fetch-site": "cross-site" } };
  assert.equal((await rig.ask("/verify", foreign)).status, 403);
  assert.deepEqual(rig.control.verified, []);
  assert.equal(
    (await rig.ask("/verify", { method: "POST", headers: { "sec-fetch-site": "none" } })).status,
    200,
  );
});

Deno.test("createStatusApp() shows a page that loads nothing and allows exactly its own style and script", async () => {
  const response = await new Rig().ask("/");
  assert.match(response.headers.get("content-type") ?? "", /^text\/html; ?charset=utf-8/i);
  const html = await response.text();
  const policy = response.headers.get("content-security-policy") ?? "";
  for (const [tag, name] of [["style", "style-src"], ["script", "script-src"]] as const) {
    const text = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(html)?.[1] ?? "";
    assert.notEqual(text, "");
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    assert.ok(policy.includes(`${name} 'sha256-${new Uint8Array(digest).toBase64()}'`), policy);
    if (tag === "script") assert.doesNotThrow(() => new Function(text));
  }
  assert.match(
    policy,
    /default-src 'none'; .*connect-src 'self'; base-uri 'none'; form-action 'none'; frame/,
  );
  assert.doesNotMatch(html, /<link|<img|src=|url\(|@import|https?:| style=| on\w+="/i);
  for (const part of ["203.0.113.10:14500", "2001::38a4:cb00:710a", "mapped", "1 of 1"]) {
    assert.ok(html.includes(part), part);
  }
});

Deno.test("createStatusApp() escapes whatever came from outside in its page", async () => {
  const rig = new Rig({ lang: "zh-CN" });
  const evil = "<img src=x onerror=\"alert('1')\">&";
  const clients = {
    method: "relay" as const,
    active: 2,
    opened: 9,
    refused: 1,
    bytesIn: 1500,
    bytesOut: 200,
  };
  const hook = { command: evil, runs: 1, failures: 1, skipped: 0, error: evil, output: evil };
  rig.control.current = service([tunnel({
    ...{ name: evil, state: "lost", reason: evil, evidence: evil, reachability: "unverified", target: evil },
    hooks: [hook],
    publish: [{ provider: evil, state: "failed", external: evil, reason: evil, at: NOW.toISOString() }],
    clients: { ...clients, bytesInPerSecond: 1_230_000, bytesOutPerSecond: 0 },
  })], { config: evil, configFault: evil });
  const html = await (await rig.ask("/")).text();
  assert.ok(!html.includes("<img") && !html.includes('onerror="'), html);
  assert.ok(html.includes("&lt;img src=x"));
  assert.ok(html.includes('lang="zh-CN"') && html.includes("已失效") && html.includes("1.23 MB/s"));
});

Deno.test("createStatusApp() answers 404 and 500 in JSON, and logs what failed", async () => {
  const rig = new Rig();
  assert.deepEqual(await (await rig.ask("/none")).json(), { error: "there is nothing here" });
  rig.control.snapshot = (): never => {
    throw new Error("broken");
  };
  const response = await rig.ask("/status");
  assert.deepEqual([response.status, await response.json()], [500, { error: "broken" }]);
  assert.deepEqual(rig.log.lines, ["error Cannot answer status request"]);
});

Deno.test("createStatusApp() answers GET /metrics in Prometheus' format", async () => {
  const response = await new Rig().ask("/metrics");
  assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  assert.match(await response.text(), /^porthole_tunnel_mapped\{name="ssh",protocol="tcp"\} 1$/m);
});
