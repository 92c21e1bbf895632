import type { NatReport, TransportReport } from "../behavior/nat_report.ts";
import { type Reason, reason } from "../behavior/reason.ts";
import type { Protocol } from "../core/mapping.ts";
import type { KindName, Outlook } from "../text/check_texts.ts";

/** What a report means for porthole, over one transport. */
export interface CheckVerdict {
  /** The transport. */
  readonly protocol: Protocol;
  /**
   * Whether porthole can work. `maybe`: nothing speaks against it, but nobody saw whether strangers get in; `unlikely`:
   * the same, and over the other transport they do not; `unknown`: not even the mapping could be seen.
   */
  readonly outlook: Outlook;
  /** What the NAT is called. */
  readonly kind: KindName;
  /** Why it is not known better. */
  readonly reason?: Reason | undefined;
}

/** The transports of a report, TCP first, as people name them. */
export function transportsOf({ udp, tcp }: NatReport): readonly TransportReport[] {
  return [tcp, udp].filter((one) => one !== undefined);
}

/** What a report means, for each transport. Pure. */
export function verdictsOf(report: NatReport): readonly CheckVerdict[] {
  const transports = transportsOf(report);
  return transports.map((one) => {
    const isShutElsewhere = transports.some((other) =>
      other !== one && isBehindNat(other) && other.strangersGetIn === "no"
    );
    const kind = kindOf(one);
    return { protocol: one.protocol, outlook: outlookOf(one, isShutElsewhere), kind, reason: reasonOf(one) };
  });
}

/** Exit status: 0 porthole can work over some transport, 4 this NAT cannot do it, 1 it could not be told. */
export function exitCodeOf(verdicts: readonly CheckVerdict[]): 0 | 1 | 4 {
  if (verdicts.some(({ outlook }) => outlook === "works" || outlook === "maybe")) return 0;
  const isShown = verdicts.some(({ outlook }) => outlook === "cannot") &&
    verdicts.every(({ outlook, kind }) => outlook !== "unknown" || kind === "blocked");
  return isShown ? 4 : 1;
}

/** Whether something answers in the place of the servers, so that what was seen may be its own NAT. */
function isProxied({ suspicion, strangersGetIn }: TransportReport): boolean {
  return (suspicion === "fake-ip" || suspicion === "answers-for-nobody") && strangersGetIn !== "yes";
}

function isBehindNat({ mapping }: TransportReport): boolean {
  return mapping !== "none" && mapping !== "unknown";
}

/** Servers that see no public address are not outside themselves: what they saw may end at another NAT. */
function isInside({ scope }: TransportReport): boolean {
  return scope === "private" || scope === "cgn";
}

function outlookOf(report: TransportReport, isShutElsewhere: boolean): Outlook {
  const { mapping, strangersGetIn } = report;
  if (isProxied(report)) return "unknown";
  if (mapping === "unknown") return "unknown";
  if (mapping === "address-dependent" || mapping === "address-and-port-dependent") return "cannot";
  if (strangersGetIn === "yes") return isInside(report) ? "maybe" : "works";
  if (strangersGetIn === "no") return "cannot";
  return isShutElsewhere && mapping !== "none" ? "unlikely" : "maybe";
}

function kindOf(report: TransportReport): KindName {
  const { rfc3489, mapping, oneToOne, strangersGetIn } = report;
  if (isProxied(report)) return "proxied";
  if (rfc3489 === "open-internet" && oneToOne === "yes") return "one-to-one";
  if (rfc3489 !== "unknown") return rfc3489;
  if (mapping === "none") return "no-nat";
  if (mapping !== "endpoint-independent") return "unknown";
  return strangersGetIn === "no" ? "filtered-cone" : "cone";
}

function reasonOf(report: TransportReport): Reason | undefined {
  if (isProxied(report)) return report.suspicionReason;
  if (report.mapping === "unknown") return report.mappingReason;
  if (isInside(report) && report.strangersGetIn === "yes") return reason("inner-servers");
  return report.filtering === "unknown" && report.strangersGetIn === "unknown" &&
      report.rfc3489 === "unknown"
    ? report.filteringReason
    : undefined;
}
