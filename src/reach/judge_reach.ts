import type { Finding, OutsideFinding, ReachEvidence, ReachState } from "./evidence.ts";

/**
 * What follows from the evidence; the names of Natter 2's port checks, and two that it is silent about:
 *
 * - `open`: somebody outside got in;
 * - `target-closed`: the service does not accept, so nobody can get in;
 * - `punching-failed`: the service accepts, but neither this host nor anybody outside gets through the NAT;
 * - `firewall`: the way through the NAT works from inside, and those outside are kept out;
 * - `closed`: nobody outside gets in, and what is to blame cannot be told;
 * - `unknown`: nobody outside could tell.
 */
export type ReachVerdict = "open" | "target-closed" | "punching-failed" | "firewall" | "closed" | "unknown";

/**
 * What an open endpoint proves about the NAT's filtering (RFC 4787, section 5): `endpoint-independent` if somebody got
 * in whose address this host had never talked to; `not-port-restricted` if it was the address that was asked, from
 * another port; `unknown` if that is not known.
 */
export type ReachProof = "endpoint-independent" | "not-port-restricted" | "unknown";

/** The verdict on one endpoint. */
export interface ReachJudgement {
  /** What follows. */
  readonly verdict: ReachVerdict;
  /** Whether anybody outside gets in, all witnesses together. */
  readonly outside: ReachState;
  /** What it proves about the filtering; only with `open`. */
  readonly proof?: ReachProof | undefined;
}

/**
 * Over UDP silence says nothing, unless the service was seen to answer such datagrams in one of the other looks: then
 * those that were silent did not get in. Pure.
 */
export function readSilence(evidence: ReachEvidence): ReachEvidence {
  const { target, hairpin, outside } = evidence;
  if (![target, hairpin, ...outside].some((finding) => finding?.reason === "answered")) return evidence;
  const read = <T extends Finding>(finding: T): T =>
    finding.reason === "silent" ? { ...finding, state: "no", reason: "timeout" } : finding;
  return { target: target && read(target), hairpin: read(hairpin), outside: outside.map(read) };
}

/** Judges the evidence. Pure. A closed target comes first: what accepts in its place is only a forwarder. */
export function judgeReach({ target, hairpin, outside }: ReachEvidence): ReachJudgement {
  const seen = judgeOutside(outside);
  if (target?.state === "no") return { verdict: "target-closed", outside: seen };
  switch (seen) {
    case "yes":
      return { verdict: "open", outside: seen, proof: proofOf(outside) };
    case "no":
      return { verdict: blameOf(target, hairpin), outside: seen };
    case "unknown":
      return { verdict: "unknown", outside: seen };
  }
}

/**
 * All witnesses together: `yes` if one got in; `no` if the reflector did not, or every public checker says so (Natter
 * 2's rule); else `unknown`.
 */
export function judgeOutside(outside: readonly OutsideFinding[]): ReachState {
  if (outside.some(({ state }) => state === "yes")) return "yes";
  if (outside.some(({ kind, state }) => kind === "reflector" && state === "no")) return "no";
  const checkers = outside.filter(({ kind }) => kind === "public");
  return checkers.length > 0 && checkers.every(({ state }) => state === "no") ? "no" : "unknown";
}

function proofOf(outside: readonly OutsideFinding[]): ReachProof {
  const entered = outside.filter(({ state }) => state === "yes");
  if (entered.some(({ fromAskedAddress }) => fromAskedAddress === false)) return "endpoint-independent";
  return entered.some(({ fromAskedAddress }) => fromAskedAddress === true)
    ? "not-port-restricted"
    : "unknown";
}

function blameOf(target: Finding | undefined, hairpin: Finding): ReachVerdict {
  if (hairpin.state === "yes") return "firewall";
  if (target?.state !== "yes") return "closed";
  if (hairpin.state === "no") return "punching-failed";
  // No NAT is in between, so nothing else is left.
  return hairpin.reason === "own-address" ? "firewall" : "closed";
}
