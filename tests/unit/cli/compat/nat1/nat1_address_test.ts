import assert from "node:assert/strict";
import { NAT1_ADDRESSES, readNat1Address } from "../../../../../src/config/import/nat1_address.ts";
import { formatEndpoint } from "../../../../../src/core/endpoint.ts";
import { readNat1QueryHost } from "../../../../../src/cli/compat/nat1/query_host.ts";

Deno.test("readNat1Address() agrees with the table of compat.md 5.1", () => {
  const table: readonly (readonly [string | undefined, string, string])[] = [
    [":", "0.0.0.0:25565", "127.0.0.1:25565"],
    [":25566", "0.0.0.0:25566", "127.0.0.1:25566"],
    ["25566", "0.0.0.0:25566", "127.0.0.1:25566"],
    ["192.168.1.50", "192.168.1.50:25565", "192.168.1.50:25565"],
    ["192.168.1.50:3389", "192.168.1.50:3389", "192.168.1.50:3389"],
    ["127.1:80", "127.0.0.1:80", "127.0.0.1:80"],
    [":0", "0.0.0.0:0", "127.0.0.1:0"],
    [undefined, "none", "none"],
    ["", "none", "none"],
    [" \t ", "none", "none"],
    ["a:b", "IP格式错误", "IP格式错误"],
    ["256.1.1.1", "IP格式错误", "IP格式错误"],
    [":70000", "端口应该在0-65535之间", "端口应该在0-65535之间"],
    [":-1", "端口应该在0-65535之间", "端口应该在0-65535之间"],
    [":x", "端口不是数字", "端口不是数字"],
    ["localhost", "端口不是数字", "端口不是数字"],
    ["1:2:3", "地址格式错误，仅能有一个分隔符", "地址格式错误，仅能有一个分隔符"],
  ];
  for (const [text, local, remote] of table) {
    for (const [side, wanted] of [["local", local], ["remote", remote]] as const) {
      const reading = readNat1Address(text, NAT1_ADDRESSES[side]);
      const said = reading.kind === "endpoint"
        ? formatEndpoint(reading.endpoint)
        : reading.kind === "none"
        ? "none"
        : reading.message;
      assert.equal(said, wanted, `${side} ${text}`);
    }
  }
});

Deno.test("readNat1QueryHost() tells hosts, addresses and ports apart", () => {
  const table: readonly (readonly [string, string | readonly [string, number | undefined]])[] = [
    ["mc.example.com", ["mc.example.com", undefined]],
    ["mc.example.com:25566", ["mc.example.com", 25_566]],
    ["[2001:db8::1]:25566", ["2001:db8::1", 25_566]],
    ["[2001:DB8::1]", ["2001:db8::1", undefined]],
    ["2001:db8::1", ["2001:db8::1", undefined]],
    ["", ["", undefined]],
    [":", ["", undefined]],
    [":0", ["", undefined]],
    ["127.1", ["127.0.0.1", undefined]],
    ["localhost:80", ["localhost", 80]],
    ["h:x", "端口不是数字"],
    ["h:70000", "端口应该在0-65535之间"],
    ["1:2:3", "地址格式错误，仅能有一个分隔符"],
    ["[::1", "地址格式错误，仅能有一个分隔符"],
    ["[x]", "IP格式错误"],
    ["a b", "IP格式错误"],
    ["1.2.3.4.5", "IP格式错误"],
  ];
  for (const [text, wanted] of table) {
    const reading = readNat1QueryHost(text);
    const said = reading.kind === "host" ? [reading.host, reading.port] : reading.message;
    assert.deepEqual(said, wanted, text);
  }
});
