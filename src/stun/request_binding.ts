import { openDeadline } from "../core/deadline.ts";
import { type Endpoint, familyOf, unspecifiedAddress } from "../core/endpoint.ts";
import { errorCode, TimeoutError } from "../core/errors.ts";
import type { Protocol } from "../core/mapping.ts";
import type { BindOptions } from "../core/net.ts";
import type { Platform } from "../core/platform.ts";
import type { BindingAnswer } from "./binding.ts";
import { StunDecodeError, StunErrorResponse, StunStreamError, StunTimeoutError } from "./errors.ts";
import { StunFramer } from "./framer.ts";
import { planRetransmission } from "./retransmission.ts";
import { type Acceptance, BindingTransactions } from "./transactions.ts";

/** A successful Binding exchange. */
export interface BindingResult extends BindingAnswer {
  /** The endpoint the request was sent from. */
  readonly local: Endpoint;
  /** The endpoint that was asked. */
  readonly server: Endpoint;
  /** From the first request to the answer, in milliseconds; connecting does not count. */
  readonly rttMs: number;
}

/** Options for {@linkcode requestBinding}. */
export interface RequestBindingOptions extends BindOptions {
  /** Network, clock and randomness. */
  readonly platform: Platform;
  /** Transport to ask over. */
  readonly protocol: Protocol;
  /** Whom to ask. */
  readonly server: Endpoint;
  /** Where to ask from; port 0 takes any. @default {any address, any port} */
  readonly local?: Endpoint | undefined;
  /** First wait of the UDP retransmission. @default {500} */
  readonly rtoMs?: number | undefined;
  /** UDP requests in all. @default {7} */
  readonly maxSends?: number | undefined;
  /**
   * Limit of the whole exchange, connecting included. Over UDP it ends at the latest when RFC 8489 section 6.2.1
   * says so: after 39.5 s with the defaults. @default {5000 over TCP, Infinity over UDP}
   */
  readonly timeoutMs?: number | undefined;
  /** Ends the exchange. */
  readonly signal?: AbortSignal | undefined;
}

/** RFC 8489 allows 39.5 s over TCP; a mapping cannot wait that long for one server out of many. */
const TCP_TIMEOUT_MS = 5000;

/**
 * Asks one STUN server once, on a socket of its own that is closed afterwards (TCP: by RST, so that the same
 * pair of endpoints can be used again at once).
 *
 * Over UDP the socket is connected, so it takes nothing from those sharing the port; requests are repeated, and whatever is not the answer is ignored. Over TCP a stream that is not STUN
 * ends the exchange.
 *
 * @throws {StunTimeoutError} If no answer came in time.
 * @throws {StunErrorResponse} If the server refused.
 * @throws {StunStreamError} If the server closed the TCP connection or does not speak STUN.
 * @throws {Error} With the kernel's code, as ECONNREFUSED, if binding, connecting or sending was refused.
 * @throws `signal.reason`, unchanged, if aborted; nothing is left open.
 */
export async function requestBinding(options: RequestBindingOptions): Promise<BindingResult> {
  options.signal?.throwIfAborted();
  const exchange = new Exchange(options);
  const limitMs = options.protocol === "tcp"
    ? options.timeoutMs ?? TCP_TIMEOUT_MS
    : Math.min(options.timeoutMs ?? Infinity, exchange.giveUpAtMs);
  using deadline = openDeadline(limitMs, { clock: options.platform.clock, signal: options.signal });
  try {
    return await (options.protocol === "tcp"
      ? askOverTcp(exchange, deadline.signal)
      : askOverUdp(exchange, deadline.signal));
  } catch (error) {
    if (!(error instanceof TimeoutError) || options.signal?.aborted) throw error;
    throw new StunTimeoutError(options.server, exchange.sends, { cause: exchange.lastError ?? error });
  }
}

/** What both transports share: one transaction and its outcome. */
class Exchange {
  readonly options: RequestBindingOptions;
  readonly request: Uint8Array;
  readonly sendAtMs: readonly number[];
  readonly giveUpAtMs: number;
  sends = 0;
  lastError: unknown;
  readonly #transactions: BindingTransactions;
  readonly #outcome: PromiseWithResolvers<BindingAnswer> = Promise.withResolvers();
  #sentAtMs = 0;

