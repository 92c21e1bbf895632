import assert from "node:assert/strict";
import { Secret } from "../../../../src/core/secret.ts";
import { sha256Hex } from "../../../../src/publish/sha256.ts";
import { signTc3, tc3CanonicalRequest, type Tc3Request } from "../../../../src/publish/tencent/sign_tc3.ts";

/** compat.md 5.4. */
const request: Tc3Request = {
  host: "dnspod.tencentcloudapi.com",
  path: "/",
  service: "dnspod",
  action: "DescribeRecordList",
  version: "2021-03-23",
  timestamp: 1_700_000_000,
  body: '{"Domain": "example.com", "Limit": 1000}',
};
const credentials = { id: new Secret("AKIDEXAMPLE"), key: new Secret("SECRETEXAMPLE") };

Deno.test("sha256Hex() hashes the body of the vector", async () => {
  assert.equal(
    await sha256Hex(request.body),
    "8c333422bf6d7dd295ebcd3167d04ad04ebac39f70df55f963da715edd000bf4",
  );
});

Deno.test("tc3CanonicalRequest() is the vector's, byte for byte", async () => {
  const text = await tc3CanonicalRequest(request);
  assert.equal(
    text,
    [
      "POST",
      "/",
      "",
      "content-type:application/json",
      "host:dnspod.tencentcloudapi.com",
      "x-tc-action:describerecordlist",
      "x-tc-timestamp:1700000000",
      "x-tc-version:2021-03-23",
      "",
      "content-type;host;x-tc-action;x-tc-timestamp;x-tc-version",
      "8c333422bf6d7dd295ebcd3167d04ad04ebac39f70df55f963da715edd000bf4",
    ].join("\n"),
  );
  assert.equal(
    await sha256Hex(text),
    "889324f06d2f200a0276d5177f931cc3834c03fcf1b9d23338bc17760e3f2cf2",
  );
});

Deno.test("signTc3() gives the vector's headers, and no host", async () => {
  assert.deepEqual(await signTc3(request, credentials), {
    "content-type": "application/json",
    "x-tc-action": "DescribeRecordList",
    "x-tc-timestamp": "1700000000",
    "x-tc-version": "2021-03-23",
    "authorization": "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE/2023-11-14/dnspod/tc3_request, " +
      "SignedHeaders=content-type;host;x-tc-action;x-tc-timestamp;x-tc-version, " +
      "Signature=aa216a895b2bd34bc170fcd30b0dd053861909325576e011517bdd4dee11fdff",
  });
});

Deno.test("signTc3() signs everything that is sent", async () => {
  const { authorization } = await signTc3(request, credentials);
  const changes: readonly Partial<Tc3Request>[] = [
    { host: "dnspod.intl.tencentcloudapi.com" },
    { path: "/x" },
    { service: "teo" },
    { action: "CreateRecord" },
    { version: "2022-09-01" },
    { timestamp: 1_700_000_001 },
    { body: "{}" },
  ];
  for (const change of changes) {
    const other = await signTc3({ ...request, ...change }, credentials);
    assert.notEqual(other["authorization"], authorization, JSON.stringify(change));
  }
  const other = await signTc3(request, { ...credentials, key: new Secret("SECRETEXAMPLF") });
  assert.notEqual(other["authorization"], authorization);
});
