import assert from "node:assert/strict";
import fc from "fast-check";
import type { Random } from "../../../src/core/random.ts";
import { formatPortSpec, nextPort, parsePortSpec, type PortSpec } from "../../../src/keeper/port_spec.ts";
import { fakeRandom } from "../../fakes/fake_random.ts";

const fixed = (fraction: number): Random => ({ fraction: () => fraction, bytes: (n) => new Uint8Array(n) });

Deno.test("parsePortSpec() reads natmap's three forms", () => {
  const forms: readonly (readonly [string, PortSpec])[] = [
    ["0", { kind: "fixed", port: 0 }],
    ["3456", { kind: "fixed", port: 3456 }],
    ["65535", { kind: "fixed", port: 65535 }],
    ["5000-5010", { kind: "in-turn", first: 5000, last: 5010 }],
    ["1~65535", { kind: "random", first: 1, last: 65535 }],
    ["7-7", { kind: "in-turn", first: 7, last: 7 }],
    ["7~7", { kind: "random", first: 7, last: 7 }],
  ];
  for (const [text, spec] of forms) {
    assert.deepEqual(parsePortSpec(text), spec, text);
    assert.equal(formatPortSpec(spec), text);
  }
});

Deno.test("parsePortSpec() throws SyntaxError for everything else", () => {
  const faulty = [
    "",
    "x",
    "-1",
    "65536",
    "5000-",
    "-5000",
    "5010-5000",
    "5010~5000",
    "0-10",
    "0~10",
    "1-65536",
    "1--2",
    "1-2-3",
    "1 - 2",
    "01-2",
    "1-02",
    "1+2",
    "1…2",
    "5000 ",
    "99999999999999999999-99999999999999999999",
  ];
  for (const text of faulty) {
    assert.throws(() => parsePortSpec(text), { name: "SyntaxError", message: /^Cannot parse port/ }, text);
  }
});

Deno.test("nextPort() goes through a range in turn and round again", () => {
  const spec = parsePortSpec("10-12");
  const random = fixed(0.99);
  assert.equal(nextPort(spec, undefined, random), 10);
  assert.equal(nextPort(spec, 10, random), 11);
  assert.equal(nextPort(spec, 11, random), 12);
  assert.equal(nextPort(spec, 12, random), 10);
});

Deno.test("nextPort() takes any port of a random range, ends included", () => {
  const spec = parsePortSpec("10~12");
  assert.deepEqual([0, 0.34, 0.67, 0.999999].map((f) => nextPort(spec, undefined, fixed(f))), [
    10,
    11,
    12,
    12,
  ]);
  const random = fakeRandom();
  const seen = new Set(Array.from({ length: 100 }, () => nextPort(spec, 11, random)));
  assert.deepEqual([...seen].sort(), [10, 11, 12]);
});

Deno.test("nextPort() keeps a fixed port", () => {
  assert.equal(nextPort(parsePortSpec("3456"), undefined, fixed(0.5)), 3456);
  assert.equal(nextPort(parsePortSpec("3456"), 3456, fixed(0.5)), 3456);
  assert.equal(nextPort(parsePortSpec("0"), undefined, fixed(0.5)), 0);
});

Deno.test("nextPort() never leaves the range", () => {
  const specs = fc.tuple(fc.integer({ min: 1, max: 65535 }), fc.integer({ min: 1, max: 65535 }), fc.boolean())
    .map(([a, b, isRandom]): PortSpec => ({
      kind: isRandom ? "random" : "in-turn",
      first: Math.min(a, b),
      last: Math.max(a, b),
    }));
  const fractions = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(fc.property(specs, fractions, fc.nat(), (spec, fraction, offset) => {
    assert.deepEqual(parsePortSpec(formatPortSpec(spec)), spec);
    if (spec.kind === "fixed") return;
    const previous = spec.first + (offset % (spec.last - spec.first + 1));
    for (const before of [undefined, previous]) {
      const port = nextPort(spec, before, fixed(fraction));
      assert.ok(Number.isInteger(port) && port >= spec.first && port <= spec.last, `${port}`);
    }
  }));
});
