import { openDeadline } from "../../core/deadline.ts";
import { errorMessage, TimeoutError } from "../../core/errors.ts";
import type { Platform } from "../../core/platform.ts";
import { decodeMessage, type DnsMessage, encodeMessage } from "../../dns/message.ts";
import type { RecordType } from "../../dns/record_data.ts";
import { DnsError, noSuchName } from "./dns_error.ts";
import { type DnsAnswer, type DnsSource, MOST_ALIASES } from "./dns_source.ts";
import { isAnswerTo, queryMessage, questionFor } from "./query.ts";
import { readAnswer } from "./read_answer.ts";

/** `fetch`, as far as it is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Options for {@linkcode DohDns}. */
export interface DohDnsOptions {
  /** Timers. */
  readonly platform: Pick<Platform, "clock">;
  /** As in `https://1.1.1.1/dns-query`. */
  readonly url: string;
  /** @default {fetch} */
  readonly fetch?: Fetch;
}

/** A handshake and an exchange over a slow line. */
const LIMIT_MS = 5000;
const MEDIA_TYPE = "application/dns-message";
/** No DNS message is longer. */
const MOST_BYTES = 65_535;

/**
 * Asks over HTTPS (RFC 8484, POST): nothing between here and the server can put other addresses into the answer, which
 * transparent proxies with "fake IP" do to every plain question.
 */
export class DohDns implements DnsSource {
  readonly #platform: Pick<Platform, "clock">;
  readonly #url: string;
  readonly #fetch: Fetch;

  /** Opens nothing. */
  constructor(options: DohDnsOptions) {
    this.#platform = options.platform;
    this.#url = options.url;
    this.#fetch = options.fetch ?? ((url, init): Promise<Response> => fetch(url, init));
  }

  async ask(name: string, type: RecordType, signal: AbortSignal): Promise<DnsAnswer> {
    const label = `${type} ${name}`;
    using deadline = openDeadline(LIMIT_MS, { clock: this.#platform.clock, signal });
    let owner = name;
    let ttlSeconds = Infinity;
    try {
      for (let hops = 0; hops <= MOST_ALIASES; hops++) {
        const message = await this.#exchange(owner, type, deadline.signal);
        const reading = readAnswer(message, owner, type);
        if (reading.kind === "no-name") throw noSuchName(label);
        if (reading.kind === "failed") throw this.#failed(label, "server", `answered ${reading.rcode}`);
        ttlSeconds = Math.min(ttlSeconds, reading.ttlSeconds);
        if (reading.kind === "records") {
          return { records: reading.records, ttlSeconds, isAuthoritative: message.isAuthoritative };
        }
        owner = reading.target;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof DnsError) throw error;
      if (error instanceof TimeoutError || deadline.signal.aborted) {
        throw this.#failed(label, "timeout", `gave no answer within ${LIMIT_MS / 1000} s`);
      }
      throw this.#failed(label, "unreachable", `cannot be asked (${lastReason(error)})`);
    }
    throw this.#failed(label, "malformed", `names more than ${MOST_ALIASES} aliases`);
  }

  /** HTTP has no way past the resolver's cache. */
  fresh(): DnsSource {
    return this;
  }

  async #exchange(name: string, type: RecordType, signal: AbortSignal): Promise<DnsMessage> {
    const label = `${type} ${name}`;
    // ID 0 lets caches do their work (RFC 8484, section 4.1); TLS does what it is for elsewhere.
    const query = queryMessage(0, questionFor(name, type), { recursionDesired: true });
    const response = await this.#fetch(this.#url, {
      method: "POST",
      headers: { "content-type": MEDIA_TYPE, "accept": MEDIA_TYPE },
      body: encodeMessage(query),
      redirect: "error",
      signal,
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw this.#failed(label, "server", `answered with status ${response.status}`);
    }
    if (!response.headers.get("content-type")?.toLowerCase().startsWith(MEDIA_TYPE)) {
      await response.body?.cancel();
      throw this.#failed(label, "malformed", "speaks no DNS over HTTPS (RFC 8484)");
    }
    const answer = decodeOr(await readUpTo(response, MOST_BYTES));
    if (answer === undefined || !isAnswerTo(query, answer)) {
      throw this.#failed(label, "malformed", "answered something else");
    }
    return answer;
  }

  #failed(label: string, failure: DnsError["failure"], words: string): DnsError {
    return new DnsError(label, { failure, reason: `${new URL(this.#url).host} ${words}` });
  }
}

/** The runtime says "fetch failed", and behind it what it was about, the URL included; what happened stands last. */
function lastReason(error: unknown): string {
  const { cause } = error instanceof Error ? error : {};
  return errorMessage(cause ?? error).split(": ").at(-1) ?? "";
}

/** The body; `undefined` if it is longer than any message. */
async function readUpTo(response: Response, mostBytes: number): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > mostBytes) return undefined; // leaving the loop cancels the body
    parts.push(part);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function decodeOr(bytes: Uint8Array | undefined): DnsMessage | undefined {
  try {
    return bytes && decodeMessage(bytes);
  } catch {
    // Not DNS, whatever its media type says.
    return undefined;
  }
}
