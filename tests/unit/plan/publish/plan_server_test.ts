import assert from "node:assert/strict";
import type { PublisherOptions } from "../../../../src/publish/options.ts";
import { planEntry } from "./publish_rig.ts";

const records = [{ type: "A", name: "direct" }];
const rfc2136 = { provider: "rfc2136", server: "ns.example.com", zone: "example.com", records };
const powerdns = {
  provider: "powerdns",
  url: "http://127.0.0.1:8081",
  key: "KEY",
  zone: "example.com",
  records,
};
const tsig = { key: "Porthole.", secret: "c2VjcmV0" };

function planned(entry: unknown): PublisherOptions {
  const outcome = planEntry(entry);
  assert.ok("provider" in outcome, JSON.stringify(outcome));
  return outcome;
}

Deno.test("planServer() fills in the defaults of rfc2136", () => {
  const options = planned(rfc2136);
  assert.ok(options.provider === "rfc2136");
  assert.deepEqual({ ...options }, {
    ...{ provider: "rfc2136", zone: "example.com", transport: "auto", tsig: undefined },
    server: { host: "ns.example.com", port: 53 },
    records: [{ type: "A", name: "direct.example.com", ttlSeconds: 60 }],
  });
});

Deno.test("planServer() takes over what rfc2136 says", () => {
  const entry = {
    ...rfc2136,
    ...tsig,
    server: "[2001:db8::53]:5353",
    algorithm: "hmac-sha512",
    transport: "tcp",
  };
  const options = planned(entry);
  assert.ok(options.provider === "rfc2136");
  assert.deepEqual(options.server, { host: "2001:db8::53", port: 5353 });
  assert.equal(options.transport, "tcp");
  assert.deepEqual({ name: options.tsig?.name, algorithm: options.tsig?.algorithm }, {
    ...{ name: "porthole", algorithm: "hmac-sha512" },
  });
  assert.equal(options.tsig?.secret.reveal(), "c2VjcmV0");
  const plain = planned({ ...rfc2136, ...tsig });
  assert.equal(plain.provider === "rfc2136" && plain.tsig?.algorithm, "hmac-sha256");
});

Deno.test("planServer() fills in the defaults of powerdns", () => {
  const options = planned({ ...powerdns, zone: "Example.COM." });
  assert.ok(options.provider === "powerdns");
  const { key, ...rest } = options;
  assert.equal(key.reveal(), "KEY");
  assert.deepEqual(rest, {
    ...{ provider: "powerdns", url: "http://127.0.0.1:8081", server: "localhost", zone: "example.com" },
    records: [{ type: "A", name: "direct.example.com", ttlSeconds: 60 }],
  });
});

Deno.test("planServer() and its schema refuse what cannot work, and name the place", () => {
  const together = "key and secret belong together: the name of the TSIG key, and its secret in base64";
  const rows: readonly (readonly [unknown, readonly string[]])[] = [
    [{ ...rfc2136, key: "porthole" }, [together]],
    [{ ...rfc2136, secret: "c2VjcmV0" }, [together]],
    [{ ...rfc2136, algorithm: "hmac-sha512" }, [together]],
    [{ ...rfc2136, ...tsig, secret: "%SECRET%" }, ["secret: expected the secret of the TSIG key in base64"]],
    [{ ...rfc2136, ...tsig, secret: "====" }, ["secret: expected the secret of the TSIG key in base64"]],
    [{ ...rfc2136, ...tsig, secret: "env:GONE" }, ["secret: the secret could not be read"]],
    [{ ...rfc2136, ...tsig, key: "no name" }, ["key: expected a domain name"]],
    [{ ...rfc2136, ...tsig, algorithm: "hmac-md5" }, [
      'algorithm: expected hmac-sha256, hmac-sha384, hmac-sha512 or hmac-sha1, not "hmac-md5"',
    ]],
    [{ ...rfc2136, server: "ns:0" }, ['server: expected HOST or HOST:PORT, not "ns:0"']],
    [{ ...rfc2136, zone: "a..b" }, ["zone: expected a domain name"]],
    [{ ...rfc2136, records: [] }, ["records: expected at least one entry"]],
    [{ ...rfc2136, records: [{ type: "A", name: "a.example.net." }] }, [
      "records[0].name: expected a name within the zone example.com",
    ]],
    [{ ...powerdns, url: "127.0.0.1:8081" }, ["url: expected an http or https URL"]],
    [{ ...powerdns, key: "env:GONE" }, ["key: the secret could not be read"]],
    [{ ...powerdns, zone: "" }, ["zone: expected a text that is not empty"]],
  ];
  for (const [entry, faults] of rows) assert.deepEqual(planEntry(entry), faults);
});

Deno.test("planServer() and its schema never repeat a secret", () => {
  for (
    const entry of [{ ...rfc2136, ...tsig, secret: "%SECRET%" }, { ...powerdns, key: "SECRET", url: "x" }]
  ) {
    assert.doesNotMatch(JSON.stringify(planEntry(entry)), /SECRET/);
  }
});
