import type { Clock } from "../core/clock.ts";
import { openDeadline } from "../core/deadline.ts";
import { errorMessage, TimeoutError } from "../core/errors.ts";
import type { Secret } from "../core/secret.ts";
import { PublishError } from "./publisher.ts";
import { retryAfterMs } from "./retry_after.ts";

/** HTTP as handed in; the global `fetch` is one. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** What {@linkcode postJson} needs. */
export interface PostOptions {
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** For messages. */
  readonly provider: string;
  readonly url: Secret;
  /** `Authorization: Bearer …`. */
  readonly token?: Secret | undefined;
  /** JSON text. */
  readonly body: string;
  readonly signal: AbortSignal;
}

/** What came back. */
export interface PostAnswer {
  readonly status: number;
  /** Its body as text; `undefined` if it is longer than anybody needs. */
  readonly text: string | undefined;
}

/** Of one request, redirects and body included. */
const LIMIT_MS = 15_000;
/** Nobody looks at more of an answer. */
const MOST_ANSWER_BYTES = 64 * 1024;
const MOST_REDIRECTS = 3;
/** All of them repeat the POST: a moved web hook still wants the body. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 307, 308]);
/** "Later" in the 4xx range. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);

/**
 * One POST of JSON with a limit of 15 s. A redirect is followed three times at most, to the same host only and never
 * from HTTPS to HTTP, because the body and the token are for that host alone.
 *
 * @returns The answer, if its status is 200 to 299.
 * @throws {PublishError} If there was no such answer; permanent where the URL, the token or a redirect is to blame.
 * @throws `signal.reason`, unchanged, if aborted.
 */
export async function postJson(options: PostOptions): Promise<PostAnswer> {
  const { clock, provider, signal } = options;
  signal.throwIfAborted();
  using deadline = openDeadline(LIMIT_MS, { clock, signal });
  try {
    const url = parseUrl(options);
    checkToken(options);
    const response = await send(url, { ...options, signal: deadline.signal });
    return { status: response.status, text: await readText(response) };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof PublishError) throw error;
    if (deadline.signal.aborted && deadline.signal.reason instanceof TimeoutError) {
      throw new PublishError(provider, `no answer within ${LIMIT_MS / 1000} s`);
    }
    throw new PublishError(provider, describe(error));
  }
}

function parseUrl({ provider, url }: PostOptions): URL {
  const parsed = URL.parse(url.reveal());
  if (parsed !== null && ["http:", "https:"].includes(parsed.protocol)) return parsed;
  throw new PublishError(provider, "the URL is no http or https URL", { isPermanent: true });
}

/** `fetch` would quote it. */
function checkToken({ provider, token }: PostOptions): void {
  if (token === undefined || /^[\x21-\x7e]+$/.test(token.reveal())) return;
  const reason = "the token is empty or has characters that HTTP cannot carry";
  throw new PublishError(provider, reason, { isPermanent: true });
}

async function send(start: URL, options: PostOptions): Promise<Response> {
  const { fetch, clock, provider, token, body, signal } = options;
  let url = start;
  for (let hop = 0;; hop++) {
    const response = await fetch(url.href, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "user-agent": "porthole",
        ...(token && { authorization: `Bearer ${token.reveal()}` }),
      },
      body,
      redirect: "manual",
      signal,
    });
    const { status, headers } = response;
    if (response.ok) return response;
    await response.body?.cancel();
    if (!REDIRECTS.has(status)) {
      const isPermanent = status < 500 && !PASSING.has(status);
      const wait = retryAfterMs(headers.get("retry-after"), clock.date());
      throw new PublishError(provider, `status ${status}`, { isPermanent, retryAfterMs: wait });
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

async function readText({ body }: Response): Promise<string | undefined> {
  if (body === null) return "";
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.length;
    if (bytes > MOST_ANSWER_BYTES) {
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
