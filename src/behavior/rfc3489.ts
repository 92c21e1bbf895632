import type { AddressScope } from "../core/address_scope.ts";
import type { NatBehavior } from "../core/behavior.ts";

/** Kinds of NAT as RFC 3489 (sections 5 and 10.1) named them and as people still do. */
export type Rfc3489Kind =
  | "open-internet"
  | "full-cone"
  | "restricted"
  | "port-restricted"
  | "symmetric"
  | "symmetric-udp-firewall"
  | "blocked"
  | "unknown";

/** The findings a kind follows from; a {@linkcode TransportReport} has them. */
export interface Rfc3489Findings {
  /** Mapping behaviour. */
  readonly mapping: NatBehavior;
  /** Filtering behaviour. */
  readonly filtering: NatBehavior;
  /** Whether strangers get in, where the filtering is unknown. */
  readonly strangersGetIn: "yes" | "no" | "unknown";
  /** Whether it is a cloud host's 1:1 NAT. */
  readonly oneToOne: "yes" | "no" | "unknown";
  /** Whether nobody answers. */
  readonly blocked: "yes" | "no" | "unknown";
  /** What kind of address servers saw: none is public if the servers are in a private network, too. */
  readonly scope?: AddressScope | undefined;
}

const CONES = {
  "endpoint-independent": "full-cone",
  "address-dependent": "restricted",
  "address-and-port-dependent": "port-restricted",
} as const;

/**
 * The RFC 3489 kind of what was found out. Pure; `unknown` rather than a guess.
 *
 * Where RFC 3489's tree would call a NAT "full cone" because a stranger got in, although its mappings depend on the
 * destination, this says `symmetric`, as Natter and nat1_traversal do: nobody could be told where to come. Over TCP
 * `symmetric-udp-firewall` means the same thing: no NAT, but strangers are shut out.
 */
export function rfc3489Of(findings: Rfc3489Findings): Rfc3489Kind {
  const { mapping, filtering, strangersGetIn, oneToOne, blocked, scope } = findings;
  if (blocked === "yes") return "blocked";
  switch (mapping) {
    case "unknown":
      return "unknown";
    case "address-dependent":
    case "address-and-port-dependent":
      return "symmetric";
    case "none":
      if (scope === "private" || scope === "cgn") return "unknown";
      if (filtering === "endpoint-independent" || filtering === "none") return "open-internet";
      return filtering !== "unknown" || strangersGetIn === "no" ? "symmetric-udp-firewall" : "unknown";
    case "endpoint-independent":
      if (oneToOne === "yes" && scope !== "private" && scope !== "cgn") return "open-internet";
      return filtering === "unknown" || filtering === "none" ? "unknown" : CONES[filtering];
  }
}

/** Numbers of natter-check (Natter 2): 5 is a firewall without NAT, -1 unknown. */
export const NATTER_NUMBERS: Readonly<Record<Rfc3489Kind, number>> = {
  "open-internet": 0,
  "full-cone": 1,
  "restricted": 2,
  "port-restricted": 3,
  "symmetric": 4,
  "symmetric-udp-firewall": 5,
  "blocked": -1,
  "unknown": -1,
};

/** Numbers of nat1_traversal: as {@linkcode NATTER_NUMBERS}, but it has none for a firewall without NAT. */
export const NAT1_NUMBERS: Readonly<Record<Rfc3489Kind, number>> = {
  ...NATTER_NUMBERS,
  "symmetric-udp-firewall": 3,
};
