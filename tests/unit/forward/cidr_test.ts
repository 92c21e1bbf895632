import assert from "node:assert/strict";
import fc from "fast-check";
import { cidrHolds, formatCidr, parseCidr, plainAddressBytes } from "../../../src/forward/cidr.ts";

function holds(cidr: string, address: string): boolean {
  const bytes = plainAddressBytes(address);
  assert.ok(bytes, `${address} is an address`);
  return cidrHolds(parseCidr(cidr), bytes);
}

Deno.test("parseCidr() gives one spelling when bits after the prefix are set or the address is IPv4-mapped", () => {
  const rows: readonly (readonly [string, string])[] = [
    ["192.168.1.77/24", "192.168.1.0/24"],
    ["10.255.255.255/9", "10.128.0.0/9"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["198.51.100.7", "198.51.100.7/32"],
    ["2001:DB8::1", "2001:db8::1/128"],
    ["2001:db8:1:2:3::/64", "2001:db8:1:2::/64"],
    ["2001:db8::ff00/121", "2001:db8::ff00/121"],
    ["::/0", "::/0"],
    ["::ffff:10.1.2.3/104", "10.0.0.0/8"],
    ["::ffff:10.1.2.3", "10.1.2.3/32"],
  ];
  for (const [text, expected] of rows) assert.equal(formatCidr(parseCidr(text)), expected, text);
});

Deno.test("parseCidr() throws SyntaxError that says what is wrong when the text is no block", () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ["", /"" is not an IP address/],
    ["example.net/24", /"example.net" is not an IP address/],
    ["10.0.0/8", /"10.0.0" is not an IP address/],
    ["10.0.0.0/33", /prefix length "33" is not 0 to 32/],
    ["10.0.0.0/", /prefix length "" is not 0 to 32/],
    ["10.0.0.0/08", /prefix length "08"/],
    ["10.0.0.0/-1", /prefix length "-1"/],
    ["10.0.0.0/8/8", /prefix length "8\/8"/],
    ["10.0.0.0/255.0.0.0", /prefix length "255.0.0.0"/],
    ["::/129", /prefix length "129" is not 0 to 128/],
    ["fe80::1%eth0/64", /"fe80::1%eth0" is not an IP address/],
    [" 10.0.0.0/8", /is not an IP address/],
  ];
  for (const [text, reason] of rows) {
    assert.throws(
      () => parseCidr(text),
      (error) => error instanceof SyntaxError && reason.test(error.message),
    );
  }
});

Deno.test("parseCidr() gives a block or SyntaxError when the text is anything", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    try {
      const { family, prefix, bits } = parseCidr(text);
      assert.equal(prefix.length, family === 4 ? 4 : 16);
      assert.ok(bits >= 0 && bits <= prefix.length * 8);
    } catch (error) {
      assert.ok(error instanceof SyntaxError);
    }
  }));
});

Deno.test("cidrHolds() knows first and last address of a block, and their neighbours", () => {
  const rows: readonly (readonly [string, string, boolean])[] = [
    ["100.64.0.0/10", "100.64.0.0", true],
    ["100.64.0.0/10", "100.127.255.255", true],
    ["100.64.0.0/10", "100.63.255.255", false],
    ["100.64.0.0/10", "100.128.0.0", false],
    ["10.0.0.1", "10.0.0.1", true],
    ["10.0.0.1", "10.0.0.2", false],
    ["2001:db8:0:8000::/49", "2001:db8:0:ffff:ffff::", true],
    ["2001:db8:0:8000::/49", "2001:db8:0:7fff::", false],
    ["0.0.0.0/0", "255.255.255.255", true],
    ["10.0.0.0/8", "::ffff:10.9.8.7", true],
    ["::/0", "10.0.0.1", false],
    ["0.0.0.0/0", "2001:db8::1", false],
  ];
  for (const [cidr, address, expected] of rows) {
    assert.equal(holds(cidr, address), expected, `${cidr} ${address}`);
  }
});

Deno.test("cidrHolds() compares exactly the first bits when both are random", () => {
  const bytes = fc.uint8Array({ minLength: 4, maxLength: 4 });
  const number = (b: Uint8Array): bigint => BigInt(`0x${b.toHex()}`);
  fc.assert(fc.property(bytes, bytes, fc.integer({ min: 0, max: 32 }), (a, b, bits) => {
    const shift = BigInt(32 - bits);
    const expected = number(a) >> shift === number(b) >> shift;
    assert.equal(cidrHolds(parseCidr(`${a.join(".")}/${bits}`), b), expected);
  }));
});
