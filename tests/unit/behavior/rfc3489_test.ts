import assert from "node:assert/strict";
import fc from "fast-check";
import {
  NAT1_NUMBERS,
  NATTER_NUMBERS,
  type Rfc3489Findings,
  type Rfc3489Kind,
  rfc3489Of,
} from "../../../src/behavior/rfc3489.ts";

const EI = "endpoint-independent";
const AD = "address-dependent";
const APD = "address-and-port-dependent";
const BEHAVIORS = ["none", EI, AD, APD, "unknown"] as const;
const FINDINGS = ["yes", "no", "unknown"] as const;

const PLAIN: Rfc3489Findings = {
  mapping: EI,
  filtering: EI,
  strangersGetIn: "unknown",
  oneToOne: "no",
  blocked: "no",
};

/** Figure 2 of RFC 3489, and Natter's table (peers.md 1.7), by what their tests show. */
const TREE: readonly (readonly [Partial<Rfc3489Findings>, Rfc3489Kind, number, number])[] = [
  [{ blocked: "yes", mapping: "unknown", filtering: "unknown" }, "blocked", -1, -1],
  [{ mapping: "none", filtering: EI }, "open-internet", 0, 0],
  [{ mapping: "none", filtering: AD }, "symmetric-udp-firewall", 5, 3],
  [{ mapping: "none", filtering: APD }, "symmetric-udp-firewall", 5, 3],
  [{ mapping: "none", filtering: "unknown" }, "unknown", -1, -1],
  [{ mapping: "none", filtering: "unknown", strangersGetIn: "no" }, "symmetric-udp-firewall", 5, 3],
  [{ mapping: EI, filtering: EI }, "full-cone", 1, 1],
  [{ mapping: EI, filtering: EI, oneToOne: "yes" }, "open-internet", 0, 0],
  [{ mapping: EI, filtering: EI, oneToOne: "unknown" }, "full-cone", 1, 1],
  [{ mapping: EI, filtering: AD }, "restricted", 2, 2],
  [{ mapping: EI, filtering: APD }, "port-restricted", 3, 3],
  [{ mapping: EI, filtering: "unknown" }, "unknown", -1, -1],
  [{ mapping: EI, filtering: "unknown", strangersGetIn: "no" }, "unknown", -1, -1],
  [{ mapping: AD, filtering: EI }, "symmetric", 4, 4],
  [{ mapping: AD, filtering: "unknown" }, "symmetric", 4, 4],
  [{ mapping: APD, filtering: APD }, "symmetric", 4, 4],
  [{ mapping: "unknown", filtering: EI }, "unknown", -1, -1],
  [{ mapping: "unknown", filtering: APD }, "unknown", -1, -1],
];

Deno.test("rfc3489Of() walks the tree of RFC 3489", () => {
  for (const [findings, kind, natter, nat1] of TREE) {
    assert.equal(rfc3489Of({ ...PLAIN, ...findings }), kind, JSON.stringify(findings));
    assert.deepEqual([NATTER_NUMBERS[kind], NAT1_NUMBERS[kind]], [natter, nat1]);
  }
});

Deno.test("rfc3489Of() never names a cone whose mapping or filtering was not seen", () => {
  fc.assert(fc.property(
    fc.record({
      mapping: fc.constantFrom(...BEHAVIORS),
      filtering: fc.constantFrom(...BEHAVIORS),
      strangersGetIn: fc.constantFrom(...FINDINGS),
      oneToOne: fc.constantFrom(...FINDINGS),
      blocked: fc.constantFrom(...FINDINGS),
    }),
    (findings) => {
      const kind = rfc3489Of(findings);
      if (findings.blocked === "yes") return assert.equal(kind, "blocked");
      if (findings.mapping === "unknown") return assert.equal(kind, "unknown");
      assert.equal(kind === "symmetric", findings.mapping === AD || findings.mapping === APD);
      if (["full-cone", "restricted", "port-restricted"].includes(kind)) {
        assert.equal(findings.mapping, EI);
        assert.notEqual(findings.filtering, "unknown");
      }
    },
  ));
});
