import { type Endpoint, formatEndpoint } from "../core/endpoint.ts";
import type { Clock } from "../core/clock.ts";
import type { Secret } from "../core/secret.ts";
import { askHttp, type Fetch, WitnessError } from "./ask_http.ts";
import type { OutsideFinding, ProbeSubject } from "./evidence.ts";
import { KNOCK_LIMIT_MS } from "./knock.ts";
import { MOST_ANSWER_BYTES, parseCallerAnswer, parseProbeAnswer, type ProbeAnswer } from "./probe_answer.ts";
import { encodeProbeRequest } from "./probe_request.ts";

/** Where a reflector is and how to ask it. */
export interface ReflectorAccess {
  /** `http:` or `https:` URL that `v1/probe` is put behind. Without credentials and query. */
  readonly url: string;
  /** Its token. @default {none} */
  readonly token?: Secret | undefined;
  /** Sends requests, from the IP version of the endpoint where the name of the reflector has both. */
  readonly fetch: Fetch;
  /** Time and timers. */
  readonly clock: Clock;
  /** Ends the exchange. */
  readonly signal?: AbortSignal | undefined;
}

/** Options for {@linkcode probeFromOutside}. */
export interface ProbeFromOutsideOptions extends ReflectorAccess {
  /** Transport of the endpoint. */
  readonly protocol: ProbeSubject["protocol"];
  /** What the reflector sends, 1 to 32 bytes. @default {32 random bytes over UDP, nothing over TCP} */
  readonly send?: Uint8Array | undefined;
  /** What the endpoint answers to that, 1 to 32 bytes; nothing else counts then. @default {whatever comes} */
  readonly expect?: Uint8Array | undefined;
  /** How long the reflector may try; it takes 5 s at the most. @default {5000} */
  readonly limitMs?: number | undefined;
}

/** For connecting to the reflector, besides what the probe takes. */
const OVERHEAD_MS = 5_000;

/**
 * Asks a reflector to try an endpoint. It tries its caller's address only, so one at another address (several external
 * addresses, a proxy for HTTP) is left alone and the finding is `unknown`: `other-address`.
 *
 * @returns A finding, `unknown` with the reason if the reflector gave no answer.
 * @throws {TypeError} If the URL or the token cannot be used: see {@linkcode reflectorUrl} and {@linkcode bearerOf}.
 * @throws `signal.reason`, unchanged, if aborted.
 */
export async function probeFromOutside(
  endpoint: Endpoint,
  options: ProbeFromOutsideOptions,
): Promise<OutsideFinding> {
  const { url, clock } = options;
  const start = clock.now();
  const finding = { kind: "reflector", witness: reflectorUrl(url).hostname } as const;
  try {
    // First who we are: a stranger's port must not be knocked at.
    const caller = await askCaller(options);
    if (caller.address !== endpoint.address) return { ...finding, ...elsewhere(caller.address) };
    const answer = await askProbe(endpoint, options);
    if (formatEndpoint(answer.target) !== formatEndpoint(endpoint)) {
      return { ...finding, ...elsewhere(answer.target.address) };
    }
    return {
      ...finding,
      state: answer.reachable,
      reason: answer.reason,
      ms: answer.ms,
      detail: answer.error,
      from: answer.from,
      seen: answer.target.address,
      fromAskedAddress: answer.fromAskedAddress,
    };
  } catch (error) {
    if (!(error instanceof WitnessError)) throw error;
    return { ...finding, state: "unknown", reason: "failed", detail: error.reason, ms: clock.now() - start };
  }
}

/**
 * Asks a reflector where this host's requests come from (`GET /v1/me`).
 *
 * @throws {TypeError} If the URL or the token cannot be used.
 * @throws {WitnessError} If it gives no answer.
 * @throws `signal.reason`, unchanged, if aborted.
 */
export async function askCaller(access: ReflectorAccess): Promise<Endpoint> {
  const text = await ask("v1/me", access, { limitMs: OVERHEAD_MS });
  const caller = parseCallerAnswer(text);
  if (caller === undefined) throw nonsense(access);
  return caller;
}

async function askProbe(endpoint: Endpoint, options: ProbeFromOutsideOptions): Promise<ProbeAnswer> {
  const { protocol, send, expect, limitMs = KNOCK_LIMIT_MS } = options;
  const timeoutMs = Math.round(Math.min(Math.max(limitMs, 100), KNOCK_LIMIT_MS));
  const body = encodeProbeRequest({ protocol, port: endpoint.port, send, payload: expect, timeoutMs });
  const answer = parseProbeAnswer(await ask("v1/probe", options, { body, limitMs: timeoutMs + OVERHEAD_MS }));
  if (answer === undefined) throw nonsense(options);
  return answer;
}

function ask(
  path: string,
  { url, token, fetch, clock, signal }: ReflectorAccess,
  { limitMs, body }: { readonly limitMs: number; readonly body?: string },
): Promise<string> {
  const headers = {
    ...(token === undefined ? {} : { authorization: bearerOf(token) }),
    ...(body === undefined ? {} : { "content-type": "application/json" }),
  };
  const at = new URL(path, reflectorUrl(url));
  return askHttp(at, { fetch, clock, limitMs, mostBytes: MOST_ANSWER_BYTES, headers, body, signal });
}

/**
 * The URL of a reflector, ending in a slash.
 *
 * @throws {TypeError} If it is no http or https URL, or has credentials, a query or a fragment.
 */
export function reflectorUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    throw new TypeError("Cannot use the URL of a reflector: it is no http or https URL");
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new TypeError(
      "Cannot use the URL of a reflector: credentials, query or fragment do not belong there",
    );
  }
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

/**
 * The `Authorization` header of a token.
 *
 * @throws {TypeError} If HTTP cannot carry it; `fetch` would quote it.
 */
export function bearerOf(token: Secret): string {
  if (/^[\x21-\x7e]+$/.test(token.reveal())) return `Bearer ${token.reveal()}`;
  throw new TypeError("Cannot use the token: it has characters that HTTP cannot carry");
}

function elsewhere(seen: string): Pick<OutsideFinding, "state" | "reason" | "seen"> {
  return { state: "unknown", reason: "other-address", seen };
}

function nonsense({ url }: ReflectorAccess): WitnessError {
  return new WitnessError(reflectorUrl(url).hostname, "what answers there is no reflector");
}
