import assert from "node:assert/strict";
import fc from "fast-check";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import type { Protocol } from "../../../src/core/mapping.ts";
import { encodeProxyHeader } from "../../../src/forward/proxy_protocol.ts";

const CLIENT: Endpoint = { address: "198.51.100.7", port: 51234 };
const SERVER: Endpoint = { address: "192.168.1.50", port: 25565 };
const CLIENT6: Endpoint = { address: "2001:db8::7", port: 51234 };
const SERVER6: Endpoint = { address: "fd00::50", port: 25565 };

function v1(source: Endpoint, destination: Endpoint, protocol: Protocol = "tcp"): string {
  return new TextDecoder().decode(encodeProxyHeader({ version: "v1", protocol, source, destination }));
}

function v2(source: Endpoint, destination: Endpoint, protocol: Protocol = "tcp"): string {
  return encodeProxyHeader({ version: "v2", protocol, source, destination }).toHex();
}

Deno.test("encodeProxyHeader() gives the bytes of compat.md 7.5 when both sides are of one family", () => {
  assert.equal(v1(CLIENT, SERVER), "PROXY TCP4 198.51.100.7 192.168.1.50 51234 25565\r\n");
  assert.equal(v2(CLIENT, SERVER), "0d0a0d0a000d0a515549540a2111000cc6336407c0a80132c82263dd");
  assert.equal(
    v2(CLIENT6, SERVER6),
    "0d0a0d0a000d0a515549540a2121002420010db8000000000000000000000007fd000000000000000000000000000050c82263dd",
  );
});

Deno.test("encodeProxyHeader() says DGRAM when the protocol is UDP", () => {
  assert.equal(v2(CLIENT, SERVER, "udp"), "0d0a0d0a000d0a515549540a2112000cc6336407c0a80132c82263dd");
  assert.equal(v2(CLIENT6, SERVER6, "udp").slice(24, 32), "21220024");
});

Deno.test("encodeProxyHeader() writes TCP6 and, for what v1 cannot say, UNKNOWN", () => {
  assert.equal(v1(CLIENT6, SERVER6), "PROXY TCP6 2001:db8::7 fd00::50 51234 25565\r\n");
  assert.equal(v1(CLIENT, SERVER, "udp"), "PROXY UNKNOWN\r\n");
});

Deno.test("encodeProxyHeader() writes the IPv4 side as IPv4-mapped when the families differ", () => {
  assert.equal(v1(CLIENT, SERVER6), "PROXY TCP6 ::ffff:198.51.100.7 fd00::50 51234 25565\r\n");
  assert.equal(
    v2(CLIENT6, SERVER).slice(24),
    "2121002420010db800000000000000000000000700000000000000000000ffffc0a80132c82263dd",
  );
});

Deno.test("encodeProxyHeader() takes IPv4-mapped texts as IPv4 and drops zones", () => {
  assert.equal(v1({ address: "::ffff:198.51.100.7", port: 51234 }, SERVER), v1(CLIENT, SERVER));
  assert.equal(v1({ address: "fe80::1%eth0", port: 1 }, SERVER6), "PROXY TCP6 fe80::1 fd00::50 1 25565\r\n");
});

Deno.test("encodeProxyHeader() says UNKNOWN or UNSPEC when a side is no IP address", () => {
  const nobody: Endpoint = { address: "", port: 0 };
  assert.equal(v1(nobody, SERVER), "PROXY UNKNOWN\r\n");
  assert.equal(v2(nobody, SERVER), "0d0a0d0a000d0a515549540a21000000");
});

Deno.test("encodeProxyHeader() keeps the limits of both versions when endpoints are random", () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6());
  const endpoint = fc.record({ address, port: fc.integer({ min: 0, max: 65535 }) });
  fc.assert(fc.property(endpoint, endpoint, fc.constantFrom<Protocol>("tcp", "udp"), (a, b, protocol) => {
    const text = v1(a, b, protocol);
    assert.ok(text.length <= 107 && text.indexOf("\r\n") === text.length - 2, text);
    const binary = v2(a, b, protocol);
    assert.equal(parseInt(binary.slice(28, 32), 16), binary.length / 2 - 16);
    assert.equal(
      binary.slice(-8),
      [a.port, b.port].map((port) => port.toString(16).padStart(4, "0")).join(""),
    );
  }));
});
