import assert from "node:assert/strict";
import type { NatReport } from "../../../src/behavior/nat_report.ts";
import { exitCodeOf, verdictsOf } from "../../../src/cli/check_verdict.ts";
import { both, report, SEEN, transport } from "./nat_reports.ts";

/** Outlook and kind over TCP, the same over UDP, and the exit status. */
type Row = readonly [string, NatReport, string, string, 0 | 1 | 4];

const PROXY = { suspicion: "fake-ip", suspicionReason: { code: "fake-ip", text: "fake" } } as const;

const ROWS: readonly Row[] = [
  ["full cone", both({}), "works full-cone", "works full-cone", 0],
  ["restricted", both(SEEN["restricted"]), "cannot restricted", "cannot restricted", 4],
  ["port restricted", both(SEEN["portRestricted"]), "cannot port-restricted", "cannot port-restricted", 4],
  ["symmetric", both(SEEN["symmetric"]), "cannot symmetric", "cannot symmetric", 4],
  ["strangers kept out", both(SEEN["filtered"]), "cannot filtered-cone", "cannot filtered-cone", 4],
  ["open", both(SEEN["open"]), "works open-internet", "works open-internet", 0],
  // Where the servers see no public address they are not outside.
  ["open, but private", both({ ...SEEN["open"], scope: "private" }), "maybe no-nat", "maybe no-nat", 0],
  [
    "cloud, but private",
    both({ ...SEEN["cloud"], scope: "private" }),
    "maybe full-cone",
    "maybe full-cone",
    0,
  ],
  ["full cone before CGN", both({ scope: "cgn" }), "maybe full-cone", "maybe full-cone", 0],
  [
    "firewall",
    both(SEEN["firewall"]),
    "cannot symmetric-udp-firewall",
    "cannot symmetric-udp-firewall",
    4,
  ],
  ["cloud", both(SEEN["cloud"]), "works one-to-one", "works one-to-one", 0],
  ["TCP unseen", both(SEEN["unseen"], {}), "maybe cone", "works full-cone", 0],
  [
    "TCP unseen, UDP filtered",
    both(SEEN["unseen"], SEEN["restricted"]),
    "unlikely cone",
    "cannot restricted",
    4,
  ],
  ["no NAT, TCP unseen", both(SEEN["openUnseen"], SEEN["open"]), "maybe no-nat", "works open-internet", 0],
  [
    "a firewall over UDP says nothing of TCP",
    both(SEEN["openUnseen"], SEEN["firewall"]),
    "maybe no-nat",
    "cannot symmetric-udp-firewall",
    0,
  ],
  ["UDP blocked", both({}, SEEN["blocked"]), "works full-cone", "unknown blocked", 0],
  [
    "UDP blocked, TCP symmetric",
    both(SEEN["symmetric"], SEEN["blocked"]),
    "cannot symmetric",
    "unknown blocked",
    4,
  ],
  ["both blocked", both(SEEN["blocked"]), "unknown blocked", "unknown blocked", 1],
  ["nobody answers", both(SEEN["dead"]), "unknown unknown", "unknown unknown", 1],
  [
    "symmetric, but not all was told",
    both(SEEN["dead"], SEEN["symmetric"]),
    "unknown unknown",
    "cannot symmetric",
    1,
  ],
  ["offline", both(SEEN["offline"]), "unknown unknown", "unknown unknown", 1],
  ["port in use", both(SEEN["busy"]), "unknown unknown", "unknown unknown", 1],
  [
    "proxy",
    both({ ...SEEN["symmetric"], ...PROXY }, {}),
    "unknown proxied",
    "works full-cone",
    0,
  ],
  ["strangers come in all the same", both(PROXY), "works full-cone", "works full-cone", 0],
];

Deno.test("verdictsOf() and exitCodeOf() follow the table", () => {
  for (const [name, seen, tcp, udp, code] of ROWS) {
    const verdicts = verdictsOf(seen);
    assert.deepEqual(
      verdicts.map(({ protocol, outlook, kind }) => [protocol, `${outlook} ${kind}`]),
      [["tcp", tcp], ["udp", udp]],
      name,
    );
    assert.equal(exitCodeOf(verdicts), code, name);
    for (const { outlook, reason } of verdicts) {
      assert.equal(reason !== undefined, ["maybe", "unlikely", "unknown"].includes(outlook), name);
    }
  }
});

Deno.test("exitCodeOf() looks at the transports that were asked for only", () => {
  const one = (changes: Parameters<typeof transport>[1]): number =>
    exitCodeOf(verdictsOf(report({ tcp: transport("tcp", changes) })));
  assert.deepEqual(
    [one({}), one(SEEN["unseen"]), one(SEEN["symmetric"]), one(SEEN["dead"]), one(SEEN["blocked"])],
    [0, 0, 4, 1, 1],
  );
});
