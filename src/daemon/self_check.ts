import { delay } from "../core/clock.ts";
import { openDeadline } from "../core/deadline.ts";
import { type Endpoint, isSameEndpoint } from "../core/endpoint.ts";
import { errorCode, errorMessage } from "../core/errors.ts";
import type { Reachability } from "../core/mapping.ts";
import type { Platform } from "../core/platform.ts";
import type { TunnelPlan } from "../plan/tunnel_plan.ts";
import type { CheckTokens } from "./check_tokens.ts";
import type { FilteringMemory } from "./filtering_memory.ts";
import { CHECK_PREFIX } from "./serve_test.ts";

/** What {@linkcode selfCheck} looks at. */
export interface SelfCheckOptions {
  readonly plan: TunnelPlan;
  readonly platform: Platform;
  readonly tokens: CheckTokens;
  readonly internal: Endpoint;
  readonly external: Endpoint;
  readonly filtering: Pick<FilteringMemory, "look">;
}

/** Through the carrier and back: more than a round trip to any STUN server nearby. */
const CHECK_LIMIT_MS = 3_000;
/** A NAT may need a moment between making a mapping and turning traffic round. */
const RETRY_AFTER_MS = 1_000;
const TRIES = 2;
/** Between looks for a service that starts later: its start is told soon, and nobody notices the looking. */
const AWAIT_POLL_MS = 2_000;

/** The verdict's reason where no service was there to let anybody in. */
export const NOTHING_LISTENS = "nothing listens on the port yet";

type Attempt = "arrived" | "connected" | "refused" | "silent";

/**
 * Tries to come in through the external endpoint from this very host (hairpinning, RFC 4787, section 6). Claims
 * `reachable` only for what was seen to arrive; a NAT without hairpinning leaves it `unverified`.
 *
 * @returns `undefined` if the signal was aborted.
 */
export async function selfCheck(
  options: SelfCheckOptions,
  signal: AbortSignal,
): Promise<Reachability | undefined> {
  const { plan, platform, internal, external } = options;
  try {
    if (isSameEndpoint(internal, external)) {
      return { state: "unverified", reason: "no NAT: only a firewall can be in the way" };
    }
    if (plan.protocol === "udp" && !plan.servesTestPage) return await judgeUdpService(options, signal);
    let attempt: Attempt = "silent";
    for (let tried = 0; tried < TRIES; tried++) {
      if (tried > 0) await delay(platform.clock, RETRY_AFTER_MS, signal);
      attempt = plan.protocol === "tcp"
        ? await tryTcp(options, external, signal)
        : await tryUdp(options, signal);
      if (attempt === "arrived") {
        return { state: "reachable", evidence: "the test page was fetched through it" };
      }
      if (attempt === "connected" && !plan.servesTestPage) {
        return { state: "reachable", evidence: "a connection through it was accepted" };
      }
    }
    const isServed = plan.servesTestPage || await tryTcp(options, internal, signal) === "connected";
    if (!isServed) return { state: "unverified", reason: NOTHING_LISTENS };
    return { state: "unverified", reason: `no hairpinning${await udpNote(options, signal)}` };
  } catch (error) {
    if (signal.aborted) return undefined;
    return { state: "unverified", reason: errorMessage(error) };
  }
}

/**
 * Waits until a service on this host accepts a connection to the internal endpoint (TCP).
 *
 * @returns `false` if the signal was aborted before.
 */
export async function awaitService(options: SelfCheckOptions, signal: AbortSignal): Promise<boolean> {
  const { platform: { clock }, internal } = options;
  try {
    while (await tryTcp(options, internal, signal) !== "connected") await delay(clock, AWAIT_POLL_MS, signal);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}

/** Datagrams of ours would disturb the user's service, so it is judged by what the filtering probe saw. */
async function judgeUdpService(options: SelfCheckOptions, signal: AbortSignal): Promise<Reachability> {
  const note = await udpNote(options, signal);
  return { state: "unverified", reason: `the service on the port was left alone${note}` };
}

async function udpNote({ filtering, internal }: SelfCheckOptions, signal: AbortSignal): Promise<string> {
  const verdict = await filtering.look(internal.address, signal);
  return verdict.filtering === "unknown" ? "" : `; UDP filtering of this NAT is ${verdict.filtering}`;
}

async function tryTcp(options: SelfCheckOptions, remote: Endpoint, signal: AbortSignal): Promise<Attempt> {
  const { plan, platform, tokens, internal } = options;
  const token = tokens.issue();
  const ended = Promise.withResolvers<void>();
  using deadline = openDeadline(CHECK_LIMIT_MS, { clock: platform.clock, signal });
  const give = (): void => ended.resolve();
  deadline.signal.addEventListener("abort", give, { once: true });
  try {
    using connection = await platform.net.connectStream({
      local: { address: internal.address, port: 0 },
      remote,
      device: plan.device,
      mark: plan.mark,
      signal: deadline.signal,
      onData: give,
      onEnd: give,
    });
    if (!plan.servesTestPage) return "connected";
    connection.write(
      new TextEncoder().encode(
        `GET ${CHECK_PREFIX}${token} HTTP/1.1\r\nHost: porthole\r\nConnection: close\r\n\r\n`,
      ),
    );
    await ended.promise;
    return tokens.hasSeen(token) ? "arrived" : "connected";
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const code = errorCode(error);
    // A SYN is answered by refusal; only a connection that stood can be reset: a relay whose target is closed.
    if (code === "ECONNRESET") return "connected";
    return code === "ECONNREFUSED" ? "refused" : "silent";
  } finally {
    tokens.revoke(token);
  }
}

async function tryUdp(options: SelfCheckOptions, signal: AbortSignal): Promise<Attempt> {
  const { plan, platform, tokens, internal, external } = options;
  const token = tokens.issue();
  try {
    using socket = await platform.net.openDatagram({
      local: { address: internal.address, port: 0 },
      device: plan.device,
      mark: plan.mark,
      onDatagram: () => {},
    });
    for (let sent = 0; sent < 5; sent++) {
      socket.send(new TextEncoder().encode(CHECK_PREFIX + token), external);
      await delay(platform.clock, 50 * 2 ** sent, signal);
      if (tokens.hasSeen(token)) return "arrived";
    }
    return "silent";
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    platform.log.debug("Self-check failed", { code: errorCode(error) });
    return "silent";
  } finally {
    tokens.revoke(token);
  }
}
