import assert from "node:assert/strict";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import {
  type FilteringProbe,
  pendingRequests,
  type ProbeInput,
  type ProbePhase,
  startFilteringProbe,
  stepFilteringProbe,
} from "../../../src/behavior/filtering_probe.ts";

const SERVER: Endpoint = { address: "198.51.100.1", port: 3478 };
const OTHER: Endpoint = { address: "198.51.100.2", port: 3479 };
const OTHER_PORT: Endpoint = { address: "198.51.100.1", port: 3479 };
const MAPPED: Endpoint = { address: "203.0.113.10", port: 14500 };

const plain: ProbeInput = {
  kind: "answer",
  request: "plain",
  phase: "knock",
  from: SERVER,
  reflexive: MAPPED,
  otherAddress: OTHER,
};
const over: ProbeInput = { kind: "phase-over" };
const atAlternate: ProbeInput = {
  kind: "answer",
  request: "alternate",
  phase: "control",
  from: OTHER,
  reflexive: MAPPED,
};
const otherPort: ProbeInput = {
  kind: "answer",
  request: "changed-port",
  phase: "knock",
  from: OTHER_PORT,
  reflexive: MAPPED,
};

/** The control met another mapping. */
const atOther: ProbeInput = { ...atAlternate, reflexive: { ...MAPPED, port: 14501 } };
const FRESH: Endpoint = { ...MAPPED, port: 14502 };
const freshPlain: ProbeInput = { ...plain, phase: "fresh", reflexive: FRESH };
const freshAtAlternate: ProbeInput = { ...atAlternate, phase: "fresh", reflexive: FRESH };

function stranger(phase: ProbePhase, from: Endpoint = OTHER): ProbeInput {
  return { kind: "answer", request: "changed-both", phase, from, reflexive: MAPPED };
}

function refusal(request: "plain" | "changed-both"): ProbeInput {
  return { kind: "refusal", request, phase: "knock", from: SERVER, status: 420 };
}

function run(inputs: readonly ProbeInput[]): FilteringProbe {
  return inputs.reduce(stepFilteringProbe, startFilteringProbe(SERVER));
}

Deno.test("stepFilteringProbe() comes to the verdict that was proved", async (t) => {
  const table: Record<string, readonly [readonly ProbeInput[], string, string?]> = {
    "full cone": [[plain, stranger("knock")], "endpoint-independent"],
    "full cone, the stranger first": [[stranger("knock")], "endpoint-independent"],
    "full cone, the stranger from an unnamed address": [
      [plain, stranger("knock", { address: "192.0.2.9", port: 1 })],
      "endpoint-independent",
    ],
    "address-restricted": [
      [plain, otherPort, over, atAlternate, stranger("control")],
      "address-dependent",
    ],
    "address-restricted, the other port late": [
      [plain, over, otherPort, stranger("control")],
      "address-dependent",
    ],
    "port-restricted": [[plain, over, atAlternate, stranger("control")], "address-and-port-dependent"],
    "port-restricted, the control answered without its opener": [
      [plain, over, stranger("control")],
      "address-and-port-dependent",
    ],
    "no RFC 5780": [[{ ...plain, otherAddress: undefined }], "unknown", "the server offers no RFC 5780"],
    "alternate with the same address": [
      [{ ...plain, otherAddress: OTHER_PORT }],
      "unknown",
      "the server has no second address that can be asked",
    ],
    "alternate in the local network": [
      [{ ...plain, otherAddress: { address: "192.168.1.1", port: 3479 } }],
      "unknown",
      "the server has no second address that can be asked",
    ],
    "CHANGE-REQUEST ignored": [
      [plain, stranger("knock", SERVER)],
      "unknown",
      "the server did not honour CHANGE-REQUEST",
    ],
    "CHANGE-REQUEST swallowed": [
      [plain, over, atAlternate, over],
      "unknown",
      "the server did not honour CHANGE-REQUEST",
    ],
    "CHANGE-REQUEST refused": [
      [plain, refusal("changed-both")],
      "unknown",
      "the server refused CHANGE-REQUEST (420)",
    ],
    "CHANGE-REQUEST refused before the plain answer was lost": [
      [refusal("changed-both"), over],
      "unknown",
      "the server does not answer",
    ],
    "everything refused": [[refusal("plain")], "unknown", "the server answered error 420"],
    "nobody answers": [[over], "unknown", "the server does not answer"],
    "symmetric": [
      [plain, over, atOther, over, freshPlain, {
        ...freshAtAlternate,
        reflexive: { ...MAPPED, port: 14503 },
      }],
      "unknown",
      "the mapping depends on the destination",
    ],
    "a NAT that keeps a stranger's knock in mind": [
      [plain, over, atOther, over, freshAtAlternate, freshPlain, stranger("fresh")],
      "address-and-port-dependent",
    ],
    "the same, another port got in": [
      [plain, otherPort, over, atOther, over, freshPlain, freshAtAlternate, stranger("fresh")],
      "address-dependent",
    ],
    "the same, CHANGE-REQUEST swallowed": [
      [plain, over, atOther, over, freshPlain, freshAtAlternate, over],
      "unknown",
      "the server did not honour CHANGE-REQUEST",
    ],
    "the same, a stranger's knock very late": [
      [plain, over, atOther, over, freshPlain, freshAtAlternate, stranger("knock"), stranger("fresh")],
      "unknown",
      "answers came too late to tell",
    ],
    "an answer too late to tell": [
      [plain, over, stranger("knock"), stranger("control")],
      "unknown",
      "answers came too late to tell",
    ],
    "an answer too late, and nothing else": [
      [plain, over, stranger("knock"), over],
      "unknown",
      "answers came too late to tell",
    ],
  };
  for (const [name, [inputs, filtering, reason]] of Object.entries(table)) {
    await t.step(name, () => {
      const { result } = run(inputs);
      assert.deepEqual([result?.filtering, result?.reason], [filtering, reason]);
    });
  }
});

