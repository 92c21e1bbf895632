/** Reports of the NAT check as tests of what is told about them want them. */
import type { NatReport, TransportReport } from "../../../src/behavior/nat_report.ts";
import { rfc3489Of } from "../../../src/behavior/rfc3489.ts";
import type { Protocol } from "../../../src/core/mapping.ts";

/** What a full cone with hairpinning gives; `changes` make something else of it. The kind follows. */
export function transport(protocol: Protocol, changes: Partial<TransportReport> = {}): TransportReport {
  const report: TransportReport = {
    protocol,
    internal: { address: "192.168.1.2", port: 3456 },
    external: { address: "203.0.113.10", port: 14_500 },
    externals: [{ address: "203.0.113.10", port: 14_500 }],
    scope: "global",
    mapping: "endpoint-independent",
    filtering: "endpoint-independent",
    filteringWay: protocol === "udp" ? "change-request" : "hairpin",
    strangersGetIn: "yes",
    hairpinning: "yes",
    portPreservation: "no",
    parity: "no",
    allocation: "random",
    portDifferences: [12, -800, 31],
    regular: "no",
    severalAddresses: "no",
    oneToOne: "no",
    blocked: "no",
    suspicion: "none",
    rfc3489: "unknown",
    evidence: [],
    ...changes,
  };
  return { ...report, rfc3489: rfc3489Of(report) };
}

/** A report with these transports. */
export function report(
  parts: Pick<NatReport, "udp" | "tcp"> & Partial<Pick<NatReport, "family" | "local">>,
): NatReport {
  return {
    family: 4,
    local: { address: "192.168.1.2", scope: "private" },
    at: new Date(0),
    elapsedMs: 1234.5,
    sends: 42,
    ...parts,
  };
}

const EI = "endpoint-independent";
const APD = "address-and-port-dependent";

/** What is seen of the usual kinds, as changes of {@linkcode transport}. */
export const SEEN: Readonly<Record<string, Partial<TransportReport>>> = {
  restricted: { filtering: "address-dependent", strangersGetIn: "no", hairpinning: "no" },
  portRestricted: { filtering: APD, strangersGetIn: "no", hairpinning: "no" },
  filtered: {
    filtering: "unknown",
    filteringReason: { code: "strangers-kept-out", text: "a stranger did not get in" },
    filteringWay: undefined,
    strangersGetIn: "no",
  },
  unseen: {
    filtering: "unknown",
    filteringReason: { code: "nobody-knocked", text: "nobody was asked to knock" },
    filteringWay: undefined,
    strangersGetIn: "unknown",
    strangersGetInReason: { code: "nobody-knocked", text: "nobody was asked to knock" },
    hairpinning: "no",
  },
  symmetric: {
    mapping: APD,
    filtering: "unknown",
    filteringReason: { code: "mapping-varies", text: "the mapping depends on the destination" },
    filteringWay: undefined,
    strangersGetIn: "unknown",
    strangersGetInReason: { code: "mapping-varies", text: "the mapping depends on the destination" },
    hairpinning: "unknown",
    hairpinningReason: { code: "mapping-varies", text: "the mapping depends on the destination" },
  },
  open: { mapping: "none", filtering: EI },
  firewall: { mapping: "none", filtering: APD, strangersGetIn: "no" },
  openUnseen: {
    mapping: "none",
    filtering: "unknown",
    filteringReason: { code: "no-nat", text: "there is no NAT" },
    filteringWay: undefined,
    strangersGetIn: "unknown",
    strangersGetInReason: { code: "no-nat", text: "there is no NAT" },
  },
  cloud: { oneToOne: "yes", portPreservation: "yes", allocation: "preserving" },
  blocked: {
    ...silent("no-answer"),
    blocked: "yes",
  },
  dead: silent("no-answer"),
  offline: silent("no-route"),
  nameless: silent("no-server"),
  busy: {
    ...silent("bind-failed"),
    internal: undefined,
    bindError: new Error("Cannot bind 192.168.1.2:3456: EADDRINUSE"),
  },
};

function silent(code: "no-answer" | "no-route" | "no-server" | "bind-failed"): Partial<TransportReport> {
  const reason = { code, text: `nothing seen (${code})` };
  return {
    external: undefined,
    externals: [],
    scope: undefined,
    mapping: "unknown",
    mappingReason: reason,
    filtering: "unknown",
    filteringReason: reason,
    filteringWay: undefined,
    strangersGetIn: "unknown",
    strangersGetInReason: reason,
    hairpinning: "unknown",
    hairpinningReason: reason,
    blocked: "unknown",
    blockedReason: reason,
  };
}

/** A report on both transports of one kind, or of two. */
export function both(
  tcp: Partial<TransportReport> | undefined,
  udp: Partial<TransportReport> | undefined = tcp,
  more: Partial<Pick<NatReport, "family" | "local">> = {},
): NatReport {
  return report({ ...more, tcp: transport("tcp", tcp), udp: transport("udp", udp) });
}
