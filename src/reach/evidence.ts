import type { Endpoint } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";

/** Whether somebody gets in; `unknown` wherever nobody could tell. */
export type ReachState = "yes" | "no" | "unknown";

/** Every {@linkcode ReachReason}. */
export const REACH_REASONS = [
  "connected",
  "reset",
  "answered",
  "token",
  "listening",
  "says-open",
  "says-closed",
  "refused",
  "timeout",
  "unreachable",
  "silent",
  "other",
  "own-address",
  "other-address",
  "failed",
] as const;

/**
 * Why a finding is what it is; the words for people are the command line's.
 *
 * - yes: `connected` (TCP), `reset` (accepted, and then reset: a forwarder whose target is closed does that),
 *   `answered` (UDP), `token` (what was sent arrived, or what was to come back came back), `listening` (our own
 *   listener is there), `says-open` (a port checker says so);
 * - no: `refused`, `timeout`, `unreachable` (a router says so), `says-closed`;
 * - unknown: `silent` (a UDP service need not answer), `other` (somebody accepted, but not who was meant),
 *   `own-address` (nothing is in between), `other-address` (the witness sees this host at another address), `failed`
 *   (nobody could even try; `detail` says why).
 */
export type ReachReason = (typeof REACH_REASONS)[number];

/** One look at an endpoint. */
export interface Finding {
  /** What was seen. */
  readonly state: ReachState;
  /** Why. */
  readonly reason: ReachReason;
  /** More about the reason, in English, on one line: the kernel's code, what a server said. */
  readonly detail?: string | undefined;
  /** How long it took, in milliseconds. */
  readonly ms?: number | undefined;
  /** Where the attempt came from, as the one who made it sees itself or as our listener saw it. */
  readonly from?: Endpoint | undefined;
}

/** A look from outside. */
export interface OutsideFinding extends Finding {
  /** What kind of witness it is: our own program on another host, or a public service. */
  readonly kind: "reflector" | "public";
  /** Host name of the witness. */
  readonly witness: string;
  /** The address at which the witness sees this host; it tests no other one. Absent if it does not say. */
  readonly seen?: string | undefined;
  /**
   * Whether the attempt came from the address this host had talked to: a NAT that filters by address may let that in
   * and nobody else. Absent if it is not known.
   */
  readonly fromAskedAddress?: boolean | undefined;
}

/** Everything that was seen of one endpoint. */
export interface ReachEvidence {
  /** The service itself, seen from this host; absent if it was not asked for. */
  readonly target?: Finding | undefined;
  /** From this host out to the external endpoint and back in (RFC 4787, section 6). */
  readonly hairpin: Finding;
  /** From elsewhere; empty if nobody was asked. */
  readonly outside: readonly OutsideFinding[];
}

/** Whom a look from outside is about. */
export interface ProbeSubject {
  /** The external endpoint. */
  readonly endpoint: Endpoint;
  /** Its transport. */
  readonly protocol: Protocol;
}
