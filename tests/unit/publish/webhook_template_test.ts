import assert from "node:assert/strict";
import fc from "fast-check";
import { systemClock } from "../../../src/core/clock.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { WebhookOptions } from "../../../src/publish/options.ts";
import type { PublishError } from "../../../src/publish/publisher.ts";
import { openWebhook } from "../../../src/publish/webhook.ts";
import { fillBody } from "../../../src/publish/webhook_body.ts";
import { anyText, hookTo, mapped, openHookServer } from "./webhook_rig.ts";

const parts = { fetch, clock: systemClock };
const never = new AbortController().signal;
const ok = (): Response => new Response("thanks");

function template(url: string, changes: Partial<WebhookOptions> = {}): WebhookOptions {
  return hookTo(url, { style: "template", ...changes });
}

Deno.test("openWebhook() fills in URL, headers and body of style template, each escaped for its place", async () => {
  await using server = openHookServer(ok);
  const news = { ...mapped(), name: 'a "b"&c/é' };
  const cases = [
    ["json", '{"n":"{name}","p":{port}}', '{"n":"a \\"b\\"&c/é","p":14500}', "application/json"],
    [
      "form",
      "n={name}&e={external}",
      "n=a%20%22b%22%26c%2F%C3%A9&e=203.0.113.10:14500",
      "application/x-www-form-urlencoded",
    ],
    ["text", "{name}: {ip4p} {{x}", 'a "b"&c/é: 2001::38a4:cb00:710a {x}', "text/plain; charset=utf-8"],
  ] as const;
  for (const [bodyType, body, expected, type] of cases) {
    const options = template(`${server.url}/h/{name}?to={external}`, {
      method: "PUT",
      bodyType,
      body: new Secret(body),
      headers: { "X-Port": new Secret("{port}") },
    });
    await openWebhook(options, parts).publish(news, never);
    const seen = server.seen.at(-1);
    assert.deepEqual([seen?.method, seen?.body], ["PUT", expected]);
    assert.equal(`${seen?.path}${seen?.query}`, "/h/a%20%22b%22%26c%2F%C3%A9?to=203.0.113.10:14500");
    assert.equal(seen?.headers.get("content-type"), type);
    assert.equal(seen?.headers.get("x-port"), "14500");
  }
});

Deno.test("openWebhook() sends a GET without a body, and a POST without one where there is none", async () => {
  await using server = openHookServer(ok);
  for (const method of ["GET", undefined]) {
    await openWebhook(template(`${server.url}/?a={address}`, { method }), parts).publish(mapped(), never);
  }
  assert.deepEqual(server.seen.map(({ method, query, body }) => [method, query, body]), [
    ["GET", "?a=203.0.113.10", ""],
    ["POST", "?a=203.0.113.10", ""],
  ]);
  assert.equal(server.seen[0]?.headers.get("content-type"), null);
});

Deno.test("openWebhook() leaves braces of the other styles alone, and sends their headers too", async () => {
  await using server = openHookServer(() => Response.json({}));
  const headers = { "x-key": new Secret("{port}"), "Content-Type": new Secret("application/x-other") };
  for (const style of ["json", "nat1"] as const) {
    await openWebhook(hookTo(`${server.url}/?a={address}`, { style, headers }), parts).publish(
      mapped(),
      never,
    );
    const seen = server.seen.at(-1);
    assert.deepEqual([seen?.method, decodeURI(seen?.query ?? "")], ["POST", "?a={address}"]);
    assert.equal(seen?.headers.get("x-key"), "{port}");
    assert.equal(seen?.headers.get("content-type"), "application/x-other");
  }
});

Deno.test("openWebhook() takes an answer only with the text that is expected, whatever the style", async () => {
  await using server = openHookServer(() => new Response('{"result":"SECRET"}'));
  await using long = openHookServer(() => new Response("9".repeat(70_000)));
  for (const style of ["json", "nat1", "template"] as const) {
    await openWebhook(hookTo(server.url, { style, expect: '"result"' }), parts).publish(mapped(), never);
    const refused = openWebhook(hookTo(server.url, { style, expect: "success" }), parts);
    await assert.rejects(refused.publish(mapped(), never), (error: PublishError) => {
      assert.equal(error.reason, "the answer does not hold the text that is expected");
      return !error.isPermanent;
    });
  }
  const unread = openWebhook(template(long.url, { expect: "9" }), parts);
  await assert.rejects(unread.publish(mapped(), never), /the answer is too long/);
});

Deno.test("openWebhook() refuses a header that HTTP cannot carry, without showing it", async () => {
  await using server = openHookServer(ok);
  for (const value of ["SECRET\r\nX: y", "SECRET 网", "{name}"]) {
    const options = template(server.url, { headers: { "X-A": new Secret(value) } });
    await assert.rejects(
      openWebhook(options, parts).publish({ ...mapped(), name: "网页SECRET" }, never),
      (error: PublishError) => {
        assert.ok(!Deno.inspect(error).includes("SECRET"));
        assert.equal(error.reason, "the header X-A has characters that HTTP cannot carry");
        return error.isPermanent;
      },
    );
  }
  assert.equal(server.seen.length, 0);
});

Deno.test("fillBody() keeps JSON valid and forms readable, whatever is filled in", () => {
  fc.assert(fc.property(anyText, (name) => {
    const json = JSON.parse(fillBody('{"a":"{name}"}', { values: { name } }));
    assert.equal(json.a.toWellFormed(), name.toWellFormed());
    const form = new URLSearchParams(fillBody("a={name}&b=1", { values: { name }, bodyType: "form" }));
    assert.deepEqual([...form], [["a", name.toWellFormed()], ["b", "1"]]);
  }));
});
