import { openDeadline } from "../core/deadline.ts";
import { type Endpoint, familyOf, unspecifiedAddress } from "../core/endpoint.ts";
import { errorCode, errorMessage, TimeoutError } from "../core/errors.ts";
import type { Protocol } from "../core/mapping.ts";
import type { Platform } from "../core/platform.ts";
import { ByteSearch, holdsBytes } from "./byte_search.ts";
import type { Finding } from "./evidence.ts";

/** Options for {@linkcode knock}. */
export interface KnockOptions {
  /** Network, clock and randomness. */
  readonly platform: Platform;
  /** Transport. */
  readonly protocol: Protocol;
  /** Local address; the port is a fresh one. @default {any} */
  readonly from?: string | undefined;
  /**
   * What is sent: over UDP three times at the most, 32 random bytes if absent; over TCP once the connection stands, and
   * only if something is expected back.
   */
  readonly send?: Uint8Array | undefined;
  /** Only an answer that holds this counts. @default {any answer over UDP, none needed over TCP} */
  readonly expect?: Uint8Array | undefined;
  /** Limit of the whole; over UDP 3 s are enough in any case. @default {5000} */
  readonly limitMs?: number | undefined;
  /** Ends the attempt. */
  readonly signal?: AbortSignal | undefined;
}

/** Three SYNs fit into it (RFC 6298: after 1 and 3 s). */
export const KNOCK_LIMIT_MS = 5_000;
/** Bytes of a datagram without contents of its own: as many as any service needs to ignore it. */
export const DATAGRAM_BYTES = 32;
/** One that was lost is made good; a fourth would be no surer. */
const SENDS_AT_MS: readonly number[] = [0, 500, 1_500];
const UDP_LIMIT_MS = 3_000;
/** What is expected stands at the beginning, or soon after a banner. */
const MOST_STREAM_BYTES = 1024;

/**
 * Tries to get in at an endpoint: by a TCP connection, which ends by RST, or by a datagram. Never says `no` for what
 * was only not seen: over UDP silence is `unknown` unless an answer was promised (`expect`).
 *
 * @throws `signal.reason`, unchanged, if aborted; nothing is left open. Every other trouble is a finding.
 */
export async function knock(endpoint: Endpoint, options: KnockOptions): Promise<Finding> {
  const { platform: { clock }, protocol, signal } = options;
  signal?.throwIfAborted();
  const start = clock.now();
  let finding: Finding;
  try {
    finding = await (protocol === "tcp" ? knockTcp(endpoint, options) : knockUdp(endpoint, options));
  } catch (error) {
    signal?.throwIfAborted();
    finding = judgeFailure(error);
  }
  signal?.throwIfAborted();
  return { ...finding, ms: clock.now() - start };
}

async function knockTcp(endpoint: Endpoint, options: KnockOptions): Promise<Finding> {
  const { platform: { net, clock }, from, send, expect, limitMs = KNOCK_LIMIT_MS, signal } = options;
  const search = expect === undefined ? undefined : new ByteSearch(expect, MOST_STREAM_BYTES);
  const end = Promise.withResolvers<"found" | "other">();
  using deadline = openDeadline(limitMs, { clock, signal });
  deadline.signal.addEventListener("abort", () => end.resolve("other"), { once: true });
  using connection = await net.connectStream({
    local: from === undefined ? undefined : { address: from, port: 0 },
    remote: endpoint,
    signal: deadline.signal,
    onData: (data) => {
      if (search?.take(data)) end.resolve("found");
      else if (search?.isOver) end.resolve("other");
    },
    onEnd: () => end.resolve("other"),
  });
  const { local } = connection;
  if (search === undefined) return { state: "yes", reason: "connected", from: local };
  if (send !== undefined) connection.write(send);
  return await end.promise === "found"
    ? { state: "yes", reason: "token", from: local }
    : { state: "unknown", reason: "other", from: local };
}

async function knockUdp(endpoint: Endpoint, options: KnockOptions): Promise<Finding> {
  const { platform: { net, clock, random }, from, expect, limitMs = KNOCK_LIMIT_MS, signal } = options;
  const { send = random.bytes(DATAGRAM_BYTES) } = options;
  const address = from ?? unspecifiedAddress(familyOf(endpoint.address));
  const end = Promise.withResolvers<Finding>();
  using stack = new DisposableStack();
  const deadline = stack.use(openDeadline(Math.min(limitMs, UDP_LIMIT_MS), { clock, signal }));
  const silence: Finding = expect === undefined
    ? { state: "unknown", reason: "silent" }
    : { state: "no", reason: "timeout" };
  deadline.signal.addEventListener("abort", () => end.resolve(silence), { once: true });
  const socket = stack.use(
    await net.openDatagram({
      local: { address, port: 0 },
      remote: endpoint,
      onDatagram: (data) => {
        if (expect === undefined) end.resolve({ state: "yes", reason: "answered" });
        else if (holdsBytes(data, expect)) end.resolve({ state: "yes", reason: "token" });
      },
      onError: (error) => end.resolve(judgeFailure(error)),
    }),
  );
  const sendOnce = (): void => {
    try {
      socket.send(send);
    } catch (error) {
      end.resolve(judgeFailure(error));
    }
  };
  for (const atMs of SENDS_AT_MS) stack.use(clock.schedule(atMs, sendOnce));
  return { ...await end.promise, from: socket.local };
}

const REFUSALS: Readonly<Record<string, Finding>> = {
  // Only what was accepted can be reset: a forwarder does so where its target refuses.
  ECONNRESET: { state: "yes", reason: "reset" },
  ECONNREFUSED: { state: "no", reason: "refused" },
  EHOSTUNREACH: { state: "no", reason: "unreachable" },
  ETIMEDOUT: { state: "no", reason: "timeout" },
};

/** What a refusal says about the endpoint; what only our own side met says nothing. */
function judgeFailure(error: unknown): Finding {
  if (error instanceof TimeoutError) return { state: "no", reason: "timeout" };
  const code = errorCode(error) ?? "";
  const known = Object.hasOwn(REFUSALS, code) ? REFUSALS[code] : undefined;
  if (known !== undefined) return { ...known, detail: code };
  return { state: "unknown", reason: "failed", detail: errorMessage(error) };
}
