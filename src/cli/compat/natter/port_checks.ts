import { openDeadline } from "../../../core/deadline.ts";
import type { Endpoint } from "../../../core/endpoint.ts";
import { errorCode, errorMessage, TimeoutError } from "../../../core/errors.ts";
import type { Platform } from "../../../core/platform.ts";
import type { PortState } from "./natter2_lines.ts";

/** Options for {@linkcode checkPort}. */
export interface CheckPortOptions {
  readonly platform: Platform;
  /** Address to connect from; the port is a fresh one. */
  readonly from: string;
  readonly signal: AbortSignal;
}

/** Natter's limit. */
const LIMIT_MS = 1_000;
/** What says that nobody is there, or that something in between keeps us out. */
const CLOSED: ReadonlySet<string> = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ETIMEDOUT"]);

/**
 * Tries a TCP port by connecting to it, within one second.
 *
 * @returns UNKNOWN where our own side could not even try.
 * @throws `signal.reason` if aborted.
 */
export async function checkPort(endpoint: Endpoint, options: CheckPortOptions): Promise<PortState> {
  const { platform, from, signal } = options;
  const { net, clock } = platform;
  using deadline = openDeadline(LIMIT_MS, { clock, signal });
  try {
    using _connection = await net.connectStream({
      local: { address: from, port: 0 },
      remote: endpoint,
      signal: deadline.signal,
      onData: () => {},
      onEnd: () => {},
    });
    return "OPEN";
  } catch (error) {
    signal.throwIfAborted();
    // Only what was accepted can be reset: a forwarder does so where its target refuses.
    if (errorCode(error) === "ECONNRESET") return "OPEN";
    platform.log.debug("Port check failed", { endpoint, reason: errorMessage(error) });
    return error instanceof TimeoutError || CLOSED.has(errorCode(error) ?? "") ? "CLOSED" : "UNKNOWN";
  }
}
