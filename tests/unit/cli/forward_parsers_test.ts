import assert from "node:assert/strict";
import fc from "fast-check";
import { parseCommandLine } from "../../../src/cli/command_line.ts";
import { UsageError } from "../../../src/cli/usage_error.ts";
import {
  parseByteRate,
  parseCidrText,
  parseCongestion,
  parseCount,
  parseIdleMs,
  parseTarget,
} from "../../../src/config/values.ts";
import { LANGS } from "../../../src/text/lang.ts";
import { textsOf } from "../../../src/text/texts.ts";

Deno.test("parseTarget() reads HOST:PORT, [V6]:PORT and PORT alone", () => {
  assert.deepEqual(parseTarget("nas.lan:22"), { host: "nas.lan", port: 22 });
  assert.deepEqual(parseTarget("[FD00::9]:443"), { host: "fd00::9", port: 443 });
  assert.deepEqual(parseTarget("22"), { host: "127.0.0.1", port: 22 });
  assert.deepEqual(parseTarget("0"), { host: "127.0.0.1", port: 0 });
  assert.deepEqual(parseTarget("192.168.1.9:0"), { host: "192.168.1.9", port: 0 });
  for (
    const text of ["", "nas.lan", "nas:x", ":22", "70000", "1.2.3.4:70000", "fd00::9", "a b:1", "1.2.3:5"]
  ) {
    assert.throws(() => parseTarget(text), SyntaxError, text);
  }
});

Deno.test("parseIdleMs() takes a second to a week", () => {
  assert.deepEqual(["1s", "90", "5m", "168h"].map(parseIdleMs), [1000, 90_000, 300_000, 604_800_000]);
  for (const text of ["999ms", "169h", "0", "-1s", "5x", ""]) {
    assert.throws(() => parseIdleMs(text), SyntaxError, text);
  }
});

Deno.test("parseByteRate() takes k, M and G as powers of 1000", () => {
  assert.deepEqual(["1000", "500k", "2M", "2m", "1.5M", "1G"].map(parseByteRate), [
    1000,
    500_000,
    2_000_000,
    2_000_000,
    1_500_000,
    1_000_000_000,
  ]);
  for (const text of ["999", "0", "1MB", "-1k", "k", "", "1e9", "9999999999999"]) {
    assert.throws(() => parseByteRate(text), SyntaxError, text);
  }
});

Deno.test("parseCount() takes 1 to a million", () => {
  assert.deepEqual(["1", "1000000"].map(parseCount), [1, 1_000_000]);
  for (const text of ["0", "01", "1000001", "-1", "1.5", "", "x"]) {
    assert.throws(() => parseCount(text), SyntaxError, text);
  }
});

Deno.test("parseCidrText() and parseCongestion() give one spelling or SyntaxError", () => {
  assert.equal(parseCidrText("10.1.2.3/8"), "10.0.0.0/8");
  assert.throws(() => parseCidrText("10.0.0.0/33"), SyntaxError);
  assert.equal(parseCongestion("bbr"), "bbr");
  for (const text of ["", "a name", "x".repeat(16), "../x"]) {
    assert.throws(() => parseCongestion(text), SyntaxError);
  }
});

Deno.test("the parsers of forward give a value or SyntaxError for any text", () => {
  const parsers = [parseTarget, parseIdleMs, parseByteRate, parseCount, parseCidrText, parseCongestion];
  fc.assert(fc.property(fc.string({ maxLength: 20 }), (text) => {
    for (const parse of parsers) {
      try {
        parse(text);
      } catch (error) {
        assert.ok(error instanceof SyntaxError, `${parse.name} ${JSON.stringify(text)}: ${error}`);
      }
    }
  }));
});

Deno.test("parseCommandLine() says on one line what is wrong with forward, in every language", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["", /TARGET/],
    ["nowhere", /nowhere/],
    ["22 23", /23/],
    ["22 --allow x/8", /--allow: .*x\/8/],
    ["22 --deny ::/129", /--deny: .*::\/129/],
    ["22 --rate 5x", /--rate: .*5x/],
    ["22 --per-client 0", /--per-client: .*0/],
    ["22 --idle 1ms", /--idle: .*1ms/],
    ["22 --method iptables", /--method: .*iptables.*nftables/],
    ["22 --proxy-protocol v3", /--proxy-protocol: .*v3.*v1/],
    ["22 --congestion a/b", /--congestion: .*a\/b/],
    ["22 --port 3-1", /--port: .*3-1/],
    ["22 --test", /--test/],
    ["22 --trnsparent", /--transparent/],
  ];
  for (const lang of LANGS) {
    for (const [line, want] of cases) {
      const argv = ["forward", ...line.split(" ").filter((word) => word !== "")];
      assert.throws(
        () => parseCommandLine(argv, { texts: textsOf(lang) }),
        (error) => error instanceof UsageError && !error.message.includes("\n") && want.test(error.message),
        `${lang} ${line}`,
      );
    }
  }
});
