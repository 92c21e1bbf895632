import type { Clock } from "../core/clock.ts";
import { openDeadline } from "../core/deadline.ts";
import { errorMessage, PortholeError, TimeoutError } from "../core/errors.ts";
import { cleaned } from "./probe_answer.ts";
import { readBody } from "./read_body.ts";

/** HTTP as handed in; the global `fetch` is one. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** A witness that gave no usable answer. */
export class WitnessError extends PortholeError {
  /** Name of the class. */
  override readonly name = "WitnessError";
  /** For programs. */
  override readonly code = "witness";
  /** Host name of the witness. */
  readonly witness: string;
  /** Why, in English, without the URL and without secrets. */
  readonly reason: string;

  /** `reason` is one short line. */
  constructor(witness: string, reason: string, options?: ErrorOptions) {
    super(`Cannot ask ${witness}: ${reason}`, options);
    this.witness = witness;
    this.reason = reason;
  }
}

/** Options for {@linkcode askHttp}. */
export interface AskHttpOptions {
  /** Sends the request. */
  readonly fetch: Fetch;
  /** Time and timers. */
  readonly clock: Clock;
  /** Of the whole exchange, in milliseconds. */
  readonly limitMs: number;
  /** A longer answer is none. */
  readonly mostBytes: number;
  /** Headers, the token among them. @default {none} */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Makes it a POST. @default {a GET} */
  readonly body?: string | undefined;
  /** Ends the exchange. */
  readonly signal?: AbortSignal | undefined;
}

/** What a status means to whoever asks. */
const STATUS_WORDS: Readonly<Record<number, string>> = {
  401: "the token is missing or wrong",
  404: "there is no such service at this URL",
  429: "asked too often; try again later",
  503: "it is busy; try again later",
};

/**
 * One HTTP request. Redirects are not followed: the token is for that host alone, and another one would see this host
 * from elsewhere.
 *
 * @returns The body of a 200 answer.
 * @throws {WitnessError} If there is none in time.
 * @throws `signal.reason`, unchanged, if aborted.
 */
export async function askHttp(url: URL, options: AskHttpOptions): Promise<string> {
  const { fetch, clock, limitMs, mostBytes, headers = {}, body, signal } = options;
  signal?.throwIfAborted();
  using deadline = openDeadline(limitMs, { clock, signal });
  try {
    const response = await fetch(url.href, {
      method: body === undefined ? "GET" : "POST",
      headers: { "user-agent": "porthole", accept: "application/json, text/plain", ...headers },
      redirect: "manual",
      signal: deadline.signal,
      ...(body === undefined ? {} : { body }),
    });
    const reading = await readBody(response, { mostBytes, signal: deadline.signal });
    deadline.signal.throwIfAborted();
    if (response.status !== 200) throw new WitnessError(url.hostname, wordsOf(response.status));
    if (reading.kind !== "text") throw new WitnessError(url.hostname, "its answer is too long or breaks off");
    return reading.text;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof WitnessError) throw error;
    const isLate = error instanceof TimeoutError || deadline.signal.aborted;
    const reason = isLate ? `no answer within ${limitMs / 1000} s` : describe(error);
    throw new WitnessError(url.hostname, reason, { cause: error });
  }
}

function wordsOf(status: number): string {
  if (status >= 300 && status < 400) return `status ${status}: redirects are not followed`;
  const words = STATUS_WORDS[status];
  return words === undefined ? `status ${status}` : `status ${status}: ${words}`;
}

/** What the network said, without the URL, which Deno puts into its messages. */
function describe(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cleaned(errorMessage(cause).replace(/^.* for url \(\S*\): /, "").replace(/https?:\/\/\S+/g, "***"));
}
