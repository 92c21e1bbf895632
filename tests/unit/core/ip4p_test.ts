import assert from "node:assert/strict";
import { canonicalAddress, parseIpv6 } from "../../../src/core/endpoint.ts";
import { decodeIp4p, encodeIp4p } from "../../../src/core/ip4p.ts";

/** shared/reference/compat.md, section 4.3: address, port, natmap's text, canonical text, bytes. */
const VECTORS: readonly (readonly [string, number, string, string, string])[] = [
  [
    "142.163.54.79",
    53906,
    "2001::d292:8ea3:364f",
    "2001::d292:8ea3:364f",
    "20010000000000000000d2928ea3364f",
  ],
  ["203.0.113.10", 14500, "2001::38a4:cb00:710a", "2001::38a4:cb00:710a", "2001000000000000000038a4cb00710a"],
  ["1.1.1.1", 853, "2001::0355:0101:0101", "2001::355:101:101", "20010000000000000000035501010101"],
  ["198.51.100.7", 80, "2001::0050:c633:6407", "2001::50:c633:6407", "200100000000000000000050c6336407"],
  [
    "255.255.255.255",
    65535,
    "2001::ffff:ffff:ffff",
    "2001::ffff:ffff:ffff",
    "20010000000000000000ffffffffffff",
  ],
  ["10.0.0.1", 1, "2001::0001:0a00:0001", "2001::1:a00:1", "2001000000000000000000010a000001"],
  ["100.64.0.1", 256, "2001::0100:6440:0001", "2001::100:6440:1", "20010000000000000000010064400001"],
  ["8.8.0.0", 53, "2001::0035:0808:0000", "2001::35:808:0", "20010000000000000000003508080000"],
  ["0.0.0.1", 443, "2001::01bb:0000:0001", "2001::1bb:0:1", "2001000000000000000001bb00000001"],
  ["8.8.8.8", 0, "2001::0000:0808:0808", "2001::808:808", "20010000000000000000000008080808"],
];

Deno.test("encodeIp4p() and decodeIp4p() agree with every vector", () => {
  for (const [address, port, natmap, canonical, hex] of VECTORS) {
    assert.equal(encodeIp4p({ address, port }), natmap);
    assert.equal(canonicalAddress(natmap), canonical);
    assert.equal(parseIpv6(natmap)?.toHex(), hex);
    for (const text of [natmap, canonical, natmap.toUpperCase()]) {
      assert.deepEqual(decodeIp4p(text), { address, port }, text);
    }
  }
});

Deno.test("decodeIp4p() takes any spelling", () => {
  const expected = { address: "142.163.54.79", port: 53906 };
  const spellings = [
    "2001:0:0:0:0:d292:8ea3:364f",
    "2001:0000:0000:0000:0000:D292:8EA3:364F",
    "2001:0::d292:8ea3:364f",
    "2001::0:d292:8ea3:364f",
    "2001::d292:142.163.54.79",
  ];
  for (const text of spellings) assert.deepEqual(decodeIp4p(text), expected, text);
  assert.deepEqual(decodeIp4p("2001::92d2:8ea3:364f"), { address: "142.163.54.79", port: 37586 });
});

Deno.test("decodeIp4p() gives undefined for every other text", () => {
  const others = [
    "2001:db8::1",
    "2001:0:1::1:2:3",
    "2001:0:0:0:1:1:2:3",
    "2001:1::1:2:3",
    "2002::d292:8ea3:364f",
    "::d292:8ea3:364f",
    "fe80::1",
    "203.0.113.10",
    "example.com",
    "",
    "2001",
    "2001::d292:8ea3:364g",
    "[2001::d292:8ea3:364f]",
  ];
  for (const text of others) assert.equal(decodeIp4p(text), undefined, text);
});

Deno.test("encodeIp4p() throws TypeError unless the endpoint is IPv4", () => {
  for (const address of ["2001:db8::1", "example.com", ""]) {
    assert.throws(() => encodeIp4p({ address, port: 1 }), { name: "TypeError", message: /not IPv4$/ });
  }
});
