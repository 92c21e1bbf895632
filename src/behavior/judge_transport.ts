import { scopeOf } from "../core/address_scope.ts";
import { formatEndpoint, isSameEndpoint } from "../core/endpoint.ts";
import type { TransportFacts } from "./facts.ts";
import { frpClassOf } from "./frp_class.ts";
import { judgeFiltering } from "./judge_filtering.ts";
import { isFake, judgeMapping, type MappingVerdict, opinionsOf } from "./judge_mapping.ts";
import type { TransportReport } from "./nat_report.ts";
import { portPatternOf } from "./port_pattern.ts";
import { judgeProxy } from "./proxy_suspicion.ts";
import { type Reason, reason } from "./reason.ts";
import { rfc3489Of } from "./rfc3489.ts";

/** So many silent servers are no accident; servers that refuse may just not speak STUN over this transport. */
const SILENT_MIN = 3;

/** Classifies what was seen of one transport. Pure: the same facts give the same report. */
export function judgeTransport(seen: TransportFacts): TransportReport {
  const verdict = judgeMapping(seen);
  const facts = withoutLies(seen, verdict);
  const { protocol, internal, bindError, evidence } = facts;
  const obstacle = obstacleOf(facts);
  const { mapping, external } = verdict;
  const mappingReason = mapping === "unknown" ? obstacle ?? verdict.reason : verdict.reason;
  const filtering = judgeFiltering({ ...facts, mapping, obstacle });
  const earlier = facts.sightings.filter((one) => isSameEndpoint(one.seen, external)).slice(0, 1);
  const ports = portPatternOf(facts.samples, { earlier });
  const common = {
    ...{ protocol, internal, external, bindError, evidence, mapping, mappingReason },
    externals: distinctExternals(facts),
    scope: external && scopeOf(external.address),
    ...filtering,
    ...judgeHairpin(facts, mapping),
    ...ports,
    ...judgeRegularity(facts, verdict),
    ...judgeAddresses(facts, verdict),
    ...judgeBlocked(facts, obstacle),
    ...judgeProxy({ ...facts, verdict }),
  };
  const { portPreservation } = ports;
  const oneToOne = judgeOneToOne({ mapping, filtering: filtering.filtering, portPreservation });
  const rfc3489 = rfc3489Of({ ...common, ...oneToOne });
  const rfc3489Reason = rfc3489 !== "unknown"
    ? undefined
    : mapping === "unknown"
    ? mappingReason
    : filtering.filteringReason ?? reason("inner-servers");
  return { ...common, ...oneToOne, rfc3489, rfc3489Reason };
}

/** What rests on the word of a server that lies, or that a proxy speaks for, is no fact. */
function withoutLies(facts: TransportFacts, { dissenter }: MappingVerdict): TransportFacts {
  const samples = facts.samples.filter((one) =>
    !isFake(one) && one.server.address !== dissenter?.server.address
  );
  return { ...facts, samples, knock: samples.length > 0 ? facts.knock : undefined };
}

/** Why nothing at all could be seen. */
function obstacleOf(facts: TransportFacts): Reason | undefined {
  const { bindError, obstacle, sightings, alternates, isTimeUp, lastError, silentServers } = facts;
  if (bindError !== undefined) return reason("bind-failed", bindError.message);
  if (sightings.length + alternates.length > 0) return undefined;
  if (obstacle !== undefined) return obstacle;
  if (silentServers > 0) return reason("no-answer", String(silentServers));
  return isTimeUp ? reason("time-up") : reason("no-answer", lastError);
}

function distinctExternals(facts: TransportFacts): TransportReport["externals"] {
  const seen = [...facts.sightings, ...facts.alternates].map((sighting) => sighting.seen);
  return [...new Map(seen.map((endpoint) => [formatEndpoint(endpoint), endpoint])).values()];
}

type Hairpin = Pick<TransportReport, "hairpinning" | "hairpinningReason">;

