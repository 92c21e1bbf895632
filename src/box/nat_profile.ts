import type { NatBehavior } from "../core/behavior.ts";

/** A mapping or filtering behaviour that a NAT can be built with (RFC 4787, sections 4.1 and 5). */
export type BoxBehavior = Exclude<NatBehavior, "none" | "unknown">;

/** What makes a NAT: whom a mapping serves, and who may come in through it. */
export interface NatBehaviors {
  readonly mapping: BoxBehavior;
  readonly filtering: BoxBehavior;
}

/** The four kinds of RFC 3489, as people still call them. */
export type NatProfile = "full-cone" | "address-restricted" | "port-restricted" | "symmetric";

/** The four kinds in the words of RFC 4787. */
export const NAT_PROFILES: Readonly<Record<NatProfile, NatBehaviors>> = {
  "full-cone": { mapping: "endpoint-independent", filtering: "endpoint-independent" },
  "address-restricted": { mapping: "endpoint-independent", filtering: "address-dependent" },
  "port-restricted": { mapping: "endpoint-independent", filtering: "address-and-port-dependent" },
  "symmetric": { mapping: "address-and-port-dependent", filtering: "address-and-port-dependent" },
};
