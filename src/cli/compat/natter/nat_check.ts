import type { TransportReport } from "../../../behavior/nat_report.ts";
import { NATTER_NUMBERS, type Rfc3489Kind } from "../../../behavior/rfc3489.ts";
import type { Endpoint } from "../../../core/endpoint.ts";
import type { Protocol } from "../../../core/mapping.ts";

/**
 * Kinds of RFC 3489, as Natter and nat1_traversal name them; `unknown` is said wherever something was not seen.
 * `open` is no NAT, `firewall` is no NAT but strangers are shut out.
 */
export type NatType =
  | "open"
  | "firewall"
  | "full-cone"
  | "restricted"
  | "port-restricted"
  | "symmetric"
  | "unknown";

/** A report of the NAT check in the words of Natter and nat1_traversal. */
export interface NatCheck {
  readonly type: NatType;
  /** Whether different servers saw the same endpoint. */
  readonly mapping: "same" | "differs" | "unknown";
  /** Why something is unknown, for people. */
  readonly reason?: string;
  /** What most servers saw. */
  readonly external?: Endpoint;
  /** A cloud host's 1:1 NAT: a full cone for Natter, no NAT for nat1_traversal. @default {false} */
  readonly isOneToOne?: boolean;
}

const TYPES: Readonly<Record<Rfc3489Kind, NatType>> = {
  "open-internet": "open",
  "symmetric-udp-firewall": "firewall",
  "full-cone": "full-cone",
  "restricted": "restricted",
  "port-restricted": "port-restricted",
  "symmetric": "symmetric",
  "blocked": "unknown",
  "unknown": "unknown",
};

/** What a report means to Natter (peers.md 1.7 and 2.7), without its guesses. Pure. */
export function natCheckOf(report: TransportReport): NatCheck {
  const { protocol, mapping, rfc3489, oneToOne, external } = report;
  const found = {
    mapping: mapping === "unknown"
      ? "unknown"
      : mapping === "endpoint-independent" || mapping === "none"
      ? "same"
      : "differs",
    ...(external === undefined ? {} : { external }),
  } as const;
  // Over TCP "open" only says that there is no NAT, as in natter-check; firewalls are not looked for.
  if (protocol === "tcp" && mapping === "none") return { ...found, type: "open" };
  if (rfc3489 === "open-internet" && oneToOne === "yes") {
    return { ...found, type: "full-cone", isOneToOne: true };
  }
  const type = TYPES[rfc3489];
  return type === "unknown" ? { ...found, type, reason: reasonOf(report) } : { ...found, type };
}

function reasonOf({ mappingReason, filteringReason, blockedReason }: TransportReport): string {
  return (mappingReason ?? filteringReason ?? blockedReason)?.text ?? "no STUN server answered";
}

/** natter-check's numbers, which are those that users know: -1 is unknown, 0 no NAT, 5 a firewall without NAT. */
export const NAT_NUMBERS: Readonly<Record<NatType, number>> = {
  "unknown": NATTER_NUMBERS.unknown,
  "open": NATTER_NUMBERS["open-internet"],
  "full-cone": NATTER_NUMBERS["full-cone"],
  "restricted": NATTER_NUMBERS.restricted,
  "port-restricted": NATTER_NUMBERS["port-restricted"],
  "symmetric": NATTER_NUMBERS.symmetric,
  "firewall": NATTER_NUMBERS["symmetric-udp-firewall"],
};

/** The number that natter-check prints: over TCP it knows no 2, and says 3 of whatever keeps strangers out. */
export function natterCheckNumber(protocol: Protocol, type: NatType): number {
  return NAT_NUMBERS[protocol === "tcp" && type === "restricted" ? "port-restricted" : type];
}
