import assert from "node:assert/strict";
import fc from "fast-check";
import {
  formatBindSpec,
  hostPortReader,
  parseBindSpec,
  parseDurationMs,
  parseInterface,
  parseMark,
  parseTunnelName,
} from "../../../src/config/values.ts";

Deno.test("parseBindSpec() takes a port in every form, with or without an address", () => {
  const fixed = (port: number): unknown => ({ kind: "fixed", port });
  const cases: readonly (readonly [string, unknown])[] = [
    ["3456", { port: fixed(3456) }],
    ["0", { port: fixed(0) }],
    ["5000-6000", { port: { kind: "in-turn", first: 5000, last: 6000 } }],
    ["192.168.1.2:3456", { address: "192.168.1.2", port: fixed(3456) }],
    ["192.168.1.2:5000~6000", {
      address: "192.168.1.2",
      port: { kind: "random", first: 5000, last: 6000 },
    }],
    ["[2001:DB8::1]:80", { address: "2001:db8::1", port: fixed(80) }],
  ];
  for (const [text, want] of cases) assert.deepEqual(parseBindSpec(text), want, text);
});

Deno.test("parseBindSpec() refuses everything else with SyntaxError", () => {
  const bad = [
    "",
    "-1",
    "65536",
    "x",
    ":80",
    "host:80",
    "1.2.3:80",
    "1.2.3.4:",
    "2001:db8::1:80",
    "[::1]",
    "[]:1",
  ];
  for (const text of [...bad, "6000-5000", "0-5", "1 ", "1.2.3.4:80:90", "0x50"]) {
    assert.throws(() => parseBindSpec(text), SyntaxError, text);
  }
});

Deno.test("parseBindSpec() reads what formatBindSpec() writes, and any text gives a value or SyntaxError", () => {
  const specs = fc.record({
    address: fc.option(fc.oneof(fc.constantFrom("10.0.0.1", "2001:db8::1", "::")), { nil: undefined }),
    port: fc.oneof(
      fc.nat(65535).map((port) => ({ kind: "fixed" as const, port })),
      fc.tuple(fc.integer({ min: 1, max: 65535 }), fc.integer({ min: 1, max: 65535 }), fc.boolean()).map(
        ([a, b, isRandom]) => ({
          kind: isRandom ? "random" as const : "in-turn" as const,
          first: Math.min(a, b),
          last: Math.max(a, b),
        }),
      ),
    ),
  });
  fc.assert(fc.property(specs, (spec) => {
    const parsed = parseBindSpec(formatBindSpec(spec));
    assert.deepEqual(parsed.port, spec.port);
    assert.equal(parsed.address, spec.address);
  }));
  fc.assert(fc.property(fc.string(), (text) => {
    try {
      parseBindSpec(text);
    } catch (error) {
      assert.ok(error instanceof SyntaxError);
    }
  }));
});

Deno.test("parseDurationMs() takes units, fractions and bare seconds", () => {
  const cases: readonly (readonly [string, number])[] = [
    ["15s", 15_000],
    ["1500ms", 1500],
    ["2m", 120_000],
    ["1h", 3_600_000],
    ["15", 15_000],
    ["0.5s", 500],
    ["100ms", 100],
  ];
  for (const [text, ms] of cases) assert.equal(parseDurationMs(text), ms, text);
});

Deno.test("parseDurationMs() refuses malformed, too short and too long times", () => {
  for (
    const text of ["", "s", "0", "99ms", "61m", "1h1m", "-1s", "1 s", "1e3", "NaN", "15S", "9999999999s"]
  ) {
    assert.throws(() => parseDurationMs(text), SyntaxError, text);
  }
});

Deno.test("parseMark() takes unsigned 32-bit numbers, decimal or hex", () => {
  assert.deepEqual(["0", "1", "0x10", "0XfF", "4294967295"].map(parseMark), [0, 1, 16, 255, 4294967295]);
  for (const text of ["", "-1", "4294967296", "1.5", "0x", "0x100000000", "x", "1e3", " 1"]) {
    assert.throws(() => parseMark(text), SyntaxError, text);
  }
});

Deno.test("parseInterface() tells addresses from names", () => {
  assert.deepEqual(parseInterface("eth0"), { kind: "device", name: "eth0" });
  assert.deepEqual(parseInterface("pppoe-wan.2"), { kind: "device", name: "pppoe-wan.2" });
  assert.deepEqual(parseInterface("192.168.1.2"), { kind: "address", address: "192.168.1.2" });
  assert.deepEqual(parseInterface("2001:DB8::1"), { kind: "address", address: "2001:db8::1" });
  for (const text of ["", "a".repeat(16), "a b", "a/b", "a\0"]) {
    assert.throws(() => parseInterface(text), SyntaxError, text);
  }
});

Deno.test("parseTunnelName() refuses control characters, emptiness and length", () => {
  assert.equal(parseTunnelName("我的 web"), "我的 web");
  for (const text of ["", "a\nb", "\x1b[31m", "a".repeat(65)]) {
    assert.throws(() => parseTunnelName(text), SyntaxError, JSON.stringify(text));
  }
});

Deno.test("hostPortReader() adds the default port and refuses port 0", () => {
  const read = hostPortReader(3478);
  assert.deepEqual(read("stun.example"), { host: "stun.example", port: 3478 });
  assert.deepEqual(read("[2001:db8::1]:5"), { host: "2001:db8::1", port: 5 });
  for (const text of ["", "stun.example:0", "stun.example:99999", "a b", "1.2.3:5"]) {
    assert.throws(() => read(text), SyntaxError, text);
  }
});
