import assert from "node:assert/strict";
import fc from "fast-check";
import { Secret } from "../../../../src/core/secret.ts";
import {
  acs3CanonicalRequest,
  acs3Query,
  type Acs3Request,
  signAcs3,
} from "../../../../src/publish/aliyun/sign_acs3.ts";
import { sha256Hex } from "../../../../src/publish/sha256.ts";

const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
/** compat.md 5.4. */
const request: Acs3Request = {
  method: "POST",
  host: "alidns.aliyuncs.com",
  path: "/",
  action: "DescribeDomainRecords",
  version: "2015-01-09",
  date: new Date("2023-11-14T22:13:20.000Z"),
  nonce: "00000000-0000-4000-8000-000000000000",
  parameters: { PageSize: "500", DomainName: "example.com" },
};
const credentials = { id: new Secret("AKIDEXAMPLE"), key: new Secret("SECRETEXAMPLE") };

Deno.test("acs3CanonicalRequest() is the vector's, byte for byte", async () => {
  const text = await acs3CanonicalRequest(request);
  assert.equal(
    text,
    [
      "POST",
      "/",
      "DomainName=example.com&PageSize=500",
      "host:alidns.aliyuncs.com",
      "x-acs-action:DescribeDomainRecords",
      `x-acs-content-sha256:${EMPTY}`,
      "x-acs-date:2023-11-14T22:13:20Z",
      "x-acs-signature-nonce:00000000-0000-4000-8000-000000000000",
      "x-acs-version:2015-01-09",
      "",
      "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version",
      EMPTY,
    ].join("\n"),
  );
  assert.equal(
    await sha256Hex(text),
    "4eb9f4f2bd245326ecf2bf28e942bc9c3f1c716ce05cf672968318b3e857c6a7",
  );
});

Deno.test("signAcs3() gives the vector's headers, and no host", async () => {
  assert.deepEqual(await signAcs3(request, credentials), {
    "x-acs-action": "DescribeDomainRecords",
    "x-acs-content-sha256": EMPTY,
    "x-acs-date": "2023-11-14T22:13:20Z",
    "x-acs-signature-nonce": "00000000-0000-4000-8000-000000000000",
    "x-acs-version": "2015-01-09",
    "authorization": "ACS3-HMAC-SHA256 Credential=AKIDEXAMPLE," +
      "SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version," +
      "Signature=3ea4bba251c659b864b47881090b58b140319a6858a4ec58a69a1837013146d0",
  });
});

Deno.test("acs3Query() escapes the vectors of compat.md 5.4 as RFC 3986 says", () => {
  assert.equal(
    acs3Query({ DomainName: "example.com", RR: "mc", RecordId: "1", Type: "A", Value: "203.0.113.10" }),
    "DomainName=example.com&RR=mc&RecordId=1&Type=A&Value=203.0.113.10",
  );
  assert.equal(
    acs3Query({ Value: "10 0 14500 mc.example.com" }),
    "Value=10%200%2014500%20mc.example.com",
  );
  assert.equal(
    acs3Query({ b: "*!'()~-._", a: "+/=&?", B: "" }),
    "B=&a=%2B%2F%3D%26%3F&b=%2A%21%27%28%29~-._",
  );
});

Deno.test("acs3Query() loses nothing and has no character that a URL would change", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ minLength: 1 }), fc.string({ unit: "grapheme" })),
      (parameters) => {
        const query = acs3Query(parameters);
        assert.match(query, /^[A-Za-z0-9\-._~%=&]*$/);
        assert.equal(new URL(`https://example.com/?${query}`).search.slice(1), query);
        assert.deepEqual(Object.fromEntries(new URLSearchParams(query)), { ...parameters });
      },
    ),
  );
});
