import { type Clock, delay } from "../core/clock.ts";
import { openDeadline } from "../core/deadline.ts";
import { errorMessage } from "../core/errors.ts";
import type { Texts } from "../text/texts.ts";
import { UsageError } from "./usage_error.ts";
import { VERSION } from "./version.ts";

/** Options for {@linkcode sendPing}. */
export interface PingOptions {
  readonly isHealthy: boolean;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const TRIES = 3;
const LIMIT_MS = 10_000;
const PAUSE_MS = 1_000;

/**
 * Reads `--ping`.
 *
 * @throws {UsageError} Unless it is an http or https URL; what follows the host is not part of the message.
 */
export function parsePingUrl(text: string, { status }: Texts): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new UsageError(status.health.badPing(url === undefined ? `${text.slice(0, 8)}…` : maskUrl(url)));
}

/** Where the bad news goes: `/fail` after the path, the query kept. */
export function failUrlOf(url: URL): URL {
  const fail = new URL(url);
  fail.pathname = `${url.pathname.replace(/\/+$/, "")}/fail`;
  return fail;
}

/** Scheme and host; what follows is the key to the check, so it is never shown. */
export function maskUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname.length > 1 || url.search !== "" ? "/…" : ""}`;
}

/**
 * Tells a dead-man's switch: GET of the URL, or of its `/fail`; three tries of 10 s.
 *
 * @returns Why it could not be told, without the URL's secret parts; `undefined` if it was.
 * @throws `signal.reason`, unchanged.
 */
export async function sendPing(url: URL, options: PingOptions): Promise<string | undefined> {
  const { isHealthy, clock, signal } = options;
  const target = isHealthy ? url : failUrlOf(url);
  for (let tries = 1;; tries++) {
    const reason = await tryPing(target, options);
    signal.throwIfAborted();
    if (reason === undefined || tries === TRIES) return reason;
    await delay(clock, PAUSE_MS, signal);
  }
}

async function tryPing(target: URL, { fetch, clock, signal }: PingOptions): Promise<string | undefined> {
  using deadline = openDeadline(LIMIT_MS, { clock, signal });
  try {
    const response = await fetch(target, {
      signal: deadline.signal,
      headers: { "user-agent": `porthole/${VERSION}` },
    });
    await response.body?.cancel();
    return response.ok ? undefined : `HTTP status ${response.status}`;
  } catch (error) {
    return maskParts(errorMessage(deadline.signal.aborted ? deadline.signal.reason : error), target);
  }
}

/** Errors of fetch quote the URL, and after a redirect another one with the same parts. */
function maskParts(message: string, url: URL): string {
  const parts = [
    url.href,
    ...url.pathname.split("/"),
    ...url.searchParams.values(),
    url.username,
    url.password,
  ];
  let masked = message;
  for (const part of parts) {
    for (const spelling of [part, decoded(part)]) {
      if (spelling.length > 3 && spelling !== "fail") masked = masked.replaceAll(spelling, "…");
    }
  }
  return masked;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone percent sign is itself.
    return text;
  }
}
