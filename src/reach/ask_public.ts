import type { Clock } from "../core/clock.ts";
import { canonicalAddress, type Endpoint } from "../core/endpoint.ts";
import { askHttp, type Fetch, WitnessError } from "./ask_http.ts";
import type { OutsideFinding } from "./evidence.ts";
import { MOST_ANSWER_BYTES } from "./probe_answer.ts";
import { objectOf } from "./probe_request.ts";

/** What a port checker said. */
export interface CheckerAnswer {
  /** Whether it got in. */
  readonly isOpen: boolean;
  /** The address it tested, canonical; absent if it does not say. */
  readonly address?: string | undefined;
}

/** A public service that tries a TCP port of whoever asks. */
export interface PublicChecker {
  /** Its address for a port. */
  readonly urlOf: (port: number) => string;
  /** Reads its answer. Total: `undefined` if the text is none. */
  readonly read: (text: string) => CheckerAnswer | undefined;
}

/** The two that Natter 2 asks, by HTTPS: on plain HTTP a carrier's proxy would be whom they see. */
export const PUBLIC_CHECKERS: readonly PublicChecker[] = [
  { urlOf: (port) => `https://ifconfig.co/port/${port}`, read: readIfconfig },
  { urlOf: (port) => `https://portcheck.transmissionbt.com/${port}`, read: readTransmission },
];

/** Options for {@linkcode askPublicCheckers}. */
export interface AskPublicOptions {
  /** Sends requests. */
  readonly fetch: Fetch;
  /** Time and timers. */
  readonly clock: Clock;
  /** Whom to ask. @default {PUBLIC_CHECKERS} */
  readonly checkers?: readonly PublicChecker[] | undefined;
  /** For each of them, in milliseconds. @default {8000, as Natter 2} */
  readonly limitMs?: number | undefined;
  /** Ends the exchange. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks public services whether they get in at a TCP endpoint. They are told the port only and test the address they see
 * this host at; if one of them says that this is another one, what any of them saw is not about the endpoint, and their
 * findings are `unknown`: `other-address`.
 *
 * @returns One finding for each, `unknown` with the reason if it gave no answer.
 * @throws `signal.reason`, unchanged, if aborted.
 */
export async function askPublicCheckers(
  endpoint: Endpoint,
  options: AskPublicOptions,
): Promise<readonly OutsideFinding[]> {
  const { checkers = PUBLIC_CHECKERS } = options;
  const findings = await Promise.all(checkers.map((checker) => askOne(checker, endpoint, options)));
  const elsewhere = findings.find(({ seen }) => seen !== undefined && seen !== endpoint.address)?.seen;
  if (elsewhere === undefined) return findings;
  const doubted = (finding: OutsideFinding): OutsideFinding =>
    finding.reason === "failed" || finding.seen === endpoint.address
      ? finding
      : { ...finding, state: "unknown", reason: "other-address", seen: finding.seen ?? elsewhere };
  return findings.map(doubted);
}

async function askOne(
  { urlOf, read }: PublicChecker,
  endpoint: Endpoint,
  { fetch, clock, limitMs = 8_000, signal }: AskPublicOptions,
): Promise<OutsideFinding> {
  const start = clock.now();
  const url = new URL(urlOf(endpoint.port));
  const finding = { kind: "public", witness: url.hostname } as const;
  try {
    const text = await askHttp(url, { fetch, clock, limitMs, mostBytes: MOST_ANSWER_BYTES, signal });
    const answer = read(text);
    const ms = clock.now() - start;
    if (answer === undefined) {
      return { ...finding, state: "unknown", reason: "failed", detail: "its answer is none", ms };
    }
    return answer.isOpen
      ? { ...finding, state: "yes", reason: "says-open", seen: answer.address, ms }
      : { ...finding, state: "no", reason: "says-closed", seen: answer.address, ms };
  } catch (error) {
    if (!(error instanceof WitnessError)) throw error;
    return { ...finding, state: "unknown", reason: "failed", detail: error.reason, ms: clock.now() - start };
  }
}

/** `{"ip":"203.0.113.1","port":80,"reachable":true}`. */
function readIfconfig(text: string): CheckerAnswer | undefined {
  const { reachable, ip } = objectOf(text) ?? {};
  if (typeof reachable !== "boolean") return undefined;
  return { isOpen: reachable, address: typeof ip === "string" ? canonicalAddress(ip) : undefined };
}

/** `1` or `0`. */
function readTransmission(text: string): CheckerAnswer | undefined {
  const said = text.trim();
  return said === "1" || said === "0" ? { isOpen: said === "1" } : undefined;
}
