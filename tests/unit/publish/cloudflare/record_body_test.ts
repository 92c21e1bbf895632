import assert from "node:assert/strict";
import fc from "fast-check";
import { formatRecordBody, parseRecordBody } from "../../../../src/publish/cloudflare/record_body.ts";
import type { RecordData } from "../../../../src/dns/record_data.ts";

const common = { name: "x.example.com", ttlSeconds: 120, isProxied: false } as const;

Deno.test("formatRecordBody() has the bodies of compat.md 6", () => {
  const bodies = [
    formatRecordBody({ ...common, data: { type: "A", address: "203.0.113.10" } }),
    formatRecordBody({ ...common, isProxied: true, data: { type: "A", address: "203.0.113.10" } }),
    formatRecordBody({
      ...common,
      data: { type: "SRV", priority: 1, weight: 10, port: 14_500, target: "mc.example.com" },
    }),
    formatRecordBody({ ...common, data: { type: "TXT", strings: ["c3NoX3Rj", "cDoxMjM0NQ=="] } }),
  ];
  const name = "x.example.com";
  assert.deepEqual(bodies, [
    { content: "203.0.113.10", name, proxied: false, type: "A", ttl: 120 },
    { content: "203.0.113.10", name, proxied: true, type: "A", ttl: 1 },
    {
      type: "SRV",
      name,
      ttl: 120,
      data: { priority: 1, weight: 10, port: 14_500, target: "mc.example.com" },
    },
    { content: '"c3NoX3Rj" "cDoxMjM0NQ=="', name, type: "TXT", ttl: 120 },
  ]);
});

Deno.test("parseRecordBody() reads old and new forms", () => {
  const srv: RecordData = { type: "SRV", priority: 10, weight: 0, port: 14_500, target: "mc.example.com" };
  const https: RecordData = { type: "HTTPS", priority: 1, target: ".", params: { alpn: ["h2"], port: 443 } };
  for (
    const [record, data] of [
      [{ content: "0\t14500\tmc.example.com", data: { ...srv, target: "MC.example.com" } }, srv],
      [{ content: "10 0 14500 mc.example.com" }, srv],
      [{
        content: '1 . alpn="h2" port="443"',
        data: { priority: 1, target: ".", value: 'alpn="h2" port="443"' },
      }, https],
      [{ content: '1 . alpn="h2" port="443"' }, https],
      [{ content: "v=spf1 -all" }, { type: "TXT", strings: ["v=spf1 -all"] }],
      [{ content: '"a" "b"' }, { type: "TXT", strings: ["a", "b"] }],
    ] as const
  ) assert.deepEqual(parseRecordBody(data.type, record), data);
});

Deno.test("parseRecordBody() is total", () => {
  fc.assert(fc.property(fc.constantFrom("A", "SRV", "TXT", "HTTPS"), fc.jsonValue(), (type, value) => {
    for (const record of [value, { data: value }, { content: value }]) {
      const data = parseRecordBody(type, record);
      assert.ok(data === undefined || data.type === type);
    }
  }));
});
