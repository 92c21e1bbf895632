import assert from "node:assert/strict";
import * as v from "valibot";
import { Secret } from "../../../../src/core/secret.ts";
import {
  AliyunApi,
  type AliyunApiOptions,
  type AliyunCallOptions,
} from "../../../../src/publish/aliyun/aliyun_api.ts";
import { ApiRefusal } from "../../../../src/publish/api_refusal.ts";
import type { PublishError } from "../../../../src/publish/publisher.ts";
import { CALM } from "../../../contract/record_store_rig.ts";
import { type ApiHandler, openApiServer } from "../../../fakes/api_server.ts";
import { openFakeWorld } from "../../../fakes/fake_world.ts";
import { refusalFrom } from "../refusal_from.ts";
import { ALIYUN_KEY, aliyunFault, fakeAliyun } from "./fake_aliyun.ts";

const answer = v.object({ Count: v.number() });
const parameters = { DomainName: "example.com", Value: "10 0 1 a*b~c'(d)! +&=%端" };

async function call(
  handler: ApiHandler,
  changes: Partial<AliyunApiOptions & Pick<AliyunCallOptions<unknown>, "method">> = {},
): Promise<readonly { readonly Count: number }[]> {
  await using server = openApiServer(handler);
  const { platform } = openFakeWorld();
  const api = new AliyunApi({
    ...{ ...platform, ...ALIYUN_KEY, fetch, provider: "alidns", version: "2015-01-09" },
    ...{ api: server.url, ...changes },
  });
  const { method } = changes;
  return [
    await api.call("DescribeDomain", parameters, { method, answer, signal: CALM }),
    await api.call("DescribeDomain", {}, { method, answer, signal: CALM }),
  ];
}

function refusedWith(handler: ApiHandler, changes: Partial<AliyunApiOptions> = {}): Promise<PublishError> {
  return refusalFrom(call(handler, changes));
}

function serverAt(now: () => Date): ApiHandler {
  return fakeAliyun({
    version: "2015-01-09",
    now,
    act: ({ parameters: { Value } }) => ({
      Count: Value === undefined ? 0 : Value === parameters.Value ? 1 : -1,
    }),
  });
}

Deno.test("AliyunApi.call() signs so that a server takes it, twice, by POST and GET", async () => {
  const { clock } = openFakeWorld();
  for (const method of [undefined, "GET"] as const) {
    assert.deepEqual(await call(serverAt(() => clock.date()), { method }), [{ Count: 1 }, { Count: 0 }]);
  }
});

Deno.test("AliyunApi.call() says by code and status whether trying again can help", async () => {
  const rows: readonly (readonly [string, number, boolean])[] = [
    ["InvalidAccessKeyId.NotFound", 404, true],
    ["SignatureDoesNotMatch", 400, true],
    ["IncompleteSignature", 400, true],
    ["InvalidDomainName.NoExist", 400, true],
    ["IncorrectDomainUser", 400, true],
    ["Forbidden.RAM", 403, true],
    ["QuotaExceeded.Record", 400, true],
    ["Throttling", 400, false],
    ["Throttling.User", 400, false],
    ["SignatureNonceUsed", 400, false],
    ["InvalidTimeStamp.Expired", 400, false],
    ["IllegalTimestamp", 400, false],
    ["DomainRecordNotBelongToUser", 400, false],
    ["DomainRecordDuplicate", 400, false],
    ["UnKnownError", 400, false],
    ["InternalError", 500, false],
    ["ServiceUnavailable", 503, false],
    ["SomethingNew", 502, false],
    ["SomethingNew", 400, true],
    ["SomethingNew", 429, false],
  ];
  for (const [code, status, isPermanent] of rows) {
    const error = await refusedWith(() => aliyunFault(code, status));
    assert.ok(error instanceof ApiRefusal && error.apiCode === code);
    assert.equal(error.isPermanent, isPermanent, code);
    assert.ok(error.reason.startsWith(`${code}: No *** server StringToSign is [POST`), error.reason);
  }
});

Deno.test("AliyunApi.call() sends users to their clock when the time is wrong", async () => {
  const { clock } = openFakeWorld();
  const error = await refusedWith(serverAt(() => new Date(clock.date().getTime() - 901_000)));
  assert.match(error.reason, /^InvalidTimeStamp\.Expired: .*: check this machine's clock$/);
  assert.ok(!error.isPermanent);
});

Deno.test("AliyunApi.call() passes on when it should try again", async () => {
  const slow = aliyunFault("Throttling", 429);
  slow.headers.set("retry-after", "30");
  const error = await refusedWith(() => slow);
  assert.deepEqual([error.isPermanent, error.retryAfterMs], [false, 30_000]);
});

Deno.test("AliyunApi.call() goes by the status when a refusal has no code", async () => {
  for (const [status, isPermanent] of [[400, true], [403, true], [429, false], [500, false]] as const) {
    const error = await refusedWith(() => new Response("<html>", { status }));
    assert.deepEqual([error.isPermanent, error.reason], [isPermanent, `status ${status}`]);
  }
});

Deno.test("AliyunApi.call() refuses an id that HTTP cannot carry, and does not show it", async () => {
  for (const id of ["", "a b", "ID\n", "密钥"]) {
    const error = await refusedWith(() => assert.fail("asked"), { id: new Secret(id) });
    assert.ok(error.isPermanent);
    assert.equal(error.reason, "the id is empty or has characters that HTTP cannot carry");
  }
});

Deno.test("AliyunApi.call() may be tried again when the answer is not what it should be", async () => {
  for (const text of ["", "null", "[]", "{}", '{"Count":"3"}', '{"Count":3']) {
    const error = await refusedWith(() => new Response(text));
    assert.deepEqual([error.isPermanent, error.reason], [
      false,
      "the answer to DescribeDomain cannot be understood",
    ]);
  }
});
