import { type Endpoint, formatEndpoint } from "../core/endpoint.ts";
import { isUsableAlternate } from "../stun/binding.ts";
import type { Sighting } from "./facts.ts";
import { groupsOf, isFake, opinionsOf } from "./judge_mapping.ts";

/** What is known of asking for one mapping, at some moment. */
export interface AskingState {
  /** What servers saw, no address twice. */
  readonly sightings: readonly Sighting[];
  /** What alternate addresses saw. */
  readonly alternates: readonly Sighting[];
  /** Alternate endpoints that were asked. */
  readonly askedAlternates: readonly Endpoint[];
  /** Alternates that have neither answered nor failed. */
  readonly pendingAlternates: number;
  /** Servers that were asked. */
  readonly asked: number;
  /** Servers asked so lately that they may still answer soon. */
  readonly promising: number;
  /** The list has no more servers. */
  readonly isExhausted: boolean;
  /** Whether one more server that offers RFC 5780 is wanted now. */
  readonly wantsRfc5780: boolean;
  /** Whether one may still be wanted later. */
  readonly mayWantRfc5780: boolean;
}

/** What to do next. */
export interface AskingPlan {
  /** So many more servers of the list are to be asked. */
  readonly servers: number;
  /** These alternate endpoints are to be asked, too. */
  readonly alternates: readonly Endpoint[];
  /** There are enough opinions: servers that have not answered yet need not. */
  readonly isSatisfied: boolean;
  /** Nothing that may still come is worth waiting for. */
  readonly isDone: boolean;
}

/** Opinions that make a verdict: two may both be lying, or share a proxy. */
const OPINIONS = 3;
/** One more where they differ, to tell a liar from a NAT. */
const OPINIONS_IF_DIFFERENT = 4;
/** Servers asked at a time only to find one that offers RFC 5780. */
const SEARCH_WIDTH = 2;
/** Servers asked in all. */
export const ASKED_MAX = 10;

/**
 * Decides whom to ask next about the mapping of one socket: three servers at different addresses, a fourth where
 * they differ, others in place of silent ones, and both alternates of one server that has them (RFC 5780, section
 * 4.3). Pure.
 */
export function planAsking(state: AskingState): AskingPlan {
  const { sightings, asked, promising, isExhausted, pendingAlternates } = state;
  const opinions = opinionsOf(state).filter((one) => !isFake(one));
  const isTorn = groupsOf(opinions).length > 1;
  const missing = Math.max(0, (isTorn ? OPINIONS_IF_DIFFERENT : OPINIONS) - opinions.length);
  const capable = sightings.filter(hasUsableAlternate);
  const search = state.wantsRfc5780 || (isTorn && capable.length === 0) ? SEARCH_WIDTH : 0;
  const left = isExhausted ? 0 : ASKED_MAX - asked;
  const servers = Math.min(left, Math.max(0, Math.max(missing, search) - promising));
  const alternates = nextAlternates(state, capable);
  const isSatisfied = missing === 0 && search === 0;
  const isIdle = servers === 0 && promising === 0;
  const isBusy = alternates.length > 0 || pendingAlternates > 0 || (state.mayWantRfc5780 && left > 0);
  return { servers, alternates, isSatisfied, isDone: (isSatisfied || isIdle) && !isBusy };
}

/** Whether a server named an address that may be asked. */
export function hasUsableAlternate({ server, otherAddress }: Sighting): boolean {
  return otherAddress !== undefined && isUsableAlternate(server, otherAddress);
}

/** Two servers whose alternates are silent show that the others need not be tried. */
const ALTERNATES_MAX = 4;

/**
 * The endpoints at the alternate address of one server, with its own port and with the other; of another server if
 * that address was silent. What was asked already, perhaps as a server of the list, is not asked again.
 */
function nextAlternates(state: AskingState, capable: readonly Sighting[]): readonly Endpoint[] {
  const { alternates, askedAlternates, pendingAlternates, sightings } = state;
  if (alternates.length > 0 || pendingAlternates > 0 || askedAlternates.length >= ALTERNATES_MAX) return [];
  const taken = new Set([...sightings.map(({ server }) => server), ...askedAlternates].map(formatEndpoint));
  for (const { server, otherAddress } of capable) {
    if (otherAddress === undefined) continue;
    const { address, port } = otherAddress;
    const endpoints = [...new Set([server.port, port])].map((one) => ({ address, port: one }));
    const fresh = endpoints.filter((endpoint) => !taken.has(formatEndpoint(endpoint)));
    if (fresh.length > 0) return fresh;
  }
  return [];
}
