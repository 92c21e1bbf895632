import assert from "node:assert/strict";
import { systemClock } from "../../../src/core/clock.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { WebhookOptions, WebhookStyle } from "../../../src/publish/options.ts";
import type { Fetch } from "../../../src/publish/http_request.ts";
import { PublishError } from "../../../src/publish/publisher.ts";
import { openWebhook } from "../../../src/publish/webhook.ts";
import { FakeClock } from "../../fakes/fake_clock.ts";
import { watch } from "../../fakes/fake_world.ts";
import { hookTo, mapped, openHookServer } from "./webhook_rig.ts";

const parts = { fetch, clock: systemClock };
const never = new AbortController().signal;
const ok = (): Response => Response.json({ ok: true });

async function failureOf(options: WebhookOptions, signal = never): Promise<PublishError> {
  try {
    await openWebhook(options, parts).publish(mapped(), signal);
  } catch (error) {
    assert.ok(error instanceof PublishError, String(error));
    return error;
  }
  return assert.fail("it was published");
}

const BODIES: Readonly<Record<Exclude<WebhookStyle, "template">, readonly string[]>> = {
  "json": [
    '{"event":"mapped","name":"mc","protocol":"tcp","internal":"192.168.1.2:25565","external":"203.0.113.10:14500","ip4p":"2001::38a4:cb00:710a","at":"2026-11-21T02:00:00.000Z"}',
  ],
  "nat1": [
    '{"srv_prefix":"_minecraft._tcp.","sub_domain":"mc","domain":"example.com","ip":"203.0.113.10","port":14500}',
  ],
  "nat1-records": [
    '{"name":"mc","data":"203.0.113.10","type":"A","domain":"example.com"}',
    '{"name":"_minecraft._tcp.mc","data":"mc","type":"SRV","domain":"example.com","priority":10,"weight":0,"port":14500}',
  ],
};

for (const style of ["json", "nat1", "nat1-records"] as const) {
  Deno.test(`openWebhook() posts the bodies of style ${style} with the bearer token`, async () => {
    await using server = openHookServer(ok);
    const options = hookTo(`${server.url}/hook?x=1`, { style, token: new Secret("T0KEN") });
    await openWebhook(options, parts).publish(mapped(), never);
    assert.deepEqual(server.seen.map(({ body }) => body), BODIES[style]);
    for (const { method, path, headers } of server.seen) {
      assert.deepEqual([method, path], ["POST", "/hook"]);
      assert.equal(headers.get("content-type"), "application/json");
      assert.equal(headers.get("authorization"), "Bearer T0KEN");
    }
  });
}

Deno.test("openWebhook() sends no authorization when there is no token", async () => {
  await using server = openHookServer(ok);
  await openWebhook(hookTo(server.url), parts).publish(mapped(), never);
  assert.equal(server.seen[0]?.headers.get("authorization"), null);
});

Deno.test("openWebhook() names an AAAA record when the endpoint is IPv6", async () => {
  await using server = openHookServer(ok);
  const news = mapped(14_500, "2001:db8::1");
  await openWebhook(hookTo(server.url, { style: "nat1-records", subDomain: "" }), parts).publish(news, never);
  const [a, srv] = server.seen.map(({ body }) => JSON.parse(body));
  assert.deepEqual([a.type, a.data, srv.name], ["AAAA", "2001:db8::1", "_minecraft._tcp"]);
});

Deno.test("openWebhook() takes any 2xx for style json, and 200 with JSON alone for nat1", async () => {
  const answers: readonly (readonly [() => Response, string | undefined, string | undefined])[] = [
    [ok, undefined, undefined],
    [(): Response => new Response(undefined, { status: 204 }), undefined, "status 204 instead of 200"],
    [(): Response => Response.json({}, { status: 201 }), undefined, "status 201 instead of 200"],
    [(): Response => new Response("hello SECRET"), undefined, "the answer is no JSON"],
    [(): Response => new Response("9".repeat(70_000)), undefined, "the answer is too long"],
    [(): Response => Response.json({}, { status: 500 }), "status 500", "status 500"],
  ];
  for (const [answer, json, nat1] of answers) {
    await using server = openHookServer(answer);
    for (const [style, reason] of [["json", json], ["nat1", nat1]] as const) {
      const options = hookTo(server.url, { style });
      if (reason === undefined) await openWebhook(options, parts).publish(mapped(), never);
      else assert.equal((await failureOf(options)).reason, reason);
    }
  }
});

