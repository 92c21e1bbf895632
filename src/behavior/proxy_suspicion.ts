import { scopeOf } from "../core/address_scope.ts";
import { formatEndpoint } from "../core/endpoint.ts";
import type { Sighting, TransportFacts } from "./facts.ts";
import { isFake, type MappingVerdict } from "./judge_mapping.ts";
import type { ProxySuspicion } from "./nat_report.ts";
import { type Reason, reason } from "./reason.ts";

/** What looks like a proxy; the fields are those of {@linkcode TransportReport}. */
export interface ProxyVerdict {
  /** The strongest sign. */
  readonly suspicion: ProxySuspicion;
  /** What was seen. */
  readonly suspicionReason?: Reason;
}

/** What {@linkcode judgeProxy} looks at. */
export interface ProxyFacts extends Pick<TransportFacts, "sightings" | "nobodyTook"> {
  /** The verdict on the mapping. */
  readonly verdict: MappingVerdict;
}

/** Nothing beyond the own building answers faster. */
const TOO_FAST_MS = 1;
/** Others that take at least this long make one fast answer implausible. */
const PLAUSIBLE_MS = 20;

/**
 * Whether something on the way answers in place of the servers. Pure; a hint, no proof.
 *
 * Speed only counts for servers at global addresses and behind a NAT: a host with an address of its own may well stand
 * in the same rack as a server.
 */
export function judgeProxy({ sightings, nobodyTook, verdict }: ProxyFacts): ProxyVerdict {
  if (nobodyTook !== undefined) {
    return suspect("answers-for-nobody", reason("answers-for-nobody", formatEndpoint(nobodyTook)));
  }
  const fake = sightings.find(isFake);
  if (fake !== undefined) {
    const shown = scopeOf(fake.server.address) === "fake-ip" ? fake.server : fake.seen;
    return suspect("fake-ip", reason("fake-ip", formatEndpoint(shown)));
  }
  const { dissenter } = verdict;
  if (dissenter !== undefined) {
    const detail = `${formatEndpoint(dissenter.server)} saw ${formatEndpoint(dissenter.seen)}`;
    return suspect("contradicted", reason("contradicted", detail));
  }
  const fast = verdict.mapping === "none" ? undefined : tooFast(sightings);
  if (fast === undefined) return { suspicion: "none" };
  const detail = `${formatEndpoint(fast.server)} in ${fast.rttMs.toFixed(2)} ms`;
  return suspect("too-fast", reason("too-fast", detail));
}

function suspect(suspicion: ProxySuspicion, suspicionReason: Reason): ProxyVerdict {
  return { suspicion, suspicionReason };
}

function tooFast(sightings: readonly Sighting[]): Sighting | undefined {
  const far = sightings.filter(({ server }) => scopeOf(server.address) === "global");
  const fast = far.filter(({ rttMs }) => rttMs < TOO_FAST_MS);
  const slow = far.filter(({ rttMs }) => rttMs >= PLAUSIBLE_MS);
  const isOdd = fast.length >= 2 || (fast.length === 1 && slow.length >= 1);
  return isOdd ? fast[0] : undefined;
}