function judgeHairpin(facts: TransportFacts, mapping: TransportReport["mapping"]): Hairpin {
  // Without a NAT the external endpoint is our own, and the kernel delivers at once.
  if (mapping === "none") return { hairpinning: "yes" };
  const unknown = (why: Reason): Hairpin => ({ hairpinning: "unknown", hairpinningReason: why });
  const { knock, trialError } = facts;
  if (knock === undefined) {
    if (trialError !== undefined) return unknown(reason("failed", trialError));
    return unknown(obstacleOf(facts) ?? reason(facts.isTimeUp ? "time-up" : "few-samples", "0"));
  }
  if (knock.arrived.length > 0) return { hairpinning: "yes" };
  // Whether somebody who was let in arrives tells "no hairpinning" from "filtered".
  if (mapping !== "endpoint-independent") return unknown(reason("mapping-varies"));
  return knock.tried.includes("endpoint") ? { hairpinning: "no" } : unknown(reason("failed"));
}

/** Those asked at once: later ones see what other probes took in between. */
const REGULAR_SERVERS = 3;

function judgeRegularity(
  facts: TransportFacts,
  { dissenter }: MappingVerdict,
): Pick<TransportReport, "regular" | "regularReason" | "portSpread"> {
  const honest = [...facts.sightings, ...facts.alternates].filter((one) => !isFake(one) && one !== dissenter);
  const seen = honest.slice(0, REGULAR_SERVERS).map((one) => one.seen);
  const frp = frpClassOf(seen);
  if (frp === undefined) {
    return { regular: "unknown", regularReason: reason("few-answers", String(seen.length)) };
  }
  const hasSpread = frp.behavior === "BehaviorNoChange" || frp.behavior === "BehaviorPortChanged";
  return { regular: frp.isRegular ? "yes" : "no", ...(hasSpread && { portSpread: frp.difference }) };
}

type Addresses = Pick<TransportReport, "severalAddresses" | "severalAddressesReason">;

/** Fewer sockets and servers that saw one address could be luck. */
const ADDRESSES_MIN = 3;

function judgeAddresses(facts: TransportFacts, { dissenter }: MappingVerdict): Addresses {
  const opinions = opinionsOf(facts).filter((one) => !isFake(one) && one !== dissenter);
  // The sockets of a filtering probe ask other servers, and addresses may follow the server.
  const probed = dissenter === undefined
    ? facts.filterings.flatMap(({ evidence: { reflexive } }) => reflexive === undefined ? [] : [reflexive])
    : [];
  const seen = [...opinions.map((one) => one.seen), ...facts.samples.map((one) => one.seen), ...probed];
  const addresses = new Set(seen.map(({ address }) => address));
  if (addresses.size > 1) return { severalAddresses: "yes" };
  const unknown = (why: Reason): Addresses => ({ severalAddresses: "unknown", severalAddressesReason: why });
  if (dissenter !== undefined && !addresses.has(dissenter.seen.address)) {
    return unknown(reason("contradicted", formatEndpoint(dissenter.server)));
  }
  if (seen.length >= ADDRESSES_MIN) return { severalAddresses: "no" };
  return unknown(obstacleOf(facts) ?? reason("few-samples", String(seen.length)));
}

function judgeBlocked(
  facts: TransportFacts,
  obstacle: Reason | undefined,
): Pick<TransportReport, "blocked" | "blockedReason"> {
  if (facts.sightings.length > 0) return { blocked: "no" };
  if (facts.silentServers - (facts.refusedServers ?? 0) >= SILENT_MIN && facts.bindError === undefined) {
    return { blocked: "yes" };
  }
  return { blocked: "unknown", blockedReason: obstacle ?? reason("few-answers", "0") };
}

/** A cloud host's NAT gives each host an address of its own: same ports, nothing filtered. */
function judgeOneToOne(
  findings: Pick<TransportReport, "mapping" | "filtering" | "portPreservation">,
): Pick<TransportReport, "oneToOne" | "oneToOneReason"> {
  const { mapping, filtering, portPreservation } = findings;
  const isRefuted = (mapping !== "endpoint-independent" && mapping !== "unknown") ||
    (filtering !== "endpoint-independent" && filtering !== "unknown") || portPreservation === "no";
  if (isRefuted) return { oneToOne: "no" };
  const isKnown = mapping !== "unknown" && filtering !== "unknown" && portPreservation === "yes";
  return isKnown
    ? { oneToOne: "yes" }
    : { oneToOne: "unknown", oneToOneReason: reason("depends-on-unknown") };
}
