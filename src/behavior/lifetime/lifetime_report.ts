import type { HostPort } from "../../core/endpoint.ts";
import type { Protocol } from "../../core/mapping.ts";
import type { Finding, PortAllocation } from "../nat_report.ts";
import { type Bracket, bracketOf, type TrialOutcome } from "./bracket.ts";

/**
 * How it was seen whether a mapping lives: the server answered to its port when another socket asked (RFC 5780, section
 * 4.6), another socket came in by hairpinning, the socket asked again and had the same port, or (TCP) the connection
 * still carried an answer.
 */
export type LifetimeWay = "response-port" | "hairpin" | "same-port" | "answer";

/** Why a lifetime, or a part of it, is not known. */
export type LifetimeReasonCode =
  /** No name of a server resolves. */
  | "no-server"
  /** No server answered. */
  | "no-answer"
  /** There is no NAT, and the server cannot send to another port. */
  | "no-nat"
  /** The NAT gives the same port again, so that asking again tells nothing. */
  | "ports-kept"
  /** Mappings died at ages that others survived. */
  | "contradictory"
  /** Nothing could be proved: answers were lost. */
  | "nothing-proved"
  /** Every server ended idle connections by itself. */
  | "servers-close"
  /** The measurement was cut short. */
  | "interrupted";

/** One look at one mapping. */
export interface LifetimeEvidence extends TrialOutcome {
  /** The server whose mapping it was. */
  readonly server?: HostPort | undefined;
}

/** How long an idle mapping of one transport lives, and on what evidence. */
export interface TransportLifetime {
  /** The transport. */
  readonly protocol: Protocol;
  /** `measured`: between two times; `at-least`: no death was seen; `unknown`: see the reason. */
  readonly verdict: "measured" | "at-least" | "unknown";
  /** The longest idle time that a mapping survived, in milliseconds. */
  readonly aliveMs: number;
  /** The shortest idle time that one did not survive, in milliseconds; absent unless measured. */
  readonly deadMs?: number | undefined;
  /** Why it is unknown, or only a lower limit. */
  readonly reason?: LifetimeReasonCode | undefined;
  /** How it was seen; absent if nothing was. */
  readonly way?: LifetimeWay | undefined;
  /** Whether traffic from outside keeps a mapping (RFC 4787, section 4.3). */
  readonly inboundRefresh: Finding;
  /** Whether traffic from inside keeps a mapping. */
  readonly outboundRefresh: Finding;
  /** How external ports are given. */
  readonly allocation: PortAllocation;
  /** Whether a socket whose mapping died gets the same external port again. */
  readonly samePortAgain: Finding;
  /** The keep-alive interval that fits, in milliseconds; absent if nothing is known. */
  readonly recommendedMs?: number | undefined;
  /** How many sockets were used. */
  readonly sockets: number;
  /** What was seen, in order. */
  readonly evidence: readonly LifetimeEvidence[];
}

/** Keep-alives further apart save nothing and notice changes late. */
const LONGEST_MS = 60_000;
/** Keep-alives closer together are no use where the lifetime does not ask for them. */
const SHORTEST_MS = 5_000;
const FLOOR_MS = 1_000;

/**
 * The keep-alive interval for a lifetime: a third of what was survived, so that two lost packets in a row do no harm,
 * in whole seconds from 5 s to 60 s; where a third is less than 5 s, up to half of it, but never less than 1 s. Pure.
 *
 * @returns `undefined` if nothing was survived.
 */
export function recommendInterval(aliveMs: number): number | undefined {
  if (!(aliveMs > 0)) return undefined;
  const wholeSeconds = (ms: number): number => Math.floor(ms / 1000) * 1000;
  const third = wholeSeconds(aliveMs / 3);
  if (third >= SHORTEST_MS) return Math.min(LONGEST_MS, third);
  return Math.max(FLOOR_MS, wholeSeconds(Math.min(SHORTEST_MS, aliveMs / 2)));
}

/** The lifetime that outcomes of trials prove; the fields of {@linkcode TransportLifetime}. */
export type LifetimeVerdict = Pick<
  TransportLifetime,
  "verdict" | "aliveMs" | "deadMs" | "reason" | "recommendedMs"
>;

/** Options for {@linkcode judgeLifetime}. */
export interface JudgeOptions {
  /** How it was seen. */
  readonly way: LifetimeWay;
  /** The longest wait, in milliseconds. */
  readonly maxMs: number;
  /** The search was cut short. */
  readonly isInterrupted?: boolean | undefined;
}

/** One death against a survival is lost packets; more are not. */
const CONTRADICTIONS_MAX = 2;
/** A survival counts as one of the longest wait although timers ring a little early. */
const SLACK_MS = 50;

/** Says what outcomes prove, and never more. Pure. */
export function judgeLifetime(outcomes: readonly TrialOutcome[], options: JudgeOptions): LifetimeVerdict {
  const { way, maxMs, isInterrupted = false } = options;
  const bracket = bracketOf(outcomes);
  const reason = doubtOf(bracket, outcomes, options);
  if (reason !== undefined) return { verdict: "unknown", aliveMs: 0, reason };
  const { aliveMs, deadMs } = bracket;
  const recommendedMs = recommendInterval(aliveMs);
  if (deadMs !== undefined) {
    return {
      ...{ verdict: "measured", aliveMs, deadMs, recommendedMs: recommendedMs ?? FLOOR_MS },
      ...(isInterrupted && { reason: "interrupted" as const }),
    };
  }
  const cut = isInterrupted ? "interrupted" : way === "answer" ? "servers-close" : "nothing-proved";
  if (aliveMs >= maxMs - SLACK_MS) return { verdict: "at-least", aliveMs, recommendedMs };
  // A limit that others set is no reason to hurry.
  const isEnough = aliveMs >= 3 * SHORTEST_MS;
  return { verdict: "at-least", aliveMs, reason: cut, recommendedMs: isEnough ? recommendedMs : undefined };
}

function doubtOf(
  bracket: Bracket,
  outcomes: readonly TrialOutcome[],
  { way, isInterrupted }: JudgeOptions,
): LifetimeReasonCode | undefined {
  if (bracket.contradictions > CONTRADICTIONS_MAX) return "contradictory";
  const isProved = outcomes.some(({ state }) => state !== "unknown");
  if (!isProved) return isInterrupted ? "interrupted" : "nothing-proved";
  // The same port again is only a sign of life where a death has shown another one.
  if (way === "same-port" && bracket.deadMs === undefined) {
    return isInterrupted ? "interrupted" : "ports-kept";
  }
  return undefined;
}
