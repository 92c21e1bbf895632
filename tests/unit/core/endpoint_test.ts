import assert from "node:assert/strict";
import {
  addressBytes,
  canonicalAddress,
  familyOf,
  formatAddress,
  formatEndpoint,
  isSameEndpoint,
  parseEndpoint,
  parseHostPort,
  parseIpv4,
  parseIpv6,
  parsePort,
  unspecifiedAddress,
} from "../../../src/core/endpoint.ts";

Deno.test("parseIpv4() takes four decimal bytes and nothing else", () => {
  assert.deepEqual([...parseIpv4("192.0.2.1") ?? []], [192, 0, 2, 1]);
  assert.deepEqual([...parseIpv4("0.0.0.0") ?? []], [0, 0, 0, 0]);
  assert.deepEqual([...parseIpv4("255.255.255.255") ?? []], [255, 255, 255, 255]);
  const faulty = [
    "",
    "1",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "1.2.3.04",
    "01.2.3.4",
    "1.2.3.",
    ".1.2.3",
    "1.2.3.4 ",
    " 1.2.3.4",
    "1.2.3.+4",
    "1.2.3.-4",
    "0x7f.0.0.1",
    "1.2.3.1e1",
    "1.2.3.٤",
    "1.2.3.4\n",
    "::1",
  ];
  for (const text of faulty) assert.equal(parseIpv4(text), undefined, JSON.stringify(text));
});

Deno.test("parseIpv6() reads every form of RFC 4291 section 2.2", () => {
  const forms: readonly (readonly [string, string])[] = [
    ["ABCD:EF01:2345:6789:ABCD:EF01:2345:6789", "abcdef0123456789abcdef0123456789"],
    ["2001:DB8:0:0:8:800:200C:417A", "20010db80000000000080800200c417a"],
    ["2001:DB8::8:800:200C:417A", "20010db80000000000080800200c417a"],
    ["FF01:0:0:0:0:0:0:101", "ff010000000000000000000000000101"],
    ["FF01::101", "ff010000000000000000000000000101"],
    ["0:0:0:0:0:0:0:1", "00000000000000000000000000000001"],
    ["::1", "00000000000000000000000000000001"],
    ["::", "00000000000000000000000000000000"],
    ["1::", "00010000000000000000000000000000"],
    ["0:0:0:0:0:0:13.1.68.3", "0000000000000000000000000d014403"],
    ["::13.1.68.3", "0000000000000000000000000d014403"],
    ["0:0:0:0:0:FFFF:129.144.52.38", "00000000000000000000ffff81903426"],
    ["::FFFF:129.144.52.38", "00000000000000000000ffff81903426"],
    ["1:2:3:4:5:6:7::", "00010002000300040005000600070000"],
    ["::2:3:4:5:6:7:8", "00000002000300040005000600070008"],
    ["1:2:3:4:5::1.2.3.4", "00010002000300040005000001020304"],
  ];
  for (const [text, hex] of forms) assert.equal(parseIpv6(text)?.toHex(), hex, text);
});

Deno.test("parseIpv6() refuses what is no address", () => {
  const faulty = [
    "",
    ":",
    ":::",
    "1",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "::1:2:3:4:5:6:7:8",
    "1:2:3:4::5:6:7:8",
    "1::2::3",
    ":1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7:8:",
    "1:",
    ":1",
    "12345::",
    "g::",
    "::1.2.3",
    "::1.2.3.256",
    "::1.2.3.4:5",
    "1.2.3.4::",
    "1:2:3:4:5:6:7:1.2.3.4",
    "::1 ",
    "::-1",
    "fe80::1%eth0",
    "[::1]",
    "1.2.3.4",
  ];
  for (const text of faulty) assert.equal(parseIpv6(text), undefined, JSON.stringify(text));
});

