import fc from "fast-check";
import assert from "node:assert/strict";
import { nothingSeen } from "../../../src/behavior/check_transport.ts";
import type { KnockStage, TransportFacts } from "../../../src/behavior/facts.ts";
import { judgeTransport } from "../../../src/behavior/judge_transport.ts";
import { judgeProxy } from "../../../src/behavior/proxy_suspicion.ts";
import type { ReasonCode } from "../../../src/behavior/reason.ts";
import { assertWhole } from "./check_rig.ts";

const LOCAL = { address: "192.168.1.2", port: 5000 };

const endpoints = fc.record({
  address: fc.constantFrom(
    "192.168.1.2",
    "203.0.113.10",
    "203.0.113.11",
    "9.9.9.9",
    "198.18.0.3",
    "100.64.1.1",
  ),
  port: fc.constantFrom(5000, 5001, 5002, 60_000),
});
const servers = fc.record({
  address: fc.constantFrom(
    "198.51.100.1",
    "198.51.100.2",
    "198.51.100.3",
    "8.8.8.8",
    "1.1.1.1",
    "198.18.0.9",
  ),
  port: fc.constantFrom(3478, 3479),
});
const sightings = fc.array(
  fc.record({
    server: servers,
    local: fc.constant(LOCAL),
    seen: endpoints,
    rttMs: fc.constantFrom(0.1, 5, 40, 300),
  }),
  { maxLength: 6 },
);
const stages = fc.subarray<KnockStage>(["stranger", "address", "endpoint"]);
const behaviors = fc.constantFrom(
  ...["endpoint-independent", "address-dependent", "address-and-port-dependent", "unknown"] as const,
);
const filterings = fc.array(
  fc.record({
    filtering: behaviors,
    code: fc.constantFrom<ReasonCode>("not-honoured", "mapping-varies", "no-answer", "refused"),
    evidence: fc.record({
      server: servers,
      strangerGotIn: fc.boolean(),
      otherPortGotIn: fc.boolean(),
      serverCan: fc.boolean(),
    }),
  }),
  { maxLength: 3 },
);
const outside = fc.record({
  view: fc.option(
    fc.record({
      state: fc.constantFrom("open" as const, "closed" as const, "unknown" as const),
      evidence: fc.constant("-"),
      fromAskedAddress: fc.boolean(),
    }),
    { nil: undefined },
  ),
  arrivedFrom: fc.option(endpoints, { nil: undefined }),
});
const facts: fc.Arbitrary<TransportFacts> = fc.record({
  protocol: fc.constantFrom("udp" as const, "tcp" as const),
  family: fc.constant(4 as const),
  internal: fc.constant(LOCAL),
  bindError: fc.option(fc.constant(new Error("Cannot bind: EADDRINUSE")), { nil: undefined, freq: 20 }),
  sightings,
  alternates: sightings,
  silentServers: fc.nat({ max: 10 }),
  samples: sightings,
  filterings,
  knock: fc.option(fc.record({ tried: stages, arrived: stages }), { nil: undefined }),
  outside: fc.option(outside, { nil: undefined }),
  nobodyTook: fc.option(servers, { nil: undefined, freq: 20 }),
  isTimeUp: fc.boolean(),
  evidence: fc.constant([]),
});

Deno.test("judgeTransport() has a reason for every unknown, whatever was seen", () => {
  fc.assert(fc.property(facts, (seen) => assertWhole(judgeTransport(seen))), { numRuns: 2000 });
});

Deno.test("judgeTransport() gives the same report for the same facts", () => {
  fc.assert(fc.property(facts, (seen) => assert.deepEqual(judgeTransport(seen), judgeTransport(seen))));
});

Deno.test("judgeTransport() says why nothing was seen", () => {
  const base = { ...nothingSeen, protocol: "udp", family: 4, evidence: [] } as const;
  const table: readonly (readonly [Partial<TransportFacts>, ReasonCode])[] = [
    [{}, "no-answer"],
    [{ isTimeUp: true }, "time-up"],
    [{ silentServers: 2, isTimeUp: true }, "no-answer"],
    [{ obstacle: { code: "no-server", text: "none" } }, "no-server"],
    [{ bindError: new Error("EADDRINUSE") }, "bind-failed"],
  ];
  for (const [seen, code] of table) {
    const report = judgeTransport({ ...base, ...seen });
    assertWhole(report);
    assert.deepEqual([report.mappingReason?.code, report.rfc3489], [code, "unknown"]);
  }
});

Deno.test("judgeTransport() does not call it blocked where servers refuse: they may not speak STUN over it", () => {
  const base = { ...nothingSeen, protocol: "tcp", family: 4, evidence: [] } as const;
  for (const [refusedServers, blocked] of [[0, "yes"], [2, "unknown"], [4, "unknown"]] as const) {
    const report = judgeTransport({ ...base, silentServers: 4, refusedServers });
    assertWhole(report);
    assert.equal(report.blocked, blocked);
  }
});

