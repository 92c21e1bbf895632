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

/** The tunnel waits for them. */
const WITNESS_LIMIT_MS = 1_500;
/** A NAT with two addresses shows each to half of the servers: one witness would always side with somebody. */
const MAX_WITNESSES = 3;

/**
 * Asks which external endpoint `internal` has. Where two servers differ others decide: if all of them say what one
 * of the two said, the other one lied or is behind a proxy, and rests; a NAT with address-dependent mapping, or a
 * pool of addresses, makes the witnesses differ too.
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
  const odd = await findOddOne(options, [first, second]);
  const other = odd === first ? second : first;
  if (odd === undefined) return { first: first.reflexive, second: second.reflexive };
  platform.log.warn("A STUN server contradicts all others and is not believed", {
    name,
    server: formatEndpoint(odd.server),
    said: formatEndpoint(odd.reflexive),
    others: formatEndpoint(other.reflexive),
  });
  servers.distrust(odd.server);
  return { first: other.reflexive, second: other.reflexive };
}

/** Which of two whom all further witnesses contradict; `undefined` if these differ too, or there are none. */
async function findOddOne(
  options: AskStunOptions,
  pair: readonly [BindingResult, BindingResult],
): Promise<BindingResult | undefined> {
  const asked = pair.map(({ server }) => server.address);
  let odd: BindingResult | undefined;
  for (let i = 0; i < MAX_WITNESSES; i++) {
    const witness = await askWitness(options, asked);
    if (witness === undefined) break;
    asked.push(witness.server.address);
    const agreeing = pair.find(({ reflexive }) => isSameEndpoint(reflexive, witness.reflexive));
    if (agreeing === undefined || agreeing === odd) return undefined;
    odd = agreeing === pair[0] ? pair[1] : pair[0];
  }
  return odd;
}

async function askWitness(
  options: AskStunOptions,
  avoid: readonly string[],
): Promise<BindingResult | undefined> {
  try {
    const how = { ...lookUpOptions(options), opinions: 1, avoid, timeoutMs: WITNESS_LIMIT_MS } as const;
    return (await lookUpReflexive(how)).first;
  } catch (error) {
    if (options.signal.aborted) throw error;
    options.platform.log.debug("No further STUN server decides", { reason: errorMessage(error) });
    return undefined;
  }
}

function lookUpOptions(options: AskStunOptions): Parameters<typeof lookUpReflexive>[0] {
  const { platform, protocol, servers, internal, device, mark, opinions, signal } = options;
  return { platform, protocol, servers, local: internal, device, mark, opinions, signal };
}
