import type { Clock } from "../core/clock.ts";
import { openDeadline } from "../core/deadline.ts";
import { type Endpoint, formatEndpoint } from "../core/endpoint.ts";
import type { Net } from "../core/net.ts";

/** Options for {@linkcode fetchPage}. */
export interface FetchPageOptions {
  readonly net: Net;
  readonly clock: Clock;
  /** Address the visitor comes from. */
  readonly from: string;
  readonly to: Endpoint;
  /** For the whole exchange, in milliseconds. */
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

/** A page larger than this is none of ours. */
const PAGE_MAX_BYTES = 64 * 1024;

/**
 * Fetches a page as a person with curl would. The runtime's own `fetch` would obey the user's proxy settings,
 * and proxies do not know our loopback addresses.
 *
 * @returns The body of an answer with status 200.
 * @throws {Error} If the connection or the answer fails, with the kernel's `code` where there is one.
 * @throws {TimeoutError} If the limit is over.
 */
export async function fetchPage(options: FetchPageOptions): Promise<string> {
  const { net, clock, from, to, limitMs } = options;
  using deadline = openDeadline(limitMs, { clock, signal: options.signal });
  const ended = Promise.withResolvers<void>();
  const stop = (): void => ended.reject(deadline.signal.reason);
  deadline.signal.addEventListener("abort", stop, { once: true });
  ended.promise.catch(() => {}); // Awaited below, unless connecting fails first.
  const pieces: Uint8Array[] = [];
  let size = 0;
  using connection = await net.connectStream({
    local: { address: from, port: 0 },
    remote: to,
    signal: deadline.signal,
    onData: (data): void => {
      size += data.length;
      if (size > PAGE_MAX_BYTES) {
        ended.reject(new Error(`Cannot read the page: over ${PAGE_MAX_BYTES} bytes`));
      } else pieces.push(data.slice());
    },
    onEnd: (error): void => error ? ended.reject(error) : ended.resolve(),
  });
  // HTTP/1.0: the answer ends with the connection and is never cut into chunks.
  const lines = [
    "GET / HTTP/1.0",
    `Host: ${formatEndpoint(to)}`,
    "User-Agent: curl/8",
    "Accept: */*",
    "",
    "",
  ];
  connection.write(new TextEncoder().encode(lines.join("\r\n")));
  await ended.promise;
  return bodyOf(await new Blob(pieces as Uint8Array<ArrayBuffer>[]).text());
}

function bodyOf(answer: string): string {
  const [head = "", ...rest] = answer.split("\r\n\r\n");
  const statusLine = head.split("\r\n")[0] ?? "";
  if (!/^HTTP\/1\.[01] 200\b/.test(statusLine)) {
    throw new Error(`Cannot read the page: the answer is "${statusLine.slice(0, 80)}"`);
  }
  return rest.join("\r\n\r\n");
}
