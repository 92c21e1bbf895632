import { type Endpoint, isSameEndpoint } from "../core/endpoint.ts";
import type { NatBehavior } from "../core/behavior.ts";
import { isUsableAlternate } from "../stun/binding.ts";
import type { ReasonCode } from "./reason.ts";

/**
 * The requests of the probe (RFC 5780, sections 4.3 and 4.4): `plain` to the server's primary endpoint,
 * `changed-both` and `changed-port` asking it to answer from elsewhere, `alternate` to its OTHER-ADDRESS.
 */
export type ProbeRequest = "plain" | "changed-both" | "changed-port" | "alternate";

/**
 * First strangers knock; then, as a control, the alternate endpoint is let in and knocks again. Where that met another
 * mapping the control is repeated at a `fresh` socket, at which nobody has knocked.
 */
export type ProbePhase = "knock" | "control" | "fresh";

/** Something that happened to the probe. */
export type ProbeInput =
  | {
    readonly kind: "answer";
    readonly request: ProbeRequest;
    /** In which phase the answered request was first sent. */
    readonly phase: ProbePhase;
    readonly from: Endpoint;
    readonly reflexive: Endpoint;
    readonly otherAddress?: Endpoint | undefined;
  }
  | {
    readonly kind: "refusal";
    readonly request: ProbeRequest;
    readonly phase: ProbePhase;
    readonly from: Endpoint;
    readonly status: number;
  }
  /** The waiting time of a phase is over. */
  | { readonly kind: "phase-over" };

/** What was seen; every verdict follows from it. */
export interface FilteringEvidence {
  /** The endpoint that was asked. */
  readonly server: Endpoint;
  /** The server's OTHER-ADDRESS. */
  readonly alternate?: Endpoint;
  /** Reflexive address as the primary endpoint saw it. */
  readonly reflexive?: Endpoint;
  /** Reflexive address as the alternate endpoint saw it. */
  readonly reflexiveAtAlternate?: Endpoint;
  /** The same two of the fresh socket; if they differ there is no endpoint-independent mapping. */
  readonly fresh?: { readonly reflexive?: Endpoint; readonly reflexiveAtAlternate?: Endpoint };
  /** Whether an address and port never sent to got in. */
  readonly strangerGotIn: boolean;
  /** Whether another port of the primary address got in. */
  readonly otherPortGotIn: boolean;
  /** Whether the control showed that the server does honour CHANGE-REQUEST. */
  readonly serverCan: boolean;
  /** The error the server answered CHANGE-REQUEST with. */
  readonly refusal?: number;
}

/** Verdict of the probe. */
export interface FilteringResult {
  /** `unknown` unless it was proved. */
  readonly filtering: Exclude<NatBehavior, "none">;
  /** Why `unknown`. */
  readonly reason?: string;
  /** The same for programs. */
  readonly code?: ReasonCode;
  /** What it rests on. */
  readonly evidence: FilteringEvidence;
}

/** State of the probe; a value. */
export interface FilteringProbe {
  /** What is tried now. */
  readonly phase: ProbePhase;
  /** What was seen so far. */
  readonly evidence: FilteringEvidence;
  /** Answers came so late that they cannot tell which phase let them in. */
  readonly isTooLate: boolean;
  /** Set when there is nothing more to find out. */
  readonly result?: FilteringResult;
}

/** The probe before anything was sent. */
export function startFilteringProbe(server: Endpoint): FilteringProbe {
  const evidence = { server, strangerGotIn: false, otherPortGotIn: false, serverCan: false };
  return { phase: "knock", evidence, isTooLate: false };
}

