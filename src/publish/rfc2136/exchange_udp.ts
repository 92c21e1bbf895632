import { orAborted } from "../../core/aborting.ts";
import type { Clock } from "../../core/clock.ts";
import { openDeadline } from "../../core/deadline.ts";
import { type Endpoint, familyOf, unspecifiedAddress } from "../../core/endpoint.ts";
import { TimeoutError } from "../../core/errors.ts";
import type { Net } from "../../core/net.ts";

/** Options for {@linkcode exchangeUdp} and {@linkcode exchangeTcp}. */
export interface ExchangeOptions<T> {
  /** Sockets. */
  readonly net: Net;
  /** For pauses and limits. */
  readonly clock: Clock;
  /** The server. */
  readonly remote: Endpoint;
  /** Reads what came from there; `undefined` if it is not the answer. */
  readonly read: (answer: Uint8Array) => Promise<T | undefined>;
  /** Ends it; its reason is thrown. */
  readonly signal: AbortSignal;
}

/** How long to wait after each transmission: a lost datagram costs one second, a dead server seven. */
const PAUSES_MS: readonly number[] = [1000, 2000, 4000];
/** Nobody sends more than one or two at once who is not trying something. */
const MOST_WAITING = 16;

/**
 * Sends a message over UDP, three times at most, and waits for its answer. The socket is connected, so that only the
 * server itself can answer; what `read` does not take is passed over.
 *
 * @returns `undefined` if no answer came.
 * @throws {Error} With the kernel's `code`, if the server cannot be reached.
 * @throws `signal.reason`, unchanged, if aborted.
 */
export async function exchangeUdp<T>(
  request: Uint8Array,
  options: ExchangeOptions<T>,
): Promise<T | undefined> {
  const { net, clock, remote, read, signal } = options;
  const waiting: Uint8Array[] = [];
  let failure: Error | undefined;
  let wake = Promise.withResolvers<void>();
  using socket = await net.openDatagram({
    local: { address: unspecifiedAddress(familyOf(remote.address)), port: 0 },
    remote,
    onDatagram: (data) => {
      if (waiting.length < MOST_WAITING) waiting.push(data.slice());
      wake.resolve();
    },
    onError: (error) => {
      failure = error;
      wake.resolve();
    },
  });
  for (const pauseMs of PAUSES_MS) {
    signal.throwIfAborted();
    socket.send(request);
    using deadline = openDeadline(pauseMs, { clock, signal });
    while (!deadline.signal.aborted) {
      const next = waiting.shift();
      const answer = next && await read(next);
      if (answer !== undefined) return answer;
      if (next !== undefined) continue;
      if (failure !== undefined) throw failure;
      await untilWoken(wake.promise, deadline.signal);
      wake = Promise.withResolvers();
    }
  }
  signal.throwIfAborted();
  return undefined;
}

/** Ends as well when the time is up. */
async function untilWoken(wake: Promise<void>, signal: AbortSignal): Promise<void> {
  try {
    await orAborted(wake, signal);
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
  }
}
