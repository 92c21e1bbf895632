import assert from "node:assert/strict";
import fc from "fast-check";
import type { Sighting } from "../../../src/behavior/facts.ts";
import type { FilteringResult } from "../../../src/behavior/filtering_probe.ts";
import { type FilteringState, PATIENCE_MS, planFiltering } from "../../../src/behavior/filtering_run.ts";
import { ASKED_MAX, type AskingState, planAsking } from "../../../src/behavior/mapping_plan.ts";
import type { Endpoint } from "../../../src/core/endpoint.ts";

const LOCAL = { address: "192.168.1.2", port: 5000 };
const START: AskingState = {
  sightings: [],
  alternates: [],
  askedAlternates: [],
  pendingAlternates: 0,
  asked: 0,
  promising: 0,
  isExhausted: false,
  wantsRfc5780: false,
  mayWantRfc5780: false,
};

const ALTERNATES: readonly [Endpoint, Endpoint] = [
  { address: "198.51.100.9", port: 3478 },
  { address: "198.51.100.9", port: 3479 },
];

function sighting(last: number, port: number, otherAddress?: Endpoint): Sighting {
  return {
    server: { address: `198.51.100.${last}`, port: 3478 },
    local: LOCAL,
    seen: { address: "203.0.113.10", port },
    otherAddress,
    rttMs: 20,
  };
}

Deno.test("planAsking() asks three servers, a fourth where they differ, others for silent ones", () => {
  const agreeing = [sighting(1, 7), sighting(2, 7), sighting(3, 7)];
  const torn = [sighting(1, 7), sighting(2, 8), sighting(3, 9)];
  const capable = sighting(1, 7, ALTERNATES[1]);
  const table: readonly (readonly [Partial<AskingState>, number, boolean])[] = [
    [{}, 3, false],
    [{ asked: 3, promising: 3 }, 0, false],
    // None of the first three has answered in time.
    [{ asked: 3 }, 3, false],
    [{ asked: 3, promising: 1, sightings: agreeing.slice(0, 2) }, 0, false],
    [{ asked: 3, sightings: agreeing.slice(0, 2) }, 1, false],
    [{ asked: 3, sightings: agreeing }, 0, true],
    [{ asked: 5, promising: 2, sightings: agreeing }, 0, true],
    [{ asked: 3, sightings: torn }, 2, false],
    // One of them has a second address, so that one more opinion is enough.
    [{ asked: 3, sightings: [capable, ...torn.slice(1)], askedAlternates: ALTERNATES }, 1, false],
    [{ asked: 3, sightings: torn, isExhausted: true }, 0, true],
    [{ asked: ASKED_MAX, sightings: [] }, 0, true],
    [{ asked: ASKED_MAX - 1, sightings: [] }, 1, false],
    // Somebody looks for RFC 5780: two at a time.
    [{ asked: 3, sightings: agreeing, wantsRfc5780: true }, 2, false],
    [{ asked: 4, promising: 1, sightings: agreeing, wantsRfc5780: true }, 1, false],
    [{ asked: 3, sightings: agreeing, mayWantRfc5780: true }, 0, false],
    [{ asked: ASKED_MAX, sightings: agreeing, mayWantRfc5780: true }, 0, true],
  ];
  for (const [state, servers, isDone] of table) {
    const plan = planAsking({ ...START, ...state });
    assert.deepEqual([plan.servers, plan.isDone], [servers, isDone], JSON.stringify(state));
  }
});

