import type { NatBehavior } from "../core/behavior.ts";
import type { KnockFacts, TransportFacts } from "./facts.ts";
import type { FilteringResult } from "./filtering_probe.ts";
import type { FilteringWay, Finding } from "./nat_report.ts";
import { type Reason, reason, type ReasonCode } from "./reason.ts";

/** Filtering findings; the fields are those of {@linkcode TransportReport}. */
export interface FilteringVerdict {
  /** Filtering behaviour. */
  readonly filtering: Exclude<NatBehavior, "none">;
  /** Why unknown. */
  readonly filteringReason?: Reason;
  /** How it was found out. */
  readonly filteringWay?: FilteringWay;
  /** Whether strangers get in. */
  readonly strangersGetIn: Finding;
  /** Why unknown. */
  readonly strangersGetInReason?: Reason;
}

/** What {@linkcode judgeFiltering} looks at. */
export interface FilteringFacts
  extends Pick<TransportFacts, "protocol" | "filterings" | "knock" | "outside"> {
  /** The verdict on the mapping. */
  readonly mapping: NatBehavior;
  /** Why nothing could be asked at all. */
  readonly obstacle?: Reason | undefined;
}

type Known = Exclude<NatBehavior, "none" | "unknown">;

/** Somebody who got in proves more than somebody who did not. */
const MOST_OPEN_FIRST: readonly Known[] = [
  "endpoint-independent",
  "address-dependent",
  "address-and-port-dependent",
];

/** The most telling reason first. */
const REASONS: readonly ReasonCode[] = [
  "mapping-varies",
  "too-late",
  "not-honoured",
  "refused",
  "no-rfc5780",
];

/**
 * Filtering behaviour from three ways of looking. Pure. Whoever got in from outside settles it; then CHANGE-REQUEST
 * counts before our own knocks, as a NAT may treat its own inside otherwise than strangers.
 */
export function judgeFiltering(facts: FilteringFacts): FilteringVerdict {
  const { filterings, outside, mapping } = facts;
  const asked = MOST_OPEN_FIRST.find((one) => filterings.some(({ filtering }) => filtering === one));
  const view = outside?.view;
  const isTrusted = view?.fromAskedAddress !== true;
  const gotIn = isTrusted && (view?.state === "open" || outside?.arrivedFrom !== undefined);
  if (asked === "endpoint-independent") return known(asked, "change-request");
  if (gotIn) return known("endpoint-independent", "outside");
  if (asked !== undefined) return known(asked, "change-request");
  const isShut = view?.state === "closed";
  const knocked = mapping === "none" ? undefined : judgeKnock(facts.knock, mapping);
  if (knocked !== undefined && !(isShut && knocked === "endpoint-independent")) {
    return known(knocked, "hairpin");
  }
  if (isShut || isShutToKnocks(facts)) {
    const filteringReason = reason("strangers-kept-out", view?.evidence);
    return { filtering: "unknown", filteringReason, strangersGetIn: "no" };
  }
  const why = facts.obstacle ?? reasonOf(facts);
  return {
    filtering: "unknown",
    filteringReason: why,
    strangersGetIn: "unknown",
    strangersGetInReason: why,
  };
}

function known(filtering: Known, way: FilteringWay): FilteringVerdict {
  const strangersGetIn = filtering === "endpoint-independent" ? "yes" : "no";
  return { filtering, filteringWay: way, strangersGetIn };
}

/**
 * What our own knocks tell: they come from the external address, like strangers, where the NAT hairpins. Who was let
 * in on purpose is the control: without it silence says nothing.
 */
export function judgeKnock(knock: KnockFacts | undefined, mapping: NatBehavior): Known | undefined {
  if (knock === undefined) return undefined;
  const { tried, arrived } = knock;
  if (arrived.includes("stranger")) return "endpoint-independent";
  // Otherwise what was sent to let somebody in opened another mapping.
  if (mapping !== "endpoint-independent" || !tried.includes("stranger")) return undefined;
  if (arrived.includes("address")) return "address-dependent";
  const isDecided = arrived.includes("endpoint") && tried.includes("address");
  return isDecided ? "address-and-port-dependent" : undefined;
}

/** Who was let in with its port arrived, and a stranger did not; whether its address would have done was not seen. */
function isShutToKnocks({ knock, mapping }: FilteringFacts): boolean {
  if (knock === undefined || mapping !== "endpoint-independent") return false;
  const { tried, arrived } = knock;
  return tried.includes("stranger") && !arrived.includes("stranger") && arrived.includes("endpoint");
}

function reasonOf({ protocol, filterings, outside, mapping }: FilteringFacts): Reason {
  if (outside?.view?.state === "open") return reason("known-got-in", outside.view.evidence);
  if (outside !== undefined) {
    const detail = outside.view?.reason ?? outside.error ?? outside.view?.evidence;
    if (protocol === "tcp" || filterings.length === 0) return reason("outside-unsure", detail);
  }
  if (protocol === "tcp") return reason(mapping === "none" ? "no-nat" : "nobody-knocked");
  const code = REASONS.find((one) => filterings.some((result) => result.code === one));
  const told = filterings.find((result) => result.code === code);
  return told === undefined || code === undefined ? reason("no-rfc5780") : reasonFrom(told, code);
}

function reasonFrom(result: FilteringResult, code: ReasonCode): Reason {
  return code === "refused" ? reason(code, String(result.evidence.refusal ?? "error")) : reason(code);
}
