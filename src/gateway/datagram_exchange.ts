import { openDeadline } from "../core/deadline.ts";
import { errorCode, errorMessage, TimeoutError } from "../core/errors.ts";
import type { GatewayWay } from "../core/mapping.ts";
import { GatewayError } from "./errors.ts";
import type { RouterLink } from "./mapper.ts";
import { GATEWAY_PORT } from "./natpmp_message.ts";

/** Options for {@linkcode exchangeDatagrams}. */
export interface DatagramExchangeOptions<T> {
  readonly request: Uint8Array;
  /** For messages. */
  readonly way: GatewayWay;
  /** What a datagram of the router means; `undefined`: nothing to this request. */
  readonly read: (data: Uint8Array) => T | undefined;
  readonly signal: AbortSignal;
}

/** RFC 6886, section 3.1 starts with 250 ms and doubles; RFC 6887 is slower, but this is a wire in one house. */
const SEND_AT_MS = [0, 250, 750, 1_750] as const;
const LIMIT_MS = 3_000;

/**
 * Asks a router's NAT-PMP and PCP port until it answers. The socket is connected, so that nobody else's datagrams are
 * seen.
 *
 * @throws {GatewayError} `silent` after 3 s, or at once if the port is closed.
 * @throws `signal.reason`, unchanged, if aborted.
 */
export async function exchangeDatagrams<T>(
  link: RouterLink,
  { request, way, read, signal }: DatagramExchangeOptions<T>,
): Promise<T> {
  const { platform: { net, clock }, router, local, device, mark } = link;
  signal.throwIfAborted();
  const outcome = Promise.withResolvers<T>();
  // It may fail before anyone waits for it, while the socket is still being opened.
  outcome.promise.catch(() => {});
  const silent = (reason: string, cause?: unknown): GatewayError =>
    new GatewayError(reason, { fault: "silent", router, way, cause });
  const onError = (error: Error): void => {
    if (errorCode(error) === "ECONNREFUSED") outcome.reject(silent("it does not offer that", error));
  };
  using deadline = openDeadline(LIMIT_MS, { clock, signal });
  using timers = new DisposableStack();
  try {
    using socket = await net.openDatagram({
      local: { address: local, port: 0 },
      remote: { address: router, port: GATEWAY_PORT },
      ...{ device, mark, onError },
      onDatagram: (data) => {
        const answer = read(data);
        if (answer !== undefined) outcome.resolve(answer);
      },
    });
    const stop = (): void => outcome.reject(deadline.signal.reason);
    deadline.signal.addEventListener("abort", stop, { once: true });
    if (deadline.signal.aborted) stop();
    const send = (): void => {
      try {
        socket.send(request);
      } catch (error) {
        // Like a packet lost on the wire: the next one may pass.
        if (error instanceof Error) onError(error);
      }
    };
    for (const atMs of SEND_AT_MS) {
      if (atMs === 0) send();
      else timers.use(clock.schedule(atMs, send));
    }
    return await outcome.promise;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof GatewayError) throw error;
    throw silent(error instanceof TimeoutError ? "no answer" : errorMessage(error), error);
  }
}