/** What is to be sent now, and again until it is answered; in this order. */
export function pendingRequests(probe: FilteringProbe): readonly { to: Endpoint; request: ProbeRequest }[] {
  const { evidence: { server, alternate, reflexive, otherPortGotIn, reflexiveAtAlternate, fresh }, phase } =
    probe;
  if (probe.result !== undefined) return [];
  if (phase === "fresh") {
    if (alternate === undefined) return [];
    const asked: { to: Endpoint; request: ProbeRequest }[] = [];
    if (fresh?.reflexive === undefined) asked.push({ to: server, request: "plain" });
    if (fresh?.reflexiveAtAlternate === undefined) asked.push({ to: alternate, request: "alternate" });
    // Only once the alternate endpoint has surely been let in: knocking earlier spoils it for some NATs.
    return asked.length > 0 ? asked : [{ to: server, request: "changed-both" }];
  }
  if (phase === "control") {
    if (alternate === undefined) return [];
    const opener = { to: alternate, request: "alternate" } as const;
    const knock = { to: server, request: "changed-both" } as const;
    return reflexiveAtAlternate === undefined ? [opener, knock] : [knock];
  }
  const requests: { to: Endpoint; request: ProbeRequest }[] = [];
  if (reflexive === undefined) requests.push({ to: server, request: "plain" });
  requests.push({ to: server, request: "changed-both" });
  if (!otherPortGotIn) requests.push({ to: server, request: "changed-port" });
  return requests;
}

/** The next state. Pure; a probe with a result does not change any more. */
export function stepFilteringProbe(probe: FilteringProbe, input: ProbeInput): FilteringProbe {
  if (probe.result !== undefined) return probe;
  switch (input.kind) {
    case "phase-over":
      if (probe.phase === "knock") return endKnocking(probe);
      return probe.phase === "control" && hasMetAnother(probe)
        ? { ...probe, phase: "fresh" }
        : finish(probe, judge(probe));
    case "refusal":
      return takeRefusal(probe, input);
    case "answer":
      return probe.phase === "fresh" ? takeFresh(probe, input) : takeAnswer(probe, input);
  }
}

/**
 * Whether the control let the alternate endpoint into another mapping than the one it answers to: either mappings
 * depend on the destination, or the NAT (Linux, without a firewall of its own) took note of the stranger's knock, and
 * keeps what was sent to the same endpoint later apart from it.
 */
function hasMetAnother(
  { evidence: { serverCan, reflexive, reflexiveAtAlternate } }: FilteringProbe,
): boolean {
  return !serverCan && reflexiveAtAlternate !== undefined && !isSameEndpoint(reflexive, reflexiveAtAlternate);
}

type Verdict = Pick<FilteringResult, "filtering" | "reason" | "code">;

function unknown(code: ReasonCode, reason: string): Verdict {
  return { filtering: "unknown", reason, code };
}

function finish(probe: FilteringProbe, verdict: Verdict): FilteringProbe {
  return { ...probe, result: { ...verdict, evidence: probe.evidence } };
}

function takeRefusal(probe: FilteringProbe, input: Extract<ProbeInput, { kind: "refusal" }>): FilteringProbe {
  const { request, status } = input;
  if (request === "plain") return finish(probe, unknown("refused", `the server answered error ${status}`));
  if (request === "alternate") return probe;
  const next = { ...probe, evidence: { ...probe.evidence, refusal: status } };
  return next.evidence.reflexive === undefined ? next : finish(next, judge(next));
}

function takeAnswer(probe: FilteringProbe, input: Extract<ProbeInput, { kind: "answer" }>): FilteringProbe {
  const { request, from, reflexive, otherAddress } = input;
  const { evidence } = probe;
  switch (request) {
    case "plain": {
      if (!isSameEndpoint(from, evidence.server)) return probe;
      const next = { ...probe, evidence: { ...evidence, reflexive } };
      if (otherAddress === undefined) {
        return finish(next, unknown("no-rfc5780", "the server offers no RFC 5780"));
      }
      if (!isUsableAlternate(evidence.server, otherAddress)) {
        return finish(next, unknown("no-rfc5780", "the server has no second address that can be asked"));
      }
      return { ...next, evidence: { ...next.evidence, alternate: otherAddress } };
    }
    case "alternate":
      if (!isSameEndpoint(from, evidence.alternate)) return probe;
      return { ...probe, evidence: { ...evidence, reflexiveAtAlternate: reflexive } };
    case "changed-port":
      // Nothing is ever sent to that port, so this proves the same whenever it arrives.
      if (from.address !== evidence.server.address || from.port === evidence.server.port) return probe;
      return { ...probe, evidence: { ...evidence, otherPortGotIn: true } };
    case "changed-both":
      return takeStranger(probe, input);
  }
}

