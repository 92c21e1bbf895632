import assert from "node:assert/strict";
import fc from "fast-check";
import config from "../../../deno.json" with { type: "json" };
import { systemClock } from "../../../src/core/clock.ts";
import { Secret } from "../../../src/core/secret.ts";
import { openDyndns2 } from "../../../src/publish/dyndns2.ts";
import type { Dyndns2Options } from "../../../src/publish/options.ts";
import { PublishError } from "../../../src/publish/publisher.ts";
import { anyText, mapped, openHookServer } from "./webhook_rig.ts";

const parts = { fetch, clock: systemClock };
const never = new AbortController().signal;

function account(url: string, changes: Partial<Dyndns2Options> = {}): Dyndns2Options {
  return {
    provider: "dyndns2",
    url: new Secret(url),
    user: "me",
    password: new Secret("S3CRÉT"),
    hosts: ["a.example.com"],
    ...changes,
  };
}

async function failureOf(
  answer: () => Response,
  changes: Partial<Dyndns2Options> = {},
): Promise<PublishError> {
  await using server = openHookServer(answer);
  try {
    await openDyndns2(account(`${server.url}/nic/update`, changes), parts).publish(mapped(), never);
  } catch (error) {
    assert.ok(error instanceof PublishError, String(error));
    assert.ok(!Deno.inspect(error).includes("S3CR"));
    return error;
  }
  return assert.fail("it was published");
}

Deno.test("openDyndns2() asks for all hosts at once, and says who it is", async () => {
  await using server = openHookServer(() => new Response("good 203.0.113.10\nnochg 203.0.113.10\n"));
  const hosts = ["a.example.com", "b.example.com"];
  await openDyndns2(account(`${server.url}/nic/update`, { hosts }), parts).publish(mapped(), never);
  const [seen] = server.seen;
  assert.equal(
    `${seen?.method} ${seen?.path}${seen?.query}`,
    "GET /nic/update?hostname=a.example.com,b.example.com&myip=203.0.113.10",
  );
  const encoded = new TextEncoder().encode("me:S3CRÉT").toBase64();
  assert.equal(seen?.headers.get("authorization"), `Basic ${encoded}`);
  assert.equal(seen?.headers.get("user-agent"), `porthole/${config.version}`);
});

Deno.test("openDyndns2() builds the URL as the hoster has it", async () => {
  await using server = openHookServer(() => new Response("OK"));
  const urls = [
    [
      "/update?domains={hosts}&token=t%2F1&ip={ip}",
      "/update?domains=a.example.com&token=t%2F1&ip=2001:db8::1",
    ],
    ["/up/{ip}", "/up/2001:db8::1"],
    ["/nic?system=dyndns", "/nic?system=dyndns&hostname=a.example.com&myip=2001:db8::1"],
    ["/nic?", "/nic?hostname=a.example.com&myip=2001:db8::1"],
    ["/nic#x", "/nic?hostname=a.example.com&myip=2001:db8::1"],
  ] as const;
  for (const [url, expected] of urls) {
    const options = account(`${server.url}${url}`, { user: undefined, password: undefined });
    await openDyndns2(options, parts).publish(mapped(1, "2001:db8::1"), never);
    const seen = server.seen.at(-1);
    assert.equal(`${seen?.path}${seen?.query}`, expected);
    assert.equal(seen?.headers.get("authorization"), null);
  }
});

Deno.test("openDyndns2() sends nothing when only the port changed", async () => {
  let isWorking = true;
  await using server = openHookServer(() => new Response(isWorking ? "good" : "911"));
  const publisher = openDyndns2(account(server.url), parts);
  await publisher.publish(mapped(1), never);
  await publisher.publish(mapped(2), never);
  assert.equal(server.seen.length, 1);
  await publisher.publish(mapped(2, "203.0.113.11"), never);
  assert.equal(server.seen.length, 2);
  // What a failure left behind nobody knows, so that the same address is told again.
  isWorking = false;
  await assert.rejects(publisher.publish(mapped(2), never), /911/);
  isWorking = true;
  await publisher.publish(mapped(2, "203.0.113.11"), never);
  assert.equal(server.seen.length, 4);
});

Deno.test("openDyndns2() tells what a code means, and whether it stays", async () => {
  const codes: readonly (readonly [string, boolean, RegExp])[] = [
    ["badauth", true, /^badauth: wrong user or password$/],
    ["!donator", true, /paid account/],
    ["notfqdn", true, /no whole name/],
    ["nohost", true, /does not exist in this account/],
    ["numhost", true, /too many hosts/],
    ["abuse", true, /^abuse: a host is blocked/],
    ["badagent", true, /does not serve this program/],
    ["KO", true, /wrong token or host/],
    ["dnserr", false, /name servers fail/],
    ["911", false, /out of order/],
    ["good 203.0.113.10\r\nnohost\r\n", true, /^nohost/],
    ["", false, /^the answer is empty$/],
    ["wat", false, /^unknown answer "wat"$/],
    ["<!doctype html><p>S3CRÉT", false, /^unknown answer$/],
    ["9".repeat(70_000), false, /too long/],
  ];
  for (const [text, isPermanent, reason] of codes) {
    const error = await failureOf(() => new Response(text));
    assert.match(error.reason, reason);
    assert.equal(error.isPermanent, isPermanent, text.slice(0, 20));
    assert.equal(error.retryAfterMs, text === "911" ? 1_800_000 : undefined);
  }
});

Deno.test("openDyndns2() reads the code beside a status that says no", async () => {
  const refused = await failureOf(() => new Response("badauth", { status: 401 }));
  assert.deepEqual([refused.reason, refused.isPermanent], ["badauth: wrong user or password", true]);
  const busy = await failureOf(() => new Response("good", { status: 503, headers: { "retry-after": "9" } }));
  assert.deepEqual([busy.reason, busy.isPermanent, busy.retryAfterMs], ["status 503", false, 9000]);
});

Deno.test("openDyndns2() refuses answers for fewer hosts, and another address than ours", async () => {
  const hosts = ["a.example.com", "b.example.com", "c.example.com"];
  const few = await failureOf(() => new Response("good\ngood"), { hosts });
  assert.equal(few.reason, "it answered for 2 of 3 hosts");
  const other = await failureOf(() => new Response("good 127.0.0.1"));
  assert.deepEqual([other.reason, other.isPermanent], ["it took 127.0.0.1 instead of 203.0.113.10", true]);
  await using server = openHookServer(() => new Response("good 203.0.113.10,2001:db8::1"));
  await openDyndns2(account(server.url, { hosts }), parts).publish(mapped(), never);
});

Deno.test("openDyndns2() takes any answer as a success or one error", async () => {
  await fc.assert(
    fc.asyncProperty(anyText, async (text) => {
      const answering = { fetch: () => Promise.resolve(new Response(text)), clock: systemClock };
      const publisher = openDyndns2(account("http://h.example/"), answering);
      await publisher.publish(mapped(), never).catch((error) =>
        assert.ok(error instanceof PublishError, error)
      );
    }),
    { numRuns: 50 },
  );
});
