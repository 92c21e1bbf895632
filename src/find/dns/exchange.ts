import { orAborted } from "../../core/aborting.ts";
import { type Endpoint, familyOf, formatEndpoint, unspecifiedAddress } from "../../core/endpoint.ts";
import { errorMessage } from "../../core/errors.ts";
import type { Platform } from "../../core/platform.ts";
import { decodeHead, decodeMessage, type DnsMessage, encodeMessage } from "../../dns/message.ts";
import { DnsError } from "./dns_error.ts";
import { isAnswerTo } from "./query.ts";

/** What an exchange needs. */
export interface ExchangeOptions {
  /** Sockets, timers. */
  readonly platform: Platform;
  /** Ends it; its reason is thrown. */
  readonly signal: AbortSignal;
  /** `TXT example.com`, for messages. */
  readonly label: string;
}

/** A datagram may be lost; three in the time of one server. */
const RESEND_MS = 1000;
/** Length before a message over TCP (RFC 1035, section 4.2.2). */
const LENGTH_BYTES = 2;

/**
 * Sends a question and waits for its answer: over UDP, again every second, and over TCP if the answer did not fit
 * (RFC 1035, section 4.2; RFC 7766). What does not answer exactly this question is passed over.
 *
 * @throws {DnsError} With `unreachable` or `malformed`.
 * @throws `signal.reason` if aborted, which is also how time ends it.
 */
export async function exchange(
  query: DnsMessage,
  server: Endpoint,
  options: ExchangeOptions,
): Promise<DnsMessage> {
  const answer = await exchangeUdp(query, server, options);
  return answer.isTruncated ? await exchangeTcp(query, server, options) : answer;
}

async function exchangeUdp(
  query: DnsMessage,
  server: Endpoint,
  { platform, signal, label }: ExchangeOptions,
): Promise<DnsMessage> {
  const bytes = encodeMessage(query);
  const done = Promise.withResolvers<DnsMessage>();
  // Nobody may wait for it yet when it fails.
  done.promise.catch(() => {});
  using socket = await platform.net.openDatagram({
    local: { address: unspecifiedAddress(familyOf(server.address)), port: 0 },
    remote: server,
    onDatagram: (data) => {
      const answer = tryDecode(data) ?? tryDecodeCut(data);
      if (answer !== undefined && isAnswerTo(query, answer)) done.resolve(answer);
    },
    onError: (error) => done.reject(unreachable(label, server, error)),
  }).catch((error: unknown) => {
    throw unreachable(label, server, error);
  });
  using timers = new DisposableStack();
  const send = (): void => {
    try {
      socket.send(bytes);
    } catch (error) {
      return done.reject(unreachable(label, server, error));
    }
    timers.use(platform.clock.schedule(RESEND_MS, send));
  };
  send();
  return await orAborted(done.promise, signal);
}

async function exchangeTcp(
  query: DnsMessage,
  server: Endpoint,
  { platform, signal, label }: ExchangeOptions,
): Promise<DnsMessage> {
  const done = Promise.withResolvers<DnsMessage>();
  done.promise.catch(() => {});
  const reader = new FramedReader((message) => {
    const answer = tryDecode(message);
    if (answer !== undefined && isAnswerTo(query, answer)) return done.resolve(answer);
    const reason = `${formatEndpoint(server)} answered something else`;
    done.reject(new DnsError(label, { failure: "malformed", reason }));
  });
  using stream = await platform.net.connectStream({
    remote: server,
    signal,
    onData: (data) => reader.take(data),
    onEnd: (error) =>
      done.reject(unreachable(label, server, error ?? new Error("it closed before it had answered"))),
  }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw unreachable(label, server, error);
  });
  const bytes = encodeMessage(query);
  const framed = new Uint8Array(LENGTH_BYTES + bytes.length);
  new DataView(framed.buffer).setUint16(0, bytes.length);
  framed.set(bytes, LENGTH_BYTES);
  stream.write(framed);
  return await orAborted(done.promise, signal);
}

/** Puts the first message together; at most 64 KiB, since its length has two bytes. */
class FramedReader {
  readonly #onMessage: (message: Uint8Array) => void;
  #bytes: Uint8Array = new Uint8Array();
  #isDone = false;

  constructor(onMessage: (message: Uint8Array) => void) {
    this.#onMessage = onMessage;
  }

  take(data: Uint8Array): void {
    if (this.#isDone) return;
    const bytes = new Uint8Array(this.#bytes.length + data.length);
    bytes.set(this.#bytes);
    bytes.set(data, this.#bytes.length);
    this.#bytes = bytes;
    if (bytes.length < LENGTH_BYTES) return;
    const length = new DataView(bytes.buffer).getUint16(0);
    if (bytes.length < LENGTH_BYTES + length) return;
    this.#isDone = true;
    this.#onMessage(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length));
  }
}

function tryDecode(bytes: Uint8Array): DnsMessage | undefined {
  try {
    return decodeMessage(bytes);
  } catch {
    // Not DNS: noise from outside, like an answer to somebody else's question.
    return undefined;
  }
}

/** Of what did not fit and was cut off anywhere, that it was is all that counts: the rest comes over TCP. */
function tryDecodeCut(bytes: Uint8Array): DnsMessage | undefined {
  try {
    const head = decodeHead(bytes);
    return head.isTruncated ? head : undefined;
  } catch {
    // Not even that: noise.
    return undefined;
  }
}

function unreachable(label: string, server: Endpoint, error: unknown): DnsError {
  const reason = `no way to ${formatEndpoint(server)} (${errorMessage(error)})`;
  return new DnsError(label, { failure: "unreachable", reason }, { cause: error });
}
