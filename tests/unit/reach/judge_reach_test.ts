import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Finding,
  type OutsideFinding,
  REACH_REASONS,
  type ReachEvidence,
  type ReachState,
} from "../../../src/reach/evidence.ts";
import {
  judgeOutside,
  judgeReach,
  type ReachProof,
  type ReachVerdict,
  readSilence,
} from "../../../src/reach/judge_reach.ts";

type Shorthand = "yes" | "no" | "unknown" | "own" | "-";

function finding(state: Shorthand): Finding | undefined {
  switch (state) {
    case "-":
      return undefined;
    case "own":
      return { state: "unknown", reason: "own-address" };
    case "yes":
      return { state, reason: "connected" };
    case "no":
      return { state, reason: "timeout" };
    case "unknown":
      return { state, reason: "silent" };
  }
}

function reflector(state: ReachState, origin?: "asked" | "other"): OutsideFinding {
  const fromAskedAddress = origin && origin === "asked";
  return { ...finding(state) as Finding, kind: "reflector", witness: "r", fromAskedAddress };
}

function checker(state: ReachState): OutsideFinding {
  return { ...finding(state) as Finding, kind: "public", witness: "p" };
}

function judge(target: Shorthand, hairpin: Shorthand, outside: readonly OutsideFinding[]): string {
  const evidence: ReachEvidence = { target: finding(target), hairpin: finding(hairpin) as Finding, outside };
  return judgeReach(evidence).verdict;
}

Deno.test("judgeReach() gives Natter 2's verdicts, and says so where the cause cannot be told", () => {
  // target, hairpin, what the reflector says
  const table: readonly (readonly [Shorthand, Shorthand, ReachState | "-", ReachVerdict])[] = [
    ["no", "no", "no", "target-closed"],
    ["no", "yes", "yes", "target-closed"],
    ["no", "unknown", "-", "target-closed"],
    ["no", "own", "unknown", "target-closed"],
    ["yes", "yes", "yes", "open"],
    ["yes", "no", "yes", "open"],
    ["-", "no", "yes", "open"],
    ["unknown", "unknown", "yes", "open"],
    ["yes", "own", "yes", "open"],
    ["yes", "no", "no", "punching-failed"],
    ["yes", "yes", "no", "firewall"],
    ["-", "yes", "no", "firewall"],
    ["unknown", "yes", "no", "firewall"],
    ["yes", "own", "no", "firewall"],
    ["-", "no", "no", "closed"],
    ["unknown", "no", "no", "closed"],
    ["-", "unknown", "no", "closed"],
    ["yes", "unknown", "no", "closed"],
    ["-", "own", "no", "closed"],
    ["yes", "yes", "unknown", "unknown"],
    ["yes", "no", "unknown", "unknown"],
    ["yes", "yes", "-", "unknown"],
    ["-", "no", "-", "unknown"],
  ];
  for (const [target, hairpin, outside, expected] of table) {
    const seen = outside === "-" ? [] : [reflector(outside)];
    assert.equal(judge(target, hairpin, seen), expected, `${target} ${hairpin} ${outside}`);
  }
});

Deno.test("judgeOutside() believes one that got in, and a no of all checkers or of the reflector", () => {
  const table: readonly (readonly [readonly OutsideFinding[], ReachState])[] = [
    [[], "unknown"],
    [[checker("no"), checker("yes")], "yes"],
    [[reflector("no"), checker("yes")], "yes"],
    [[checker("no"), checker("no")], "no"],
    [[checker("no"), checker("unknown")], "unknown"],
    [[reflector("unknown"), checker("no"), checker("no")], "no"],
    [[reflector("no"), checker("unknown"), checker("unknown")], "no"],
    [[reflector("unknown")], "unknown"],
  ];
  for (const [outside, expected] of table) {
    assert.equal(judgeOutside(outside), expected, JSON.stringify(outside));
  }
});

Deno.test("judgeReach() claims endpoint-independent filtering only for an address that was never asked", () => {
  const table: readonly (readonly [readonly OutsideFinding[], ReachProof])[] = [
    [[reflector("yes", "other")], "endpoint-independent"],
    [[reflector("yes", "asked")], "not-port-restricted"],
    [[reflector("yes", "asked"), checker("yes")], "not-port-restricted"],
    [[checker("yes")], "unknown"],
    // What did not get in proves nothing about what did.
    [[reflector("no", "other"), checker("yes")], "unknown"],
  ];
  for (const [outside, expected] of table) {
    assert.equal(judgeReach({ hairpin: { state: "no", reason: "timeout" }, outside }).proof, expected);
  }
});

Deno.test("judgeReach() says open only if somebody outside got in and the target is not closed", () => {
  const states = fc.constantFrom<ReachState>("yes", "no", "unknown");
  const reasons = fc.constantFrom(...REACH_REASONS);
  const findings = fc.record({ state: states, reason: reasons });
  const outsiders = fc.array(
    fc.record({
      state: states,
      reason: reasons,
      kind: fc.constantFrom<"reflector" | "public">("reflector", "public"),
      witness: fc.constant("w"),
      fromAskedAddress: fc.option(fc.boolean(), { nil: undefined }),
    }),
    { maxLength: 3 },
  );
  fc.assert(
    fc.property(fc.option(findings, { nil: undefined }), findings, outsiders, (target, hairpin, outside) => {
      const { verdict, proof } = judgeReach({ target, hairpin, outside });
      const gotIn = outside.some(({ state }) => state === "yes");
      assert.equal(verdict === "open", gotIn && target?.state !== "no");
      assert.equal(proof !== undefined, verdict === "open");
      if (verdict === "firewall" || verdict === "punching-failed" || verdict === "closed") {
        assert.ok(!gotIn && outside.some(({ state }) => state === "no"));
      }
    }),
  );
});

Deno.test("readSilence() takes silence for a no only where the service answers such datagrams", () => {
  const silent = { state: "unknown", reason: "silent" } as const;
  const answered = { state: "yes", reason: "answered" } as const;
  const outside = [
    { ...reflector("unknown"), ...silent },
    { ...reflector("unknown"), reason: "failed" } as const,
  ];
  const nobody: ReachEvidence = { hairpin: silent, outside };
  assert.equal(readSilence(nobody), nobody);
  for (const evidence of [{ hairpin: answered, outside }, { target: answered, hairpin: silent, outside }]) {
    const read = readSilence(evidence);
    assert.deepEqual(read.outside.map(({ state, reason }) => [state, reason]), [["no", "timeout"], [
      "unknown",
      "failed",
    ]]);
    assert.notEqual(read.hairpin.reason, "silent");
    assert.equal(judgeReach(read).verdict, "target" in evidence ? "punching-failed" : "firewall");
  }
});
