import type { Endpoint } from "../../../core/endpoint.ts";
import type { Platform } from "../../../core/platform.ts";
import type { ReachState } from "../../../reach/evidence.ts";
import { knock } from "../../../reach/knock.ts";
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
const WORDS: Readonly<Record<ReachState, PortState>> = { yes: "OPEN", no: "CLOSED", unknown: "UNKNOWN" };

/**
 * Tries a TCP port by connecting to it, within one second.
 *
 * @returns UNKNOWN where our own side could not even try.
 * @throws `signal.reason` if aborted.
 */
export async function checkPort(endpoint: Endpoint, options: CheckPortOptions): Promise<PortState> {
  const { platform, from, signal } = options;
  const finding = await knock(endpoint, { platform, protocol: "tcp", from, limitMs: LIMIT_MS, signal });
  const { state, reason, detail } = finding;
  if (state !== "yes") platform.log.debug("Port check failed", { endpoint, reason: detail ?? reason });
  return WORDS[state];
}