Deno.test("canonicalAddress() spells as RFC 5952 wants", () => {
  const vectors: readonly (readonly [string, string])[] = [
    // 4.1: no leading zeros
    ["2001:0db8::0001", "2001:db8::1"],
    ["2001:db8:0000:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    // 4.2.1: shortened as much as possible
    ["2001:db8:0:0:0:0:2:1", "2001:db8::2:1"],
    ["2001:db8:0:0:0:0:0:1", "2001:db8::1"],
    // 4.2.2: one group of zeros stays
    ["2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    // 4.2.3: the longest run, the first of equal ones
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    // 4.3: lower case
    ["2001:DB8::AbCd:eF", "2001:db8::abcd:ef"],
    // runs at both ends
    ["0:0:0:0:0:0:0:0", "::"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["1:0:0:0:0:0:0:0", "1::"],
    ["0:0:1:0:0:0:0:0", "0:0:1::"],
    ["0:1:0:1:0:1:0:1", "0:1:0:1:0:1:0:1"],
    ["0:0:1:1:1:1:0:0", "::1:1:1:1:0:0"],
    ["0:1:1:1:1:1:1:0", "0:1:1:1:1:1:1:0"],
    // IPv4-mapped becomes IPv4, other embeddings stay IPv6
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:c000:0201", "192.0.2.1"],
    ["0:0:0:0:0:ffff:0:0", "0.0.0.0"],
    ["::192.0.2.1", "::c000:201"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
    ["::fffe:192.0.2.1", "::fffe:c000:201"],
    ["1::ffff:192.0.2.1", "1::ffff:c000:201"],
    // zones stay as they are
    ["FE80:0::1%eth0", "fe80::1%eth0"],
    ["fe80::1%12", "fe80::1%12"],
    ["192.0.2.1", "192.0.2.1"],
  ];
  for (const [text, canonical] of vectors) assert.equal(canonicalAddress(text), canonical, text);
});

Deno.test("canonicalAddress() gives undefined for what is no address", () => {
  const zones = ["fe80::1%", "fe80::1%]", "fe80::1%a b", "fe80::1%eth0:80", "fe80::1%a%b", "fe80::1%\n"];
  for (
    const text of [
      "",
      "localhost",
      "1.2.3",
      "192.0.2.1%eth0",
      "::g",
      "fe80:1%eth0",
      "%eth0",
      "[::1]",
      ...zones,
    ]
  ) {
    assert.equal(canonicalAddress(text), undefined, JSON.stringify(text));
  }
});

Deno.test("canonicalAddress() never gives what it would refuse itself", () => {
  for (const text of ["::ffff:192.0.2.1%eth0", "::ffff:1.2.3.4%1", "fe80::1%eth0", "::1"]) {
    const once = canonicalAddress(text);
    if (once !== undefined) assert.equal(canonicalAddress(once), once, text);
  }
});

Deno.test("formatAddress() throws RangeError unless there are 4 or 16 bytes", () => {
  for (const length of [0, 3, 5, 15, 17]) {
    assert.throws(() => formatAddress(new Uint8Array(length)), RangeError, `${length}`);
  }
  assert.equal(formatAddress(Uint8Array.of(203, 0, 113, 10)), "203.0.113.10");
});

Deno.test("addressBytes() ignores a zone", () => {
  assert.deepEqual(addressBytes("fe80::1%eth0"), addressBytes("fe80::1"));
  assert.equal(addressBytes("fe80::1")?.length, 16);
  assert.equal(addressBytes("10.0.0.1")?.length, 4);
  assert.equal(addressBytes("example.com"), undefined);
});

Deno.test("familyOf() and unspecifiedAddress() belong together", () => {
  assert.equal(familyOf(unspecifiedAddress(4)), 4);
  assert.equal(familyOf(unspecifiedAddress(6)), 6);
  assert.equal(familyOf("fe80::1%eth0"), 6);
});

Deno.test("parsePort() takes 0 to 65535 without sign, space or leading zero", () => {
  for (const [text, port] of [["0", 0], ["1", 1], ["80", 80], ["65535", 65535]] as const) {
    assert.equal(parsePort(text), port);
  }
  for (
    const text of [
      "",
      "65536",
      "99999",
      "100000",
      "-1",
      "+1",
      "080",
      "00",
      " 80",
      "80 ",
      "8.0",
      "0x50",
      "1e2",
      "٨",
    ]
  ) {
    assert.equal(parsePort(text), undefined, JSON.stringify(text));
  }
});

Deno.test("parseHostPort() reads what users write", () => {
  const forms: readonly (readonly [string, number | undefined, string, number])[] = [
    ["stun.example", 3478, "stun.example", 3478],
    ["stun.example:19302", 3478, "stun.example", 19302],
    ["stun.example.:80", undefined, "stun.example.", 80],
    ["localhost:0", undefined, "localhost", 0],
    ["a_b-c.example", 1, "a_b-c.example", 1],
    ["bücher.example:80", undefined, "bücher.example", 80],
    ["例子.测试", 80, "例子.测试", 80],
    ["1and1.example", 80, "1and1.example", 80],
    ["203.0.113.10", 80, "203.0.113.10", 80],
    ["203.0.113.10:14500", 80, "203.0.113.10", 14500],
    ["[2001:DB8::1]:80", undefined, "2001:db8::1", 80],
    ["[2001:db8:0::1]", 443, "2001:db8::1", 443],
    ["2001:db8::1", 443, "2001:db8::1", 443],
    ["::1:80", 443, "::1:80", 443],
    ["[fe80::1%eth0]:80", undefined, "fe80::1%eth0", 80],
    ["fe80::1%eth0", 80, "fe80::1%eth0", 80],
    ["[::ffff:203.0.113.10]:80", undefined, "203.0.113.10", 80],
    ["[::]:0", undefined, "::", 0],
  ];
  for (const [text, defaultPort, host, port] of forms) {
    assert.deepEqual(parseHostPort(text, defaultPort), { host, port }, text);
  }
});

Deno.test("parseHostPort() throws SyntaxError that says what is wrong", () => {
  const faults: readonly (readonly [string, number | undefined, RegExp])[] = [
    ["stun.example", undefined, /"stun\.example": the port is missing$/],
    ["2001:db8::1", undefined, /the port is missing$/],
    ["[::1]", undefined, /the port is missing$/],
    ["stun.example:", 1, /not 0 to 65535$/],
    ["stun.example:65536", 1, /port 65536 is not 0 to 65535$/],
    ["stun.example:-1", 1, /port -1 is not 0 to 65535$/],
    ["stun.example:http", 1, /port http is not 0 to 65535$/],
    ["[::1]:70000", 1, /port 70000 is not 0 to 65535$/],
    ["", 1, /neither a host name nor an address$/],
    [":80", 1, /neither a host name nor an address$/],
    ["1.2.3:80", 1, /"1\.2\.3" is neither/],
    ["1.2.3.4.5:80", 1, /neither/],
    ["256.1.1.1", 1, /neither/],
    ["12345", 1, /neither/],
    ["[stun.example]:80", 1, /"stun\.example" is neither/],
    ["[]:80", 1, /neither/],
    ["[::1:80", 1, /neither/],
    ["[::1]80", 1, /./],
    ["[::1]:", 1, /./],
    ["-x.example", 1, /neither/],
    ["a..b", 1, /neither/],
    [".a", 1, /neither/],
    ["a b", 1, /neither/],
    ["a/b", 1, /neither/],
    ["http://a", 1, /./],
    ["a:b:80", 1, /neither/],
    ["user@host:80", 1, /neither/],
    [`${"a".repeat(254)}`, 1, /neither/],
    ["a\n:80", 1, /./],
  ];
  for (const [text, defaultPort, message] of faults) {
    assert.throws(
      () => parseHostPort(text, defaultPort),
      (error) => error instanceof SyntaxError && message.test(error.message),
      JSON.stringify(text),
    );
  }
});

Deno.test("parseHostPort() stays fast on hostile input", () => {
  const start = performance.now();
  for (
    const text of [
      `${"a-".repeat(50_000)}!`,
      `${"a.".repeat(50_000)}!`,
      `${":".repeat(100_000)}`,
      "1".repeat(100_000),
    ]
  ) {
    assert.throws(() => parseHostPort(text, 1), SyntaxError);
  }
  assert.ok(performance.now() - start < 2_000);
});

Deno.test("parseEndpoint() refuses host names", () => {
  assert.deepEqual(parseEndpoint("203.0.113.10:80"), { address: "203.0.113.10", port: 80 });
  assert.deepEqual(parseEndpoint("[2001:db8::1]", 80), { address: "2001:db8::1", port: 80 });
  assert.throws(() => parseEndpoint("example.com:80"), {
    name: "SyntaxError",
    message: `Cannot parse endpoint "example.com:80": "example.com" is not an IP address`,
  });
  assert.throws(() => parseEndpoint("203.0.113.10"), SyntaxError);
});

Deno.test("formatEndpoint() brackets IPv6 only", () => {
  assert.equal(formatEndpoint({ address: "203.0.113.10", port: 80 }), "203.0.113.10:80");
  assert.equal(formatEndpoint({ address: "2001:db8::1", port: 80 }), "[2001:db8::1]:80");
  assert.equal(formatEndpoint({ host: "stun.example", port: 3478 }), "stun.example:3478");
  assert.equal(formatEndpoint({ host: "::1", port: 0 }), "[::1]:0");
});

Deno.test("isSameEndpoint() compares address and port", () => {
  const a = { address: "203.0.113.10", port: 80 };
  assert.ok(isSameEndpoint(a, { ...a }));
  assert.ok(!isSameEndpoint(a, { ...a, port: 81 }));
  assert.ok(!isSameEndpoint(a, { ...a, address: "203.0.113.11" }));
  assert.ok(!isSameEndpoint(a, undefined));
  assert.ok(!isSameEndpoint(undefined, a));
  assert.ok(isSameEndpoint(undefined, undefined));
});