Deno.test("judgeTransport() sees several addresses where they follow the server", () => {
  const seen = { address: "203.0.113.10", port: 5000 };
  const at = (address: string): TransportFacts["sightings"][number] => ({
    ...{ server: { address, port: 3478 }, local: LOCAL, seen, rttMs: 20 },
  });
  const sightings = ["198.51.100.1", "198.51.100.2", "198.51.100.3"].map(at);
  const base = {
    ...nothingSeen,
    protocol: "udp",
    family: 4,
    evidence: [],
    internal: LOCAL,
    sightings,
  } as const;
  const evidence = { strangerGotIn: false, otherPortGotIn: false, serverCan: true };
  const probed = {
    filtering: "address-and-port-dependent",
    evidence: {
      ...evidence,
      server: { address: "198.51.100.1", port: 3478 },
      reflexive: { address: "203.0.113.11", port: 5001 },
    },
  } as const;
  assert.equal(judgeTransport(base).severalAddresses, "no");
  assert.equal(judgeTransport({ ...base, filterings: [probed] }).severalAddresses, "yes");
});

Deno.test("judgeTransport() does not call it open internet where the servers see a private address", () => {
  const at = (address: string): TransportFacts["sightings"][number] => ({
    ...{ server: { address, port: 3478 }, local: LOCAL, seen: LOCAL, rttMs: 20 },
  });
  const report = judgeTransport({
    ...{ ...nothingSeen, protocol: "udp", family: 4, evidence: [], internal: LOCAL },
    sightings: [at("192.168.1.9"), at("192.168.1.10")],
    filterings: [{
      filtering: "endpoint-independent",
      evidence: {
        ...{ server: { address: "192.168.1.9", port: 3478 }, strangerGotIn: true },
        ...{ otherPortGotIn: false, serverCan: true },
      },
    }],
  });
  assertWhole(report);
  assert.deepEqual(
    [report.mapping, report.rfc3489, report.rfc3489Reason?.code],
    ["none", "unknown", "inner-servers"],
  );
});

Deno.test("judgeTransport() does not rest anything on the word of a liar", () => {
  const liar = { address: "198.51.100.3", port: 3478 };
  const seen = { address: "203.0.113.10", port: 7000 };
  const base = { ...nothingSeen, protocol: "udp", family: 4, evidence: [], internal: LOCAL } as const;
  const at = (address: string): TransportFacts["sightings"][number] => ({
    ...{ server: { address, port: 3478 }, local: LOCAL, seen, rttMs: 20 },
  });
  const lie = { server: liar, local: LOCAL, seen: { address: "203.0.113.66", port: 5000 }, rttMs: 1 };
  const report = judgeTransport({
    ...base,
    sightings: [lie, at("198.51.100.1"), at("198.51.100.2")],
    samples: [lie, lie, lie, lie, lie],
    knock: { tried: ["stranger", "address", "endpoint"], arrived: [] },
  });
  assertWhole(report);
  assert.deepEqual(report.external, seen);
  assert.deepEqual([report.allocation, report.hairpinning], ["unknown", "unknown"]);
  assert.deepEqual([report.portPreservation, report.severalAddresses], ["no", "unknown"]);
});

Deno.test("judgeProxy() counts speed only behind a NAT, and only towards global addresses", () => {
  const at = (address: string, rttMs: number): TransportFacts["sightings"][number] => ({
    ...{ server: { address, port: 3478 }, local: LOCAL, rttMs },
    seen: { address: "203.0.113.10", port: 7000 },
  });
  const verdict = { mapping: "endpoint-independent" } as const;
  const table: readonly (readonly [readonly ReturnType<typeof at>[], string])[] = [
    [[at("8.8.8.8", 0.2), at("1.1.1.1", 0.3)], "too-fast"],
    [[at("8.8.8.8", 0.2), at("1.1.1.1", 40)], "too-fast"],
    [[at("8.8.8.8", 0.2), at("1.1.1.1", 5)], "none"],
    [[at("8.8.8.8", 0.2)], "none"],
    [[at("198.51.100.1", 0.2), at("198.51.100.2", 0.2)], "none"],
    [[at("8.8.8.8", 2), at("1.1.1.1", 200)], "none"],
  ];
  for (const [sightings, suspicion] of table) {
    assert.equal(judgeProxy({ sightings, verdict }).suspicion, suspicion);
    const direct = judgeProxy({ sightings, verdict: { mapping: "none" } });
    assert.equal(direct.suspicion, "none");
  }
});