Deno.test("planAsking() asks both alternates of one server, and not what was asked already", () => {
  const other = { address: "198.51.100.2", port: 3479 };
  const capable = sighting(1, 7, other);
  const both = [{ ...other, port: 3478 }, other];
  assert.deepEqual(planAsking({ ...START, sightings: [capable] }).alternates, both);
  const known = planAsking({ ...START, sightings: [capable, sighting(2, 7)] });
  assert.deepEqual(known.alternates, [other]);
  const pending = { ...START, sightings: [capable], askedAlternates: both, pendingAlternates: 2 };
  assert.deepEqual(planAsking(pending).alternates, []);
  const silent = { ...pending, pendingAlternates: 0 };
  assert.deepEqual(planAsking(silent).alternates, []);
  const second = sighting(5, 7, { address: "198.51.100.6", port: 3478 });
  assert.deepEqual(planAsking({ ...silent, sightings: [capable, second] }).alternates, [
    { address: "198.51.100.6", port: 3478 },
  ]);
  // A server cannot make us ask a local address, or itself.
  for (const address of ["192.168.1.1", "127.0.0.1", "198.51.100.1", "2001:db8::1"]) {
    const lying = sighting(1, 7, { address, port: 53 });
    assert.deepEqual(planAsking({ ...START, sightings: [lying] }).alternates, []);
  }
});

Deno.test("planAsking() ends, and never asks more than it may", () => {
  const answers = fc.array(
    fc.record({ port: fc.integer({ min: 1, max: 4 }), isSilent: fc.boolean(), isCapable: fc.boolean() }),
    { maxLength: 30 },
  );
  fc.assert(fc.property(answers, fc.boolean(), (list, wantsRfc5780) => {
    const queue = [...list.entries()];
    let state: AskingState = { ...START, wantsRfc5780 };
    let asked = 0;
    for (let round = 0; round < 40; round++) {
      const plan = planAsking(state);
      if (plan.isDone) return assert.ok(asked <= ASKED_MAX);
      const drawn = queue.splice(0, plan.servers);
      asked += drawn.length;
      const fresh = drawn.filter(([, one]) => !one.isSilent).map(([i, { port, isCapable }]) =>
        sighting(i + 1, port, isCapable ? { address: `198.51.100.${100 + i}`, port: 3479 } : undefined)
      );
      state = {
        ...state,
        asked,
        sightings: [...state.sightings, ...fresh],
        askedAlternates: [...state.askedAlternates, ...plan.alternates],
        isExhausted: drawn.length < plan.servers,
        wantsRfc5780: state.wantsRfc5780 && !fresh.some(({ otherAddress }) => otherAddress),
      };
    }
    assert.fail("still asking after 40 rounds");
  }));
});

function result(filtering: FilteringResult["filtering"], code?: FilteringResult["code"]): FilteringResult {
  const server = { address: "198.51.100.1", port: 3478 };
  const evidence = { server, strangerGotIn: false, otherPortGotIn: false, serverCan: false };
  return { filtering, evidence, ...(code && { code }) };
}

Deno.test("planFiltering() probes one server, another beside one that has not shown that it can", () => {
  const base: FilteringState = {
    waiting: 2,
    runningForMs: [],
    results: [],
    isClosed: false,
    isDependent: false,
  };
  const deaf = result("unknown", "not-honoured");
  const table: readonly (readonly [Partial<FilteringState>, boolean, boolean])[] = [
    [{}, true, false],
    [{ waiting: 0 }, true, false],
    [{ waiting: 0, isClosed: true }, true, true],
    [{ runningForMs: [100] }, false, false],
    [{ runningForMs: [PATIENCE_MS] }, true, false],
    [{ runningForMs: [PATIENCE_MS, PATIENCE_MS] }, false, false],
    [{ results: [deaf] }, true, false],
    [{ results: [deaf, deaf, deaf, deaf] }, false, true],
    [{ results: [result("address-dependent")], runningForMs: [2000] }, false, true],
    [{ results: [result("unknown", "mapping-varies")] }, false, true],
    [{ isDependent: true }, true, false],
    [{ isDependent: true, runningForMs: [PATIENCE_MS] }, false, false],
    [{ isDependent: true, results: [deaf] }, false, true],
  ];
  for (const [state, wantsServer, isDone] of table) {
    const plan = planFiltering({ ...base, ...state });
    assert.deepEqual([plan.wantsServer, plan.isDone], [wantsServer, isDone], JSON.stringify(state));
  }
});
