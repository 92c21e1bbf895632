import { type Endpoint, formatEndpoint, isSameEndpoint } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import type { Platform } from "../core/platform.ts";
import { lookUpReflexive } from "../stun/lookup.ts";
import type { BindingResult } from "../stun/request_binding.ts";
import type { StunServerList } from "../stun/server_list.ts";
import type { KeeperOptions } from "./options.ts";

/** Options for {@linkcode askStun}. */
export interface AskStunOptions
  extends Pick<KeeperOptions, "name" | "protocol" | "device" | "mark" | "isForced"> {
  readonly platform: Platform;
  readonly servers: StunServerList;
  readonly internal: Endpoint;
  /** The external endpoint announced last: an answer that says the same needs no second opinion. */
  readonly expected: Endpoint | undefined;
  /** How many servers to ask. */
  readonly opinions: 1 | 2;
  readonly signal: AbortSignal;
}

/** What two servers said; `second` is `undefined` where one was enough, or the only one. */
export interface StunOpinions {
  readonly first: Endpoint;
  readonly second?: Endpoint | undefined;
}

/** The tunnel waits for the arbiter. */
const ARBITER_LIMIT_MS = 1_500;

/**
 * Asks which external endpoint `internal` has. Where two servers differ a third one decides: if it says what one
 * of them said, the other lied or is behind a proxy, and rests; a NAT with address-dependent mapping shows each
 * of the three something else.
 *
 * @throws {NoStunServerError} If nobody answered.
 * @throws `signal.reason` if aborted.
 */
export async function askStun(options: AskStunOptions): Promise<StunOpinions> {
  const { platform, servers, expected, opinions, name, isForced } = options;
  const lookup = await lookUpReflexive(lookUpOptions(options));
  const { first } = lookup;
  const isNews = !isSameEndpoint(first.reflexive, expected);
  const second = opinions === 2 && isNews ? await lookup.second : undefined;
  platform.log.debug("STUN answered", {
    name,
    reflexive: formatEndpoint(first.reflexive),
    server: formatEndpoint(first.server),
    second: second && formatEndpoint(second.reflexive),
  });
  if (second === undefined || isForced || isSameEndpoint(first.reflexive, second.reflexive)) {
    return { first: first.reflexive, second: second?.reflexive };
  }
  const third = await askArbiter(options, [first, second]);
  for (const [odd, other] of [[first, second], [second, first]] as const) {
    if (third === undefined || !isSameEndpoint(third.reflexive, other.reflexive)) continue;
    platform.log.warn("A STUN server contradicts two others and is not believed", {
      name,
      server: formatEndpoint(odd.server),
      said: formatEndpoint(odd.reflexive),
      others: formatEndpoint(other.reflexive),
    });
    servers.distrust(odd.server);
    return { first: other.reflexive, second: third.reflexive };
  }
  return { first: first.reflexive, second: second.reflexive };
}

async function askArbiter(
  options: AskStunOptions,
  between: readonly [BindingResult, BindingResult],
): Promise<BindingResult | undefined> {
  const { signal, platform } = options;
  try {
    const lookup = await lookUpReflexive({
      ...lookUpOptions(options),
      opinions: 1,
      avoid: between.map(({ server }) => server.address),
      timeoutMs: ARBITER_LIMIT_MS,
    });
    return lookup.first;
  } catch (error) {
    if (signal.aborted) throw error;
    platform.log.debug("Nobody decides between two STUN servers", { reason: errorMessage(error) });
    return undefined;
  }
}

function lookUpOptions(options: AskStunOptions): Parameters<typeof lookUpReflexive>[0] {
  const { platform, protocol, servers, internal, device, mark, opinions, signal } = options;
  return { platform, protocol, servers, local: internal, device, mark, opinions, signal };
}