/** At the fresh socket the alternate endpoint is let in before it knocks for the first time. */
function takeFresh(probe: FilteringProbe, input: Extract<ProbeInput, { kind: "answer" }>): FilteringProbe {
  const { evidence } = probe;
  const { request, phase, from, reflexive } = input;
  const isStranger = request === "changed-both" && from.address !== evidence.server.address;
  if (phase !== "fresh") return isStranger ? { ...probe, isTooLate: true } : probe;
  if (request === "changed-both") return takeStranger(probe, input);
  const isPlain = request === "plain" && isSameEndpoint(from, evidence.server);
  const isAlternate = request === "alternate" && isSameEndpoint(from, evidence.alternate);
  if (!isPlain && !isAlternate) return probe;
  const fresh = {
    ...evidence.fresh,
    ...(isPlain ? { reflexive } : { reflexiveAtAlternate: reflexive }),
  };
  const next = { ...probe, evidence: { ...evidence, fresh } };
  return doesVary(next) ? finish(next, judge(next)) : next;
}

function doesVary({ evidence: { fresh } }: FilteringProbe): boolean {
  const { reflexive, reflexiveAtAlternate } = fresh ?? {};
  return reflexive !== undefined && reflexiveAtAlternate !== undefined &&
    !isSameEndpoint(reflexive, reflexiveAtAlternate);
}

function takeStranger(probe: FilteringProbe, input: Extract<ProbeInput, { kind: "answer" }>): FilteringProbe {
  const { evidence } = probe;
  // A server that ignores CHANGE-REQUEST answers from where it was asked: that proves nothing, ever.
  if (input.from.address === evidence.server.address) {
    return finish(probe, unknown("not-honoured", "the server did not honour CHANGE-REQUEST"));
  }
  if (probe.phase === "knock") {
    const seen = {
      ...evidence,
      strangerGotIn: true,
      serverCan: true,
      ...(evidence.reflexive === undefined && { reflexive: input.reflexive }),
    };
    return finish({ ...probe, evidence: seen }, { filtering: "endpoint-independent" });
  }
  const next = { ...probe, evidence: { ...evidence, serverCan: true } };
  // Asked before the alternate endpoint was let in, arrived after: nobody knows what let it in.
  if (input.phase === "knock") return { ...next, isTooLate: true };
  return finish(next, judge(next));
}

/** Without the alternate endpoint there is no control, and without control no verdict. */
function endKnocking(probe: FilteringProbe): FilteringProbe {
  const { reflexive, alternate, refusal } = probe.evidence;
  if (reflexive === undefined) return finish(probe, unknown("no-answer", "the server does not answer"));
  if (refusal !== undefined) {
    return finish(probe, unknown("refused", `the server refused CHANGE-REQUEST (${refusal})`));
  }
  if (alternate === undefined) return finish(probe, unknown("no-rfc5780", "the server offers no RFC 5780"));
  return { ...probe, phase: "control" };
}

function judge(probe: FilteringProbe): Verdict {
  const { serverCan, otherPortGotIn, refusal } = probe.evidence;
  if (refusal !== undefined) return unknown("refused", `the server refused CHANGE-REQUEST (${refusal})`);
  if (!serverCan && doesVary(probe)) {
    return unknown("mapping-varies", "the mapping depends on the destination");
  }
  if (!serverCan) return unknown("not-honoured", "the server did not honour CHANGE-REQUEST");
  if (probe.isTooLate) return unknown("too-late", "answers came too late to tell");
  return { filtering: otherPortGotIn ? "address-dependent" : "address-and-port-dependent" };
}
