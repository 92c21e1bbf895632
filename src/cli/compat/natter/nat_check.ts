import type { NatBehavior } from "../../../core/behavior.ts";
import { type Endpoint, isSameEndpoint } from "../../../core/endpoint.ts";
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

/** What a NAT check found out. */
export interface NatCheck {
  readonly type: NatType;
  /** Whether different servers saw the same endpoint. */
  readonly mapping: "same" | "differs" | "unknown";
  /** Why something is unknown, for people. */
  readonly reason?: string;
  /** What the first server saw. */
  readonly external?: Endpoint;
}

/** What was seen of one internal endpoint. */
export interface NatFindings {
  readonly protocol: Protocol;
  /** The internal endpoint, with its real address. */
  readonly internal: Endpoint;
  /** What servers at different addresses saw of it, in the order of their answers. */
  readonly seen: readonly Endpoint[];
  /** So many are needed before the mapping counts as the same for everybody. */
  readonly needed: number;
  /** Whether strangers get in; `unknown` unless it was seen. */
  readonly filtering: Exclude<NatBehavior, "none">;
  /** Why the filtering is unknown. */
  readonly filteringReason?: string | undefined;
}

const FILTERED: Readonly<Record<Exclude<NatBehavior, "none" | "unknown">, NatType>> = {
  "endpoint-independent": "full-cone",
  "address-dependent": "restricted",
  "address-and-port-dependent": "port-restricted",
};

/** Classifies what was seen (peers.md 1.7, without its guesses). Pure. */
export function classifyNat(findings: NatFindings): NatCheck {
  const { protocol, internal, seen, needed, filtering, filteringReason } = findings;
  const [external] = seen;
  if (external === undefined) {
    return { type: "unknown", mapping: "unknown", reason: "no STUN server answered" };
  }
  if (seen.some((other) => !isSameEndpoint(other, external))) {
    return { type: "symmetric", mapping: "differs", external };
  }
  if (seen.length < needed) {
    const reason = `only ${seen.length} of ${needed} STUN servers answered`;
    return { type: "unknown", mapping: "unknown", reason, external };
  }
  const found = { mapping: "same", external } as const;
  const hasNoNat = isSameEndpoint(internal, external);
  // Over TCP "open" only says that there is no NAT, as in natter-check; firewalls are not looked for.
  if (hasNoNat && protocol === "tcp") return { ...found, type: "open" };
  if (filtering === "unknown") {
    return { ...found, type: "unknown", reason: filteringReason ?? "nobody saw whether strangers get in" };
  }
  if (!hasNoNat) return { ...found, type: FILTERED[filtering] };
  return { ...found, type: filtering === "endpoint-independent" ? "open" : "firewall" };
}

/** natter-check's numbers, which are those that users know: -1 is unknown, 0 no NAT, 5 a firewall without NAT. */
export const NAT_NUMBERS: Readonly<Record<NatType, number>> = {
  "unknown": -1,
  "open": 0,
  "full-cone": 1,
  "restricted": 2,
  "port-restricted": 3,
  "symmetric": 4,
  "firewall": 5,
};
