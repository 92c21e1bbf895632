import { orAborted } from "../../core/aborting.ts";
import { openDeadline } from "../../core/deadline.ts";
import { concatBytes, u16 } from "../../dns/byte_text.ts";
import type { ExchangeOptions } from "./exchange_udp.ts";

/** Of one exchange, connecting included. */
const LIMIT_MS = 10_000;
/** One is the answer; a server that sends others before it is not one of DNS. */
const MOST_MESSAGES = 4;

/**
 * Sends a message over a TCP connection of its own, its length before it (RFC 1035, section 4.2.2; RFC 7766), and waits
 * for the answer, 10 s at most; what `read` does not take is passed over.
 *
 * @throws {TimeoutError} If no answer came in time.
 * @throws {Error} With the kernel's `code`, if the server cannot be reached; one that says so, if it closed the
 *   connection.
 * @throws `signal.reason`, unchanged, if aborted.
 */
export async function exchangeTcp<T>(request: Uint8Array, options: ExchangeOptions<T>): Promise<T> {
  const { net, clock, remote, read, signal } = options;
  using deadline = openDeadline(LIMIT_MS, { clock, signal });
  const answer = Promise.withResolvers<T>();
  // Nobody waits for it before the connection stands.
  answer.promise.catch(() => {});
  const frames = new Frames();
  let reading: Promise<void> = Promise.resolve();
  const take = async (frame: Uint8Array): Promise<void> => {
    try {
      const found = await read(frame);
      if (found !== undefined) answer.resolve(found);
    } catch (error) {
      answer.reject(error);
    }
  };
  using stream = await net.connectStream({
    remote,
    signal: deadline.signal,
    onData: (data) => {
      for (const frame of frames.push(data)) reading = reading.then(() => take(frame));
    },
    onEnd: (error) => {
      const ended = error ?? new Error("it closed the connection without an answer");
      reading = reading.then(() => answer.reject(ended));
    },
  });
  stream.write(concatBytes([u16(request.length), request]));
  try {
    return await orAborted(answer.promise, deadline.signal);
  } finally {
    // What came is read to its end, so that nothing is under way when the caller goes on.
    await reading;
  }
}

/** Cuts messages out of the stream; holds one unfinished message at most. */
class Frames {
  #rest: Uint8Array = new Uint8Array();
  #left = MOST_MESSAGES;

  push(data: Uint8Array): readonly Uint8Array[] {
    const found: Uint8Array[] = [];
    let bytes: Uint8Array = this.#left > 0 ? concatBytes([this.#rest, data]) : new Uint8Array();
    while (bytes.length >= 2 && this.#left > 0) {
      const end = 2 + ((bytes[0] ?? 0) << 8 | (bytes[1] ?? 0));
      if (bytes.length < end) break;
      found.push(bytes.slice(2, end));
      bytes = bytes.subarray(end);
      this.#left--;
    }
    this.#rest = bytes.slice();
    return found;
  }
}