Deno.test("openWebhook() tells what may pass from what is permanent by the status", async () => {
  const statuses: readonly (readonly [number, boolean])[] = [
    [400, true],
    [401, true],
    [403, true],
    [404, true],
    [408, false],
    [429, false],
    [500, false],
    [503, false],
  ];
  for (const [status, isPermanent] of statuses) {
    await using server = openHookServer(() =>
      new Response("x", { status, headers: status === 429 ? { "retry-after": "7" } : {} })
    );
    const error = await failureOf(hookTo(server.url));
    assert.deepEqual([error.reason, error.isPermanent], [`status ${status}`, isPermanent]);
    assert.equal(error.retryAfterMs, status === 429 ? 7000 : undefined);
    assert.equal(error.message, `Cannot publish to webhook: status ${status}`);
  }
});

Deno.test("openWebhook() repeats the POST when the same server redirects", async () => {
  await using server = openHookServer(({ path }) =>
    path === "/" ? new Response(undefined, { status: 308, headers: { location: "/moved" } }) : ok()
  );
  await openWebhook(hookTo(server.url, { style: "nat1", token: new Secret("T") }), parts).publish(
    mapped(),
    never,
  );
  const [first, second] = server.seen;
  assert.deepEqual([first?.path, second?.path, second?.method], ["/", "/moved", "POST"]);
  assert.equal(second?.body, first?.body);
  assert.equal(second?.headers.get("authorization"), "Bearer T");
});

Deno.test("openWebhook() follows no redirect to another server, and none for ever", async () => {
  await using other = openHookServer(ok);
  const places = [other.url, "http://other.invalid/", "ftp://127.0.0.1/", "http://["];
  for (const location of places) {
    await using server = openHookServer(() =>
      new Response(undefined, { status: 307, headers: { location } })
    );
    const error = await failureOf(hookTo(server.url, { token: new Secret("T") }));
    assert.match(error.reason, /^status 307, a redirect to another place/);
    assert.ok(error.isPermanent);
  }
  assert.equal(other.seen.length, 0);
  await using loop = openHookServer(() =>
    new Response(undefined, { status: 307, headers: { location: "/again" } })
  );
  assert.equal((await failureOf(hookTo(loop.url))).reason, "too many redirects");
  assert.equal(loop.seen.length, 4);
});

Deno.test("openWebhook() follows a redirect to HTTPS of the same name, never one back", async () => {
  const asked: string[] = [];
  const answers = (locations: Readonly<Record<string, string>>): Fetch => (url) => {
    asked.push(url);
    const location = locations[url];
    return Promise.resolve(
      location === undefined ? ok() : new Response(undefined, { status: 301, headers: { location } }),
    );
  };
  const up = answers({ "http://h.example/": "https://h.example/" });
  await openWebhook(hookTo("http://h.example/"), { fetch: up, clock: systemClock }).publish(mapped(), never);
  assert.deepEqual(asked, ["http://h.example/", "https://h.example/"]);
  const down = answers({ "https://h.example/": "http://h.example/" });
  const publisher = openWebhook(hookTo("https://h.example/"), { fetch: down, clock: systemClock });
  await assert.rejects(() => publisher.publish(mapped(), never), /another place/);
});

Deno.test("openWebhook() shows neither URL nor token in what it throws", async () => {
  // A port that was free a moment ago: refused, as Deno words it, with the URL in its message.
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const token = new Secret("S3CRET");
  const hooks: readonly (readonly [WebhookOptions, boolean])[] = [
    [hookTo(`http://127.0.0.1:${port}/S3CRET(x)?token=S3CRET`, { token }), false],
    [hookTo("http://no-such-name.invalid/S3CRET", { token }), false],
    [hookTo("not a URL S3CRET", { token }), true],
    [hookTo("ftp://127.0.0.1/S3CRET", { token }), true],
    [hookTo(`http://127.0.0.1:${port}/`, { token: new Secret("S3CRET\nX: y") }), true],
    [hookTo(`http://127.0.0.1:${port}/`, { token: new Secret("") }), true],
  ];
  for (const [options, isPermanent] of hooks) {
    const error = await failureOf(options);
    assert.ok(!Deno.inspect(error).includes("S3CRET"), Deno.inspect(error));
    assert.equal(error.isPermanent, isPermanent, error.message);
    assert.equal(error.cause, undefined);
    assert.notEqual(error.reason, "");
  }
});

Deno.test("openWebhook() gives up after 15 s, and at once when aborted", async () => {
  const clock = new FakeClock();
  // As fetch does: rejects with the signal's reason.
  const hanging: Fetch = (_url, { signal }) =>
    new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
  const publisher = openWebhook(hookTo("http://127.0.0.1/"), { fetch: hanging, clock });
  const slow = watch(publisher.publish(mapped(), never));
  await clock.advance(14_999);
  assert.ok(!slow.isSettled);
  await clock.advance(1);
  assert.match(String(slow.error), /no answer within 15 s/);
  const stopping = new AbortController();
  const reason = new Error("enough");
  const stopped = watch(publisher.publish(mapped(), stopping.signal));
  stopping.abort(reason);
  await clock.advance(0);
  assert.equal(stopped.error, reason);
  assert.equal(clock.pendingTimers, 0);
});
