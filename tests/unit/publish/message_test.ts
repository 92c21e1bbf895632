import assert from "node:assert/strict";
import fc from "fast-check";
import { systemClock } from "../../../src/core/clock.ts";
import { Secret } from "../../../src/core/secret.ts";
import { openMessage } from "../../../src/publish/message.ts";
import { messageServer } from "../../../src/publish/message/message_presets.ts";
import type { MessageOptions } from "../../../src/publish/options.ts";
import { PublishError } from "../../../src/publish/publisher.ts";
import { mapped, openHookServer } from "./webhook_rig.ts";

type Service = MessageOptions["provider"];

const parts = { fetch, clock: systemClock };
const never = new AbortController().signal;
/** Nothing in it may be taken for a placeholder, or get into a URL as it is. */
const TOKEN = "12:S3CRET/{name}";
const IN_PATH = "12:S3CRET%2F%7Bname%7D";

function messageTo(provider: Service, url: string, changes: Partial<MessageOptions> = {}): MessageOptions {
  return {
    provider,
    url,
    token: new Secret(TOKEN),
    to: "{me}",
    title: 'porthole: "{name}"',
    message: "{protocol}\n{external}",
    ...changes,
  };
}

/** What the services document: the request, and answers of theirs. */
const SERVICES: Readonly<
  Record<Service, {
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: unknown;
    readonly taken: unknown;
    /** Status, answer, reason, whether it stays. */
    readonly refusals: readonly (readonly [number, unknown, string, boolean])[];
  }>
> = {
  ntfy: {
    path: "/base/",
    headers: { authorization: `Bearer ${TOKEN}` },
    body: { topic: "{me}", title: 'porthole: "mc"', message: "tcp\n203.0.113.10:14500" },
    taken: { id: "sPs71M8A2T", time: 1635528741, event: "message", topic: "me", message: "x" },
    refusals: [
      [
        403,
        { code: 40301, http: 403, error: "forbidden", link: "https://ntfy.sh/docs" },
        "status 403: forbidden",
        true,
      ],
      [401, { code: 40101, http: 401, error: "unauthorized" }, "status 401: unauthorized", true],
      [429, { code: 42901, http: 429, error: "limit reached" }, "status 429: limit reached", false],
    ],
  },
  gotify: {
    path: "/base/message",
    headers: { "x-gotify-key": TOKEN },
    body: { title: 'porthole: "mc"', message: "tcp\n203.0.113.10:14500" },
    taken: { id: 25, appid: 5, message: "x", title: "y", date: "2026-11-21T02:00:00Z" },
    refusals: [
      [
        401,
        {
          error: "Unauthorized",
          errorCode: 401,
          errorDescription: "you need to provide a valid access token",
        },
        "status 401: you need to provide a valid access token",
        true,
      ],
    ],
  },
  telegram: {
    path: `/base/bot${IN_PATH}/sendMessage`,
    headers: {},
    body: { chat_id: "{me}", text: 'porthole: "mc"\ntcp\n203.0.113.10:14500' },
    taken: { ok: true, result: { message_id: 1 } },
    refusals: [
      [401, { ok: false, error_code: 401, description: "Unauthorized" }, "status 401: Unauthorized", true],
      [
        400,
        { ok: false, error_code: 400, description: "Bad Request: chat not found" },
        "status 400: Bad Request: chat not found",
        true,
      ],
      [200, { ok: false, description: "odd" }, "refused: odd", false],
    ],
  },
  bark: {
    path: "/base/push",
    headers: {},
    body: { device_key: TOKEN, title: 'porthole: "mc"', body: "tcp\n203.0.113.10:14500" },
    taken: { code: 200, message: "success", timestamp: 1 },
    refusals: [
      [
        400,
        { code: 400, message: `failed to get [${TOKEN}] device token from database`, timestamp: 1 },
        "status 400: failed to get [***] device token from database",
        true,
      ],
      [200, { code: 500, message: "push failed" }, "refused with code 500: push failed", false],
    ],
  },
  serverchan: {
    path: `/base/${IN_PATH}.send`,
    headers: {},
    body: { title: 'porthole: "mc"', desp: "tcp\n203.0.113.10:14500" },
    taken: { code: 0, message: "", data: { pushid: "1", error: "SUCCESS", errno: 0 } },
    refusals: [
      [
        400,
        { code: 20001, message: "[AUTH]用户不存在或者权限不足", info: "x" },
        "status 400: [AUTH]用户不存在或者权限不足",
        true,
      ],
      [
        200,
        { code: 40001, message: "超过当天的发送次数限制[10]" },
        "refused with code 40001: 超过当天的发送次数限制[10]",
        true,
      ],
      [200, { code: 50000, message: "x" }, "refused with code 50000: x", false],
    ],
  },
  pushplus: {
    path: "/base/send",
    headers: {},
    body: { token: TOKEN, title: 'porthole: "mc"', content: "tcp\n203.0.113.10:14500", template: "txt" },
    taken: { code: 200, msg: "请求成功", data: "f1a0" },
    refusals: [
      [
        200,
        { code: 903, msg: `无效的用户令牌 ${TOKEN}`, data: null },
        "refused with code 903: 无效的用户令牌 ***",
        true,
      ],
      [200, { code: 900, msg: "用户账号使用受限" }, "refused with code 900: 用户账号使用受限", true],
      [200, { code: 500, msg: "系统异常" }, "refused with code 500: 系统异常", false],
    ],
  },
};

