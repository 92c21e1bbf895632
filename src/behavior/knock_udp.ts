import { delay } from "../core/clock.ts";
import type { Endpoint } from "../core/endpoint.ts";
import type { KnockFacts, KnockStage, Sighting } from "./facts.ts";
import type { HeldUdp } from "./held_udp.ts";
import { createToken } from "./knock_token.ts";
import type { ProbeContext } from "./probe_context.ts";

/** A socket with its external endpoint. */
export interface Mapped<Socket> {
  /** The socket. */
  readonly held: Socket;
  /** What a server saw of it. */
  readonly sighting: Sighting;
}

/** Who is knocked at, by stage, and who knocks. */
export interface KnockCast<Socket> {
  /** Never sends anything but its question to the server. */
  readonly stranger?: Mapped<Socket> | undefined;
  /** Lets the knocker's address in. */
  readonly address?: Mapped<Socket> | undefined;
  /** Lets the knocker's endpoint in. */
  readonly endpoint?: Mapped<Socket> | undefined;
  /** Knocks. */
  readonly knocker?: Mapped<Socket> | undefined;
}

/** When to let in and to knock, in milliseconds: again in case that the first was lost or came before it was let in. */
const OPEN_AT_MS: readonly number[] = [0, 200];
const KNOCK_AT_MS: readonly number[] = [0, 200, 400];
/** How long a knock may take from us to us. */
const STAGE_MS = 800;

/**
 * Knocks at our own external endpoints over UDP, all stages at once, each at a socket of its own, so that what one let
 * in says nothing about another. Ends early when even a stranger got in.
 *
 * Nothing is sent to anybody else: who shall let the external address in sends to its own external endpoint.
 *
 * @throws `signal.reason` if aborted.
 */
export async function knockUdp(
  context: ProbeContext,
  options: { readonly cast: KnockCast<HeldUdp>; readonly signal: AbortSignal },
): Promise<KnockFacts> {
  const { cast, signal } = options;
  const { platform: { clock, random } } = context;
  const { knocker } = cast;
  if (knocker === undefined) return { tried: [], arrived: [] };
  const stages = (["stranger", "address", "endpoint"] as const).flatMap((stage) => {
    const target = cast[stage];
    return target === undefined || !isStageable(stage, target, knocker) ? [] : [{ stage, target }];
  });
  const arrived = new Set<KnockStage>();
  const gotIn = new AbortController();
  for (const { stage, target } of stages) {
    target.held.arrival.then(() => {
      arrived.add(stage);
      if (stage === "stranger") gotIn.abort();
    });
  }
  const end = AbortSignal.any([signal, gotIn.signal]);
  try {
    let nowMs = 0;
    for (const atMs of KNOCK_AT_MS) {
      await delay(clock, atMs - nowMs, end);
      nowMs = atMs;
      for (const { stage, target } of stages) {
        const opened = openedBy(stage, target, knocker);
        if (opened !== undefined && OPEN_AT_MS.includes(atMs)) target.held.send(createToken(random), opened);
        knocker.held.send(target.held.token, target.sighting.seen);
      }
    }
    await delay(clock, STAGE_MS - nowMs, end);
  } catch (error) {
    if (!gotIn.signal.aborted || signal.aborted) throw error;
  }
  return noteKnocks(context, { stages, arrived });
}

/** An address can only be let in without its port where both sockets have the same. */
export function isStageable(stage: KnockStage, target: Mapped<unknown>, knocker: Mapped<unknown>): boolean {
  return stage !== "address" || target.sighting.seen.address === knocker.sighting.seen.address;
}

/** Where a socket sends to let the knocker in. */
export function openedBy(
  stage: KnockStage,
  target: Mapped<unknown>,
  knocker: Mapped<unknown>,
): Endpoint | undefined {
  if (stage === "stranger") return undefined;
  return stage === "address" ? target.sighting.seen : knocker.sighting.seen;
}

/** Takes notes of what came of the stages. */
export function noteKnocks(
  context: ProbeContext,
  options: {
    readonly stages: readonly { readonly stage: KnockStage; readonly target: Mapped<unknown> }[];
    readonly arrived: ReadonlySet<KnockStage>;
  },
): KnockFacts {
  const { stages, arrived } = options;
  for (const { stage, target: { sighting } } of stages) {
    context.note({
      purpose: "hairpin",
      asked: sighting.seen,
      local: sighting.local,
      outcome: arrived.has(stage) ? "arrived" : "silent",
      note: `knock of ${stage === "stranger" ? "a stranger" : `somebody whose ${stage} was let in`}`,
    });
  }
  // A stranger who got in ends it before the others had their time.
  const tried = arrived.has("stranger") ? [...arrived] : stages.map(({ stage }) => stage);
  return { tried, arrived: [...arrived] };
}
