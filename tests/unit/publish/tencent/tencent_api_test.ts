import assert from "node:assert/strict";
import * as v from "valibot";
import { Secret } from "../../../../src/core/secret.ts";
import { ApiRefusal } from "../../../../src/publish/api_refusal.ts";
import type { PublishError } from "../../../../src/publish/publisher.ts";
import { TencentApi, type TencentApiOptions } from "../../../../src/publish/tencent/tencent_api.ts";
import { CALM } from "../../../contract/record_store_rig.ts";
import { type ApiHandler, openApiServer } from "../../../fakes/api_server.ts";
import { openFakeWorld } from "../../../fakes/fake_world.ts";
import { refusalFrom } from "../refusal_from.ts";
import { fakeTencent, TENCENT_KEY, tencentFault } from "./fake_tencent.ts";

const answer = v.object({ Count: v.number() });

async function call(
  handler: ApiHandler,
  changes: Partial<TencentApiOptions> = {},
): Promise<{ Count: number }> {
  await using server = openApiServer(handler);
  const { platform } = openFakeWorld();
  const api = new TencentApi({
    ...{
      ...platform,
      ...TENCENT_KEY,
      fetch,
      provider: "tencentcloud",
      service: "dnspod",
      version: "2021-03-23",
    },
    ...{ api: server.url, ...changes },
  });
  return await api.call("DescribeDomain", { Domain: "example.com" }, { answer, signal: CALM });
}

function refusedWith(handler: ApiHandler, changes: Partial<TencentApiOptions> = {}): Promise<PublishError> {
  return refusalFrom(call(handler, changes));
}

function serverAt(now: () => Date): ApiHandler {
  const act = (): { Count: number } => ({ Count: 3 });
  return fakeTencent({ service: "dnspod", version: "2021-03-23", now, act });
}

Deno.test("TencentApi.call() signs so that a server takes it, and gives what it answers", async () => {
  const { clock } = openFakeWorld();
  assert.deepEqual(await call(serverAt(() => clock.date())), { Count: 3 });
});

Deno.test("TencentApi.call() says by the code whether trying again can help", async () => {
  const permanent = [
    ...[
      "AuthFailure.SecretIdNotFound",
      "AuthFailure.SignatureFailure",
      "AuthFailure.InvalidSecretId",
      "AuthFailure",
    ],
    ...[
      "UnauthorizedOperation",
      "InvalidParameterValue.DomainNotExists",
      "InvalidParameter.RecordValueInvalid",
    ],
    ...[
      "OperationDenied.NoPermissionToOperateDomain",
      "LimitExceeded.AAAACountLimit",
      "FailedOperation.NotDomainOwner",
    ],
    ...["FailedOperation.DomainIsLocked", "ResourceNotFound", "UnsupportedOperation.X", "MissingParameter"],
  ];
  const passing = [
    ...["RequestLimitExceeded", "RequestLimitExceeded.IPLimitExceeded", "InternalError", "FailedOperation"],
    ...[
      "FailedOperation.UnknowError",
      "InvalidParameter.OperateFailed",
      "AuthFailure.SignatureExpire",
      "SomethingNew",
    ],
    ...["InvalidParameter.RecordIdInvalid", "InvalidParameter.DomainRecordExist", "AuthFailureX"],
  ];
  for (const code of [...permanent, ...passing]) {
    const error = await refusedWith(() => tencentFault(code));
    assert.ok(error instanceof ApiRefusal && error.apiCode === code);
    assert.equal(error.isPermanent, permanent.includes(code), code);
    assert.ok(error.reason.startsWith(`${code}: No ***`), error.reason);
  }
});

Deno.test("TencentApi.call() sends users to their clock when the time is wrong", async () => {
  const { clock } = openFakeWorld();
  const error = await refusedWith(serverAt(() => new Date(clock.date().getTime() + 301_000)));
  assert.equal(error.reason, "AuthFailure.SignatureExpire: No ***: check this machine's clock");
  assert.ok(!error.isPermanent);
});

Deno.test("TencentApi.call() refuses an id that HTTP cannot carry, and does not show it", async () => {
  for (const id of ["", "a b", "ID\n", "密钥"]) {
    const error = await refusedWith(() => assert.fail("asked"), { id: new Secret(id) });
    assert.ok(error.isPermanent);
    assert.equal(error.reason, "the id is empty or has characters that HTTP cannot carry");
  }
});

Deno.test("TencentApi.call() may be tried again when the answer is not what it should be", async () => {
  const answers = [
    "",
    "null",
    "[]",
    "{}",
    '{"Response":null}',
    '{"Response":{"Count":"3"}}',
    '{"Response":{"Error":{}}}',
  ];
  for (const text of answers) {
    const error = await refusedWith(() => new Response(text));
    assert.deepEqual([error.isPermanent, error.reason], [
      false,
      "the answer to DescribeDomain cannot be understood",
    ]);
  }
  const big = await refusedWith(() => new Response(`{"Response":{"Count":3,"x":"${"y".repeat(2 ** 20)}"}}`));
  assert.ok(!big.isPermanent);
});
