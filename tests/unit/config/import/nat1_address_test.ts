import assert from "node:assert/strict";
import { NAT1_ADDRESSES, readNat1Address } from "../../../../src/config/import/nat1_address.ts";
import { formatEndpoint } from "../../../../src/core/endpoint.ts";

// The table of compat.md 5.1.
const ADDRESSES: readonly (readonly [string, string, string])[] = [
  [":", "0.0.0.0:25565", "127.0.0.1:25565"],
  [":25566", "0.0.0.0:25566", "127.0.0.1:25566"],
  ["25566", "0.0.0.0:25566", "127.0.0.1:25566"],
  ["192.168.1.50", "192.168.1.50:25565", "192.168.1.50:25565"],
  ["192.168.1.50:3389", "192.168.1.50:3389", "192.168.1.50:3389"],
  ["192.168.1.50:", "192.168.1.50:25565", "192.168.1.50:25565"],
  ["127.1:80", "127.0.0.1:80", "127.0.0.1:80"],
  ["10.1.258:0", "10.1.1.2:0", "10.1.1.2:0"],
];

Deno.test("readNat1Address() fills in what an address leaves out", () => {
  for (const [text, ...wanted] of ADDRESSES) {
    for (const [i, key] of (["local", "remote"] as const).entries()) {
      const reading = readNat1Address(text, NAT1_ADDRESSES[key]);
      assert.equal(reading.kind === "endpoint" && formatEndpoint(reading.endpoint), wanted[i], text);
    }
  }
  for (const text of [undefined, "", "  "]) {
    assert.deepEqual(readNat1Address(text, NAT1_ADDRESSES.local), { kind: "none" });
  }
});

Deno.test("readNat1Address() refuses in nat1_traversal's words", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["a:b", "IP格式错误"],
    ["256.1:1", "IP格式错误"],
    ["1.2.3.4.5", "IP格式错误"],
    ["1.2.3.256", "IP格式错误"],
    ["1..2", "IP格式错误"],
    [":70000", "端口应该在0-65535之间"],
    ["-1", "端口应该在0-65535之间"],
    [":x", "端口不是数字"],
    ["abc", "端口不是数字"],
    ["1:2:3", "地址格式错误，仅能有一个分隔符"],
  ];
  for (const [text, message] of cases) {
    assert.deepEqual(readNat1Address(text, NAT1_ADDRESSES.local), { kind: "fault", message }, text);
  }
});
