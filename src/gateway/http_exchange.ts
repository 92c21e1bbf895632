import { openDeadline } from "../core/deadline.ts";
import { errorMessage, TimeoutError } from "../core/errors.ts";
import { GatewayError } from "./errors.ts";
import type { GatewayUrl } from "./gateway_url.ts";
import { type HttpAnswer, HttpAnswerError, HttpAnswerReader } from "./http_answer.ts";
import type { RouterLink } from "./mapper.ts";

/** Options for {@linkcode requestFromRouter}. */
export interface RouterRequestOptions {
  readonly url: GatewayUrl;
  /** With a body it is a POST. */
  readonly body?: string | undefined;
  /** Further headers. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal: AbortSignal;
}

/** Weak routers take their time; nobody waits longer. */
const LIMIT_MS = 4_000;

/**
 * One HTTP request to a router, on a connection of its own from the link's address. Redirects are not followed.
 *
 * @throws {GatewayError} `silent` if it cannot be reached or does not answer within 4 s, `malformed` if it does not
 *   speak HTTP.
 * @throws `signal.reason`, unchanged, if aborted.
 */
export async function requestFromRouter(
  link: RouterLink,
  options: RouterRequestOptions,
): Promise<HttpAnswer> {
  const { platform: { net, clock }, router, local, device, mark } = link;
  const { url, signal } = options;
  signal.throwIfAborted();
  const reader = new HttpAnswerReader();
  const outcome = Promise.withResolvers<HttpAnswer>();
  outcome.promise.catch(() => {});
  const take = (read: () => HttpAnswer | undefined): void => {
    try {
      const answer = read();
      if (answer !== undefined) outcome.resolve(answer);
    } catch (error) {
      outcome.reject(error);
    }
  };
  using deadline = openDeadline(LIMIT_MS, { clock, signal });
  const stop = (): void => outcome.reject(deadline.signal.reason);
  deadline.signal.addEventListener("abort", stop, { once: true });
  try {
    using connection = await net.connectStream({
      local: { address: local, port: 0 },
      remote: { address: router, port: url.port },
      ...{ device, mark, signal: deadline.signal },
      onData: (data) => take(() => reader.push(data)),
      // A connection that breaks after the last byte has told everything all the same.
      onEnd: (error) => take(() => error === undefined ? reader.end() : endOrThrow(reader, error)),
    });
    connection.write(new TextEncoder().encode(encodeRequest(router, options)));
    return await outcome.promise;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const isMalformed = error instanceof HttpAnswerError;
    const reason = error instanceof TimeoutError ? "no answer" : errorMessage(error);
    throw new GatewayError(reason, {
      ...{ fault: isMalformed ? "malformed" : "silent", router, way: "upnp", cause: error },
    });
  }
}

function endOrThrow(reader: HttpAnswerReader, error: Error): HttpAnswer {
  try {
    return reader.end();
  } catch {
    // Why the connection broke says more than that the answer is incomplete.
    throw error;
  }
}

function encodeRequest(router: string, { url, body, headers = {} }: RouterRequestOptions): string {
  const length = body === undefined ? {} : { "Content-Length": new TextEncoder().encode(body).length };
  const all = { Host: `${router}:${url.port}`, ...headers, ...length, "Connection": "close" };
  return [
    `${body === undefined ? "GET" : "POST"} ${url.path} HTTP/1.1`,
    ...Object.entries(all).map(([name, value]) => `${name}: ${value}`),
    "",
    body ?? "",
  ].join("\r\n");
}
