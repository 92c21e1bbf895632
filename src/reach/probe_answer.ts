import { canonicalAddress, type Endpoint, formatEndpoint, parseEndpoint } from "../core/endpoint.ts";
import { REACH_REASONS, type ReachReason, type ReachState } from "./evidence.ts";
import { objectOf } from "./probe_request.ts";

/** What a reflector answers to a probe. */
export interface ProbeAnswer {
  /** Whether it got in. */
  readonly reachable: ReachState;
  /** Why. */
  readonly reason: ReachReason;
  /** How long the attempt took, in milliseconds. */
  readonly ms: number;
  /** What it tried: the caller's own address, as it sees it. */
  readonly target: Endpoint;
  /** Where it tried from, as it sees itself; absent if it could not even try. */
  readonly from?: Endpoint | undefined;
  /** Whether it tried from the address that the caller had asked; another port of it in any case. */
  readonly fromAskedAddress: boolean;
  /** What went wrong, in English. */
  readonly error?: string | undefined;
}

/** Longer than any answer. */
export const MOST_ANSWER_BYTES = 4096;

const MOST_DETAIL_CHARACTERS = 200;
const STATES: readonly ReachState[] = ["yes", "no", "unknown"];

/** The answer as JSON; keys are in the order they are written. */
export function probeAnswerToJson(answer: ProbeAnswer): Readonly<Record<string, unknown>> {
  const { reachable, reason, ms, target, from, fromAskedAddress, error } = answer;
  return {
    reachable,
    reason,
    ms: Math.round(ms * 10) / 10,
    from: from && formatEndpoint(from),
    target: formatEndpoint(target),
    fromAskedAddress,
    error,
  };
}

/** Reads an answer. Total: `undefined` if the text is none. What it says in words is cut and cleaned. */
export function parseProbeAnswer(text: string): ProbeAnswer | undefined {
  const value = objectOf(text);
  if (value === undefined) return undefined;
  const { ms, fromAskedAddress, error } = value;
  const reachable = STATES.find((state) => state === value["reachable"]);
  const reason = REACH_REASONS.find((known) => known === value["reason"]);
  const target = endpointOf(value["target"]);
  if (reachable === undefined || reason === undefined || target === undefined) return undefined;
  if (typeof ms !== "number" || !(ms >= 0) || typeof fromAskedAddress !== "boolean") return undefined;
  return {
    ...{ reachable, reason, ms, target, fromAskedAddress, from: endpointOf(value["from"]) },
    error: typeof error === "string" ? cleaned(error) : undefined,
  };
}

/** Reads the answer to `GET /v1/me`. Total: `undefined` if the text is none. */
export function parseCallerAnswer(text: string): Endpoint | undefined {
  const { address, port } = objectOf(text) ?? {};
  if (typeof address !== "string" || typeof port !== "number") return undefined;
  const canonical = canonicalAddress(address);
  if (canonical === undefined || !Number.isInteger(port) || port < 0 || port > 65_535) return undefined;
  return { address: canonical, port };
}

/** A text from outside on one short line that no terminal takes for a command. */
export function cleaned(text: string): string {
  return text.replace(/[\p{C}\p{Z}]+/gu, " ").trim().slice(0, MOST_DETAIL_CHARACTERS);
}

function endpointOf(value: unknown): Endpoint | undefined {
  if (typeof value !== "string") return undefined;
  try {
    return parseEndpoint(value);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