  constructor(options: RequestBindingOptions) {
    const { platform, server, rtoMs, maxSends } = options;
    const plan = planRetransmission({ rtoMs, maxSends });
    this.options = options;
    this.sendAtMs = plan.sendAtMs;
    this.giveUpAtMs = plan.giveUpAtMs;
    this.#transactions = new BindingTransactions({
      randomBytes: (length) => platform.random.bytes(length),
    });
    this.request = this.#transactions.open({ server, tag: undefined }).bytes;
    // The outcome may fail before anyone waits for it, while the socket is still being opened.
    this.#outcome.promise.catch(() => {});
  }

  /** The endpoint to bind, of the server's family. */
  get local(): Endpoint {
    const { local, server } = this.options;
    return local ?? { address: unspecifiedAddress(familyOf(server.address)), port: 0 };
  }

  /** Notes that the request left. */
  noteSend(): void {
    if (this.sends === 0) this.#sentAtMs = this.options.platform.clock.now();
    this.sends++;
  }

  fail(error: unknown): void {
    this.#outcome.reject(error);
  }

  /** Takes a whole message from the wire. */
  take(data: Uint8Array, from: Endpoint): Acceptance<undefined> {
    const accepted = this.#transactions.accept(data, from);
    if (accepted.kind === "answer") this.#outcome.resolve(accepted.answer);
    if (accepted.kind === "refusal") {
      const { status, reason } = accepted.error;
      this.fail(new StunErrorResponse(this.options.server, status, reason));
    }
    return accepted;
  }

  /** Waits for the answer. */
  async result(local: Endpoint, signal: AbortSignal): Promise<BindingResult> {
    const stop = (): void => this.fail(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    try {
      const answer = await this.#outcome.promise;
      const rttMs = this.options.platform.clock.now() - this.#sentAtMs;
      return { ...answer, local, server: this.options.server, rttMs };
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }
}

async function askOverUdp(exchange: Exchange, signal: AbortSignal): Promise<BindingResult> {
  const { platform, server, device, mark, reusePort } = exchange.options;
  using socket = await platform.net.openDatagram({
    local: exchange.local,
    remote: server,
    device,
    mark,
    reusePort,
    onDatagram: (data, from) => void exchange.take(data, from),
    onError: (error) => {
      exchange.lastError = error;
      // Other ICMP messages (no route for a moment) pass; a closed port stays closed.
      if (errorCode(error) === "ECONNREFUSED") exchange.fail(error);
    },
  });
  using timers = new DisposableStack();
  function send(): void {
    exchange.noteSend();
    try {
      socket.send(exchange.request);
    } catch (error) {
      exchange.lastError = error;
      // EPERM is a firewall rule dropping this packet, which can be gone at the next one.
      if (errorCode(error) !== "EPERM") exchange.fail(error);
    }
  }
  if (!signal.aborted) {
    for (const [i, atMs] of exchange.sendAtMs.entries()) {
      if (i === 0) send();
      else timers.use(platform.clock.schedule(atMs, send));
    }
  }
  return await exchange.result(socket.local, signal);
}

async function askOverTcp(exchange: Exchange, signal: AbortSignal): Promise<BindingResult> {
  const { platform, server, device, mark, reusePort } = exchange.options;
  const framer = new StunFramer();
  using connection = await platform.net.connectStream({
    local: exchange.local,
    remote: server,
    device,
    mark,
    reusePort,
    signal,
    onData: (data) => takeStream(exchange, framer, data),
    onEnd: (error) => {
      const reason = error === undefined ? "it closed the connection" : "the connection broke";
      exchange.fail(new StunStreamError(server, reason, { cause: error }));
    },
  });
  exchange.noteSend();
  connection.write(exchange.request);
  return await exchange.result(connection.local, signal);
}

/** Over our own connection an answer that cannot be read will not become better by waiting. */
function takeStream(exchange: Exchange, framer: StunFramer, data: Uint8Array): void {
  const { server } = exchange.options;
  try {
    for (const message of framer.push(data)) {
      const accepted = exchange.take(message, server);
      if (accepted.kind === "dropped" && accepted.reason === "malformed") {
        exchange.fail(new StunStreamError(server, "its answer is malformed"));
      }
    }
  } catch (error) {
    if (!(error instanceof StunDecodeError)) throw error;
    exchange.fail(new StunStreamError(server, "it does not speak STUN", { cause: error }));
  }
}