for (const [provider, service] of Object.entries(SERVICES) as [Service, typeof SERVICES[Service]][]) {
  Deno.test(`openMessage() sends what ${provider} documents`, async () => {
    await using server = openHookServer(() => Response.json(service.taken));
    const publisher = openMessage(messageTo(provider, `${server.url}/base/`), parts);
    assert.equal(publisher.provider, provider);
    await publisher.publish(mapped(), never);
    const [seen] = server.seen;
    assert.deepEqual([seen?.method, seen?.path, seen?.query], ["POST", service.path, ""]);
    assert.equal(seen?.headers.get("content-type"), "application/json");
    for (const [name, value] of Object.entries(service.headers)) assert.equal(seen?.headers.get(name), value);
    assert.deepEqual(JSON.parse(seen?.body ?? ""), service.body);
  });

  Deno.test(`openMessage() takes refusals of ${provider} for what they are`, async () => {
    const strange: typeof service.refusals = [
      [200, "<html>", `the answer is none of ${provider}'s`, false],
      [200, {}, `the answer is none of ${provider}'s`, false],
      [200, null, `the answer is none of ${provider}'s`, false],
      [200, [1], `the answer is none of ${provider}'s`, false],
      [500, "<html>", "status 500", false],
      [404, "", "status 404", true],
    ];
    for (const [status, answer, reason, isPermanent] of [...service.refusals, ...strange]) {
      const body = typeof answer === "string" ? answer : JSON.stringify(answer);
      await using server = openHookServer(() => new Response(body, { status }));
      const publishing = openMessage(messageTo(provider, server.url), parts).publish(mapped(), never);
      await assert.rejects(publishing, (error: PublishError) => {
        assert.ok(error instanceof PublishError);
        assert.deepEqual([error.reason, error.isPermanent], [reason, isPermanent]);
        return !Deno.inspect(error).includes("S3CRET");
      });
    }
  });
}

Deno.test("openMessage() does without a token where ntfy does", async () => {
  await using server = openHookServer(() => Response.json({ id: "x" }));
  const options = messageTo("ntfy", server.url, { token: undefined, to: "topic", title: "a\nb" });
  await openMessage(options, parts).publish(mapped(), never);
  assert.equal(server.seen[0]?.headers.get("authorization"), null);
  assert.equal(JSON.parse(server.seen[0]?.body ?? "").title, "a b");
});

Deno.test("openMessage() waits as long as Telegram asks for in the body", async () => {
  const answer = {
    ok: false,
    error_code: 429,
    description: "Too Many Requests",
    parameters: { retry_after: 35 },
  };
  await using server = openHookServer(() => Response.json(answer, { status: 429 }));
  const publishing = openMessage(messageTo("telegram", server.url), parts).publish(mapped(), never);
  await assert.rejects(publishing, { reason: "status 429: Too Many Requests", retryAfterMs: 35_000 });
});

Deno.test("messageServer() knows the public servers, and ServerChan's by the key", () => {
  const servers = (["ntfy", "gotify", "telegram", "bark", "pushplus"] as const).map((s) =>
    messageServer(s, "")
  );
  assert.deepEqual(servers, [
    "https://ntfy.sh",
    undefined,
    "https://api.telegram.org",
    "https://api.day.app",
    "https://www.pushplus.plus",
  ]);
  assert.equal(messageServer("serverchan", "SCT1TabcD"), "https://sctapi.ftqq.com");
  assert.equal(messageServer("serverchan", "sctp123tabc"), "https://123.push.ft07.com/send");
  assert.equal(messageServer("serverchan", "xyz"), undefined);
});

Deno.test("openMessage() takes any answer as a success or one error without the token", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...Object.keys(SERVICES)), fc.jsonValue(), async (provider, json) => {
      const answering = {
        fetch: () => Promise.resolve(Response.json({ message: TOKEN, ...Object(json) })),
        clock: systemClock,
      };
      const publisher = openMessage(messageTo(provider as Service, "http://h.example"), answering);
      await publisher.publish(mapped(), never).catch((error) => {
        assert.ok(error instanceof PublishError, error);
        assert.ok(!error.message.includes("S3CRET"), error.message);
      });
    }),
    { numRuns: 50 },
  );
});