Deno.test("stepFilteringProbe() comes to no verdict too early", () => {
  const open: readonly (readonly ProbeInput[])[] = [
    [],
    [plain],
    [otherPort],
    [plain, otherPort],
    [plain, over],
    [plain, over, atAlternate],
    [plain, over, otherPort, atAlternate],
  ];
  for (const inputs of open) assert.equal(run(inputs).result, undefined);
});

Deno.test("stepFilteringProbe() ignores answers from where nobody was asked", () => {
  const elsewhere = { address: "192.0.2.9", port: 1 };
  const odd = [
    { ...plain, from: elsewhere },
    { ...atAlternate, from: elsewhere },
    { ...otherPort, from: SERVER },
    { ...otherPort, from: elsewhere },
  ];
  const start = startFilteringProbe(SERVER);
  for (const input of odd) assert.equal(stepFilteringProbe(start, input as ProbeInput), start);
});

Deno.test("stepFilteringProbe() does not change a probe with a result", () => {
  const done = run([plain, stranger("knock")]);
  assert.equal(stepFilteringProbe(done, over), done);
});

Deno.test("pendingRequests() lets the alternate in before it knocks again", () => {
  const names = (probe: FilteringProbe): readonly string[] =>
    pendingRequests(probe).map(({ request }) => request);
  assert.deepEqual(names(run([])), ["plain", "changed-both", "changed-port"]);
  assert.deepEqual(names(run([plain])), ["changed-both", "changed-port"]);
  assert.deepEqual(names(run([plain, otherPort])), ["changed-both"]);
  assert.deepEqual(pendingRequests(run([plain, over])), [
    { to: OTHER, request: "alternate" },
    { to: SERVER, request: "changed-both" },
  ]);
  assert.deepEqual(names(run([plain, over, atAlternate])), ["changed-both"]);
  assert.deepEqual(names(run([plain, stranger("knock")])), []);
});

Deno.test("pendingRequests() sends nothing to the alternate while strangers knock", () => {
  for (const inputs of [[], [plain], [plain, otherPort]]) {
    assert.ok(pendingRequests(run(inputs)).every(({ to }) => to === SERVER));
  }
});
