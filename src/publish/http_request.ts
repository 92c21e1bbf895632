import type { Clock } from "../core/clock.ts";
import { openDeadline } from "../core/deadline.ts";
import { errorMessage, TimeoutError } from "../core/errors.ts";
import type { Secret } from "../core/secret.ts";
import { PublishError } from "./publisher.ts";
import { retryAfterMs } from "./retry_after.ts";

/** HTTP as handed in; the global `fetch` is one. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Options for {@linkcode requestHttp}. */
export interface HttpRequestOptions {
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** For messages. */
  readonly provider: string;
  /** @default {"GET"} */
  readonly method?: string | undefined;
  /** May hold a token or a password: never in a message. */
  readonly url: Secret;
  /** Names in lower case; `user-agent: porthole` is added. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Uint8Array<ArrayBuffer> | undefined;
  /** Redirects of a server are followed (the request is repeated) within the same host. @default {false} */
  readonly followsRedirects?: boolean | undefined;
  /** Statuses that are answers. @default 200 to 299 */
  readonly accepts?: ((status: number) => boolean) | undefined;
  /** Bytes of the body that are read at most. @default {65536} */
  readonly mostBytes?: number | undefined;
  readonly signal: AbortSignal;
}

/** What came back. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Its body as text; `undefined` if it is longer than `mostBytes`. */
  readonly text: string | undefined;
}

/** Of one request, redirects and body included. */
const LIMIT_MS = 15_000;
/** Nobody looks at more of an answer. */
const MOST_ANSWER_BYTES = 64 * 1024;
const MOST_REDIRECTS = 3;
/** All of them repeat the request: a moved web hook still wants the body. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 307, 308]);
/** "Later" in the 4xx range. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);

/**
 * One HTTP request with a limit of 15 s. A redirect is followed, where that is asked for, three times at most, to the
 * same host only and never from HTTPS to HTTP, because the body and the token are for that host alone.
 *
 * @throws {PublishError} If there was no answer with an accepted status; permanent where the URL, a header or a
 *   redirect is to blame, or the status is a 4xx that says no.
 * @throws `signal.reason`, unchanged, if aborted.
 */
export async function requestHttp(options: HttpRequestOptions): Promise<HttpAnswer> {
  const { clock, provider, signal, mostBytes = MOST_ANSWER_BYTES } = options;
  signal.throwIfAborted();
  using deadline = openDeadline(LIMIT_MS, { clock, signal });
  try {
    const response = await send(parseUrl(options), { ...options, signal: deadline.signal });
    const { status, headers } = response;
    return { status, headers, text: await readText(response, mostBytes) };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof PublishError) throw error;
    if (deadline.signal.aborted && deadline.signal.reason instanceof TimeoutError) {
      throw new PublishError(provider, `no answer within ${LIMIT_MS / 1000} s`);
    }
    throw new PublishError(provider, describe(error));
  }
}

/** What is wrong with an answer's status; `detail` is what the API said, without secrets. */
export function statusError(
  provider: string,
  { status, headers }: Pick<HttpAnswer, "status" | "headers">,
  { detail, now }: { readonly detail?: string | undefined; readonly now: Date },
): PublishError {
  const isPermanent = status >= 300 && status < 500 && !PASSING.has(status);
  const reason = detail === undefined ? `status ${status}` : `status ${status}: ${detail}`;
  return new PublishError(provider, reason, {
    isPermanent,
    retryAfterMs: retryAfterMs(headers.get("retry-after"), now),
  });
}

/**
 * The header of a token.
 *
 * @throws {PublishError} Permanent, if HTTP cannot carry it; `fetch` would quote it.
 */
export function bearer(provider: string, token: Secret): Readonly<Record<string, string>> {
  if (/^[\x21-\x7e]+$/.test(token.reveal())) return { authorization: `Bearer ${token.reveal()}` };
  const reason = "the token is empty or has characters that HTTP cannot carry";
  throw new PublishError(provider, reason, { isPermanent: true });
}

function parseUrl({ provider, url }: HttpRequestOptions): URL {
  const parsed = URL.parse(url.reveal());
  if (parsed !== null && ["http:", "https:"].includes(parsed.protocol)) return parsed;
  throw new PublishError(provider, "the URL is no http or https URL", { isPermanent: true });
}

async function send(start: URL, options: HttpRequestOptions): Promise<Response> {
  const { fetch, clock, provider, method = "GET", body, signal, followsRedirects = false } = options;
  const { accepts = (status: number): boolean => status >= 200 && status < 300 } = options;
  let url = start;
  for (let hop = 0;; hop++) {
    const response = await fetch(url.href, {
      method,
      headers: { "user-agent": "porthole", ...options.headers },
      ...(body !== undefined && { body }),
      redirect: "manual",
      signal,
    });
    const { status, headers } = response;
    if (accepts(status)) return response;
    await response.body?.cancel();
    if (!REDIRECTS.has(status) || !followsRedirects) {
      throw statusError(provider, response, { now: clock.date() });
    }
    const next = URL.parse(headers.get("location") ?? "", url);
    if (hop === MOST_REDIRECTS || next === null || !mayFollow(url, next)) {
      const reason = hop === MOST_REDIRECTS
        ? "too many redirects"
        : `status ${status}, a redirect to another place, which is not followed`;
      throw new PublishError(provider, reason, { isPermanent: true });
    }
    // What signs in at the first place does so at the next.
    next.username = url.username;
    next.password = url.password;
    url = next;
  }
}

/** The same server, or the same name going over to HTTPS. */
function mayFollow(from: URL, to: URL): boolean {
  if (from.hostname !== to.hostname) return false;
  if (from.protocol === to.protocol) return from.port === to.port;
  return from.protocol === "http:" && to.protocol === "https:";
}

async function readText({ body }: Response, mostBytes: number): Promise<string | undefined> {
  if (body === null) return "";
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.length;
    if (bytes > mostBytes) {
      await reader.cancel();
      return undefined;
    }
    text += decoder.decode(value, { stream: true });
  }
}

/** What the network said, without the URL, which Deno puts into its messages. */
function describe(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return errorMessage(cause).replace(/^.* for url \(\S*\): /, "").replace(/https?:\/\/\S+/g, "***");
}
