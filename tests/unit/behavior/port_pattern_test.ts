import assert from "node:assert/strict";
import fc from "fast-check";
import { needsMoreSamples, type PortPair, portPatternOf } from "../../../src/behavior/port_pattern.ts";

function pairs(locals: readonly number[], seen: readonly number[]): readonly PortPair[] {
  return locals.map((port, i) => ({
    local: { address: "192.168.1.2", port },
    seen: { address: "203.0.113.10", port: seen[i] ?? 1 },
  }));
}

const LOCALS = [50_000, 50_003, 50_005, 50_010, 50_011, 50_015, 50_020, 50_021];

Deno.test("portPatternOf() finds the order in which ports are given", () => {
  const table: readonly (readonly [string, readonly number[]])[] = [
    ["preserving", LOCALS],
    ["contiguous", [1024, 1025, 1026, 1027, 1028]],
    ["contiguous", [1024, 1026, 1030, 1035, 1036]],
    ["contiguous", [1028, 1027, 1026, 1024, 1023]],
    // Somebody else took ports in between, once.
    ["contiguous", [1024, 1025, 1070, 1071, 1072]],
    ["increasing", [40_048, 40_266, 40_281, 40_300, 40_900]],
    // The blog's ports, with the fall when the allocator starts again (peers.md 6.1).
    ["increasing", [40_048, 40_266, 40_281, 36_866, 37_772, 37_774, 37_780, 37_796]],
    // A fall in so few is as likely to be chance.
    ["random", [40_266, 40_281, 36_866, 37_772, 37_780]],
    ["random", [2000, 50_000, 30_000, 12, 9000]],
    // Growing, but in steps no allocator takes.
    ["random", [2000, 22_000, 30_000, 42_000, 60_000]],
    ["random", [20_581, 41_162, 63_597, 33_699, 38_087]],
  ];
  for (const [expected, seen] of table) {
    const samples = pairs(LOCALS.slice(0, seen.length), seen);
    assert.equal(portPatternOf(samples).allocation, expected, seen.join(" "));
  }
});

Deno.test("portPatternOf() says yes only after several sockets, and no after one", () => {
  const two = portPatternOf(pairs([5, 6], [5, 6]));
  assert.deepEqual([two.portPreservation, two.parity, two.allocation], ["unknown", "unknown", "unknown"]);
  assert.equal(two.portPreservationReason?.code, "few-samples");
  const one = portPatternOf(pairs([5], [6]));
  assert.deepEqual([one.portPreservation, one.parity], ["no", "no"]);
  const three = portPatternOf(pairs([5, 6, 9], [5, 6, 9]));
  assert.deepEqual([three.portPreservation, three.parity, three.allocation], ["yes", "yes", "preserving"]);
  const none = portPatternOf([]);
  assert.deepEqual([none.portPreservation, none.parity, none.allocation], ["unknown", "unknown", "unknown"]);
});

Deno.test("portPatternOf() counts an earlier socket for what is kept, not for the order", () => {
  const samples = pairs([5001, 5002, 5003], [5001, 5002, 5003]);
  const found = portPatternOf(samples, { earlier: pairs([7000], [7001]) });
  assert.deepEqual([found.portPreservation, found.allocation], ["no", "preserving"]);
  assert.deepEqual(found.portDifferences, [1, 1]);
});

Deno.test("portPatternOf() compares only ports of one address", () => {
  const [a, b, c] = pairs([1, 2, 3], [100, 200, 300]);
  assert.ok(a && b && c);
  const elsewhere = { ...b, seen: { address: "203.0.113.11", port: 200 } };
  assert.deepEqual(portPatternOf([a, elsewhere, c]).portDifferences, []);
});

Deno.test("needsMoreSamples() asks for more only where even and odd may have been kept by chance", () => {
  const five = LOCALS.slice(0, 5);
  assert.ok(needsMoreSamples(pairs(five, five.map((port) => port - 20_000))));
  assert.ok(!needsMoreSamples(pairs(five, five)));
  assert.ok(!needsMoreSamples(pairs(five, five.map((port) => port - 20_001))));
  assert.ok(!needsMoreSamples(pairs([5], [7])));
});

Deno.test("portPatternOf() does not contradict itself", () => {
  const port = fc.integer({ min: 1, max: 65_535 });
  fc.assert(fc.property(fc.array(fc.tuple(port, port), { maxLength: 12 }), (ports) => {
    const samples = pairs(ports.map(([local]) => local), ports.map(([, seen]) => seen));
    const found = portPatternOf(samples);
    assert.equal(found.portDifferences.length, Math.max(0, ports.length - 1));
    if (found.portPreservation === "yes") assert.equal(found.allocation, "preserving");
    if (found.portPreservation === "yes") assert.equal(found.parity, "yes");
    if (found.parity === "no") assert.equal(found.portPreservation, "no");
    for (const key of ["portPreservation", "parity", "allocation"] as const) {
      assert.equal(found[key] === "unknown", found[`${key}Reason`] !== undefined);
    }
  }));
});
