import assert from "node:assert/strict";
import fc from "fast-check";
import {
  NAT1_DEFAULT_CONFIG,
  type Nat1ConfigReading,
  readNat1Config,
} from "../../../../../src/config/import/nat1_config.ts";

/** As compat.md 5.1 shows it. */
const SAMPLE = `{
    "type": "mcje",
    "dns": "no_dns",
    "id": null,
    "token": null,
    "domain": "",
    "sub_domain": "",
    "local": null,
    "remote": null,
    "proxy_protocol": null
}`;

function read(text: string): Extract<Nat1ConfigReading, { kind: "config" }> {
  const reading = readNat1Config(text);
  assert.equal(reading.kind, "config", JSON.stringify(reading));
  return reading.kind === "config" ? reading : assert.fail();
}

Deno.test("readNat1Config() takes the defaults as they stand and has nothing to write back", () => {
  assert.equal(NAT1_DEFAULT_CONFIG, SAMPLE);
  assert.deepEqual(read(SAMPLE), {
    kind: "config",
    config: {
      ...{ type: "mcje", dns: "no_dns", id: undefined, token: undefined, domain: "", subDomain: "" },
      ...{ local: undefined, remote: undefined, proxyProtocol: undefined, webhookStyle: "nat1" },
    },
    completed: undefined,
    unknownKeys: [],
  });
});

Deno.test("readNat1Config() merges the defaults in, and unknown keys survive", () => {
  const { config, completed, unknownKeys } = read('{"note": {"a": [1]}, "local": ":25566", "id": "S3CRET"}');
  assert.equal(config.local, ":25566");
  assert.equal(config.id?.reveal(), "S3CRET");
  assert.deepEqual(unknownKeys, ["note"]);
  assert.deepEqual(JSON.parse(completed ?? ""), {
    ...JSON.parse(SAMPLE),
    ...{ note: { a: [1] }, local: ":25566", id: "S3CRET" },
  });
  assert.match(completed ?? "", /^\{\n {4}"type": "mcje",\n/);
  assert.equal(read(completed ?? "").completed, undefined);
});

Deno.test("readNat1Config() keeps a byte order mark and reads the seed's version without proxy_protocol", () => {
  const seed = SAMPLE.replace(',\n    "proxy_protocol": null', "");
  assert.equal(read(seed).completed, SAMPLE);
  assert.equal(read(`\uFEFF${seed}`).completed, `\uFEFF${SAMPLE}`);
});

Deno.test("readNat1Config() takes numbers as texts and our own style", () => {
  const { config } = read('{"local": 25566, "webhook_style": "nat1-records"}');
  assert.deepEqual([config.local, config.webhookStyle], ["25566", "nat1-records"]);
});

Deno.test("readNat1Config() says what is wrong without quoting a value", () => {
  const table: readonly (readonly [string, RegExp])[] = [
    ["", /^not JSON/],
    ['{"token": "S3CRET" x}', /^not JSON/],
    ['{"token": S3CRET}', /^not JSON/],
    ["[]", /^not a JSON object$/],
    ["null", /^not a JSON object$/],
    ['{"token": ["S3CRET"]}', /^"token" is not a text$/],
    ['{"local": true}', /^"local" is not a text$/],
    ['{"webhook_style": "json"}', /^"webhook_style" is neither/],
  ];
  for (const [text, wanted] of table) {
    const reading = readNat1Config(text);
    assert.ok(reading.kind === "fault", text);
    assert.match(reading.message, wanted);
    assert.ok(!reading.message.includes("S3CRET"));
  }
});

Deno.test("readNat1Config() gives a configuration or a fault for any text and any JSON", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
    const reading = readNat1Config(text);
    if (reading.kind === "fault") assert.ok(!reading.message.includes("\n"));
    else if (reading.completed !== undefined) assert.equal(read(reading.completed).completed, undefined);
  }));
});
