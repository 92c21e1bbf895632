import assert from "node:assert/strict";
import type { FilteringResult } from "../../../src/behavior/filtering_probe.ts";
import type { KnockFacts, KnockStage } from "../../../src/behavior/facts.ts";
import { type FilteringFacts, judgeFiltering, judgeKnock } from "../../../src/behavior/judge_filtering.ts";
import type { ReasonCode } from "../../../src/behavior/reason.ts";

const EI = "endpoint-independent";
const AD = "address-dependent";
const APD = "address-and-port-dependent";
const SERVER = { address: "198.51.100.1", port: 3478 };

function asked(filtering: FilteringResult["filtering"], code?: ReasonCode): FilteringResult {
  const evidence = { server: SERVER, strangerGotIn: false, otherPortGotIn: false, serverCan: false };
  return { filtering, evidence, ...(code && { code, reason: code }) };
}

const ALL: readonly KnockStage[] = ["stranger", "address", "endpoint"];

function knock(...arrived: KnockStage[]): KnockFacts {
  return { tried: ALL, arrived };
}

const BASE: FilteringFacts = { protocol: "udp", mapping: EI, filterings: [] };

Deno.test("judgeKnock() concludes from whom was let in", () => {
  const table: readonly (readonly [KnockFacts, string | undefined])[] = [
    [knock(...ALL), EI],
    [knock("stranger"), EI],
    [knock("address", "endpoint"), AD],
    [knock("address"), AD],
    [knock("endpoint"), APD],
    // Nobody arrived, not even who was let in: that is no hairpinning, and says nothing of filtering.
    [knock(), undefined],
    // Whether somebody at a known address would have got in was not tried.
    [{ tried: ["stranger", "endpoint"], arrived: ["endpoint"] }, undefined],
    [{ tried: ["address", "endpoint"], arrived: ["address"] }, undefined],
  ];
  for (const [facts, expected] of table) assert.equal(judgeKnock(facts, EI), expected);
  // What was let in went into another mapping; only a stranger proves something.
  for (const mapping of [AD, APD, "unknown"] as const) {
    assert.equal(judgeKnock(knock("address", "endpoint"), mapping), undefined);
    assert.equal(judgeKnock(knock("stranger"), mapping), EI);
  }
  assert.equal(judgeKnock(undefined, EI), undefined);
});

Deno.test("judgeFiltering() weighs three ways of looking", () => {
  const open = { view: { state: "open", evidence: "got in" } } as const;
  const closed = { view: { state: "closed", evidence: "kept out" } } as const;
  const visited = { arrivedFrom: SERVER, error: "too slow" };
  const table: readonly (readonly [Partial<FilteringFacts>, string, string | undefined, string])[] = [
    [{ filterings: [asked(EI)] }, EI, "change-request", "yes"],
    [{ filterings: [asked(AD)] }, AD, "change-request", "no"],
    [{ filterings: [asked(APD)] }, APD, "change-request", "no"],
    // Whoever got in proves more.
    [{ filterings: [asked(APD), asked(EI)] }, EI, "change-request", "yes"],
    [{ filterings: [asked(APD)], outside: open }, EI, "outside", "yes"],
    [{ filterings: [asked(APD)], outside: visited }, EI, "outside", "yes"],
    [{ filterings: [asked(EI)], outside: closed }, EI, "change-request", "yes"],
    // A hairpin proves less than CHANGE-REQUEST.
    [{ filterings: [asked(AD)], knock: knock("stranger") }, AD, "change-request", "no"],
    [{ knock: knock("stranger") }, EI, "hairpin", "yes"],
    [{ knock: knock("endpoint"), outside: closed }, APD, "hairpin", "no"],
    [{ knock: knock("stranger"), outside: closed }, "unknown", undefined, "no"],
    [{ knock: knock(), outside: closed }, "unknown", undefined, "no"],
    [{ knock: knock() }, "unknown", undefined, "unknown"],
    // Address or port was not told apart.
    [{ knock: { tried: ["stranger", "endpoint"], arrived: ["endpoint"] } }, "unknown", undefined, "no"],
    // Without NAT our own knocks never leave this host.
    [{ mapping: "none", knock: knock("stranger") }, "unknown", undefined, "unknown"],
    [{ mapping: "none", outside: open }, EI, "outside", "yes"],
    [{ mapping: APD, filterings: [asked("unknown", "mapping-varies")] }, "unknown", undefined, "unknown"],
  ];
  for (const protocol of ["udp", "tcp"] as const) {
    for (const [facts, filtering, way, strangers] of table) {
      const found = judgeFiltering({ ...BASE, protocol, ...facts });
      assert.deepEqual(
        [found.filtering, found.filteringWay, found.strangersGetIn],
        [filtering, way, strangers],
        JSON.stringify(facts),
      );
      assert.equal(found.filtering === "unknown", found.filteringReason !== undefined);
      assert.equal(found.strangersGetIn === "unknown", found.strangersGetInReason !== undefined);
    }
  }
});

Deno.test("judgeFiltering() gives the most telling reason", () => {
  const table: readonly (readonly [Partial<FilteringFacts>, ReasonCode])[] = [
    [{}, "no-rfc5780"],
    [{ filterings: [asked("unknown", "not-honoured")] }, "not-honoured"],
    [
      { filterings: [asked("unknown", "not-honoured"), asked("unknown", "mapping-varies")] },
      "mapping-varies",
    ],
    [{ filterings: [asked("unknown", "no-answer")] }, "no-rfc5780"],
    [{ protocol: "tcp" }, "nobody-knocked"],
    [{ protocol: "tcp", mapping: "none" }, "no-nat"],
    [{ protocol: "tcp", outside: { error: "401" } }, "outside-unsure"],
    [{ outside: { view: { state: "closed", evidence: "-" } } }, "strangers-kept-out"],
    [{ obstacle: { code: "no-route", text: "no route" } }, "no-route"],
  ];
  for (const [facts, code] of table) {
    assert.equal(judgeFiltering({ ...BASE, ...facts }).filteringReason?.code, code, JSON.stringify(facts));
  }
});
