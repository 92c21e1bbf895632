import { orAborted } from "../core/aborting.ts";
import { openDeadline } from "../core/deadline.ts";
import type { Endpoint } from "../core/endpoint.ts";
import { errorCode } from "../core/errors.ts";
import type { KnockFacts, KnockStage } from "./facts.ts";
import type { HeldTcp } from "./held_tcp.ts";
import { isStageable, type KnockCast, type Mapped, noteKnocks, openedBy } from "./knock_udp.ts";
import type { ProbeContext } from "./probe_context.ts";

/** How long a SYN that lets somebody in has to leave; it is not meant to be answered. */
const OPEN_MS = 200;
/** Long enough for the kernel's second SYN, which comes after 1 s. */
const KNOCK_MS = 1400;

/**
 * Knocks at our own external endpoints over TCP, all stages at once, each at a port of its own (nat1_traversal's "knock
 * first", with a third stage as control). Ends early when even a stranger got in.
 *
 * @throws `signal.reason` if aborted.
 */
export async function knockTcp(
  context: ProbeContext,
  options: { readonly cast: KnockCast<HeldTcp>; readonly signal: AbortSignal },
): Promise<KnockFacts> {
  const { cast, signal } = options;
  const { knocker } = cast;
  if (knocker === undefined) return { tried: [], arrived: [] };
  const stages = (["stranger", "address", "endpoint"] as const).flatMap((stage) => {
    const target = cast[stage];
    return target === undefined || !isStageable(stage, target, knocker) ? [] : [{ stage, target }];
  });
  const arrived = new Set<KnockStage>();
  const gotIn = new AbortController();
  const end = AbortSignal.any([signal, gotIn.signal]);
  await Promise.all(stages.map(async ({ stage, target }) => {
    const opened = openedBy(stage, target, knocker);
    try {
      if (opened !== undefined) await openFor(context, { from: target, to: opened, signal: end });
      // Only who was let in with its port has to come from there.
      const from = stage === "endpoint" ? knocker.held.local : { address: context.address, port: 0 };
      if (!await knockAt(context, { from, target, signal: end })) return;
      arrived.add(stage);
      if (stage === "stranger") gotIn.abort();
    } catch (error) {
      if (signal.aborted || !gotIn.signal.aborted) throw error;
    }
  }));
  return noteKnocks(context, { stages, arrived });
}

/** Sends one SYN, so that the NAT expects somebody; whatever comes of it. */
async function openFor(
  context: ProbeContext,
  options: { readonly from: Mapped<HeldTcp>; readonly to: Endpoint; readonly signal: AbortSignal },
): Promise<void> {
  const { platform: { net, clock }, device, mark } = context;
  const { from, to, signal } = options;
  using limit = openDeadline(OPEN_MS, { clock, signal });
  try {
    const connection = await net.connectStream({
      ...{ local: from.held.local, remote: to, device, mark, reusePort: true, signal: limit.signal },
      onData: () => {},
      onEnd: () => {},
    });
    connection.abort();
  } catch {
    // Silence and refusal are as good: the SYN has left.
  }
  signal.throwIfAborted();
}

/** Whether a connection brought the token. */
async function knockAt(
  context: ProbeContext,
  options: { readonly from: Endpoint; readonly target: Mapped<HeldTcp>; readonly signal: AbortSignal },
): Promise<boolean> {
  const { platform: { net, clock }, device, mark } = context;
  const { from, target, signal } = options;
  using limit = openDeadline(KNOCK_MS, { clock, signal });
  const arrived = target.held.arrival.then(() => true);
  try {
    using connection = await net.connectStream({
      ...{ local: from, remote: target.sighting.seen, device, mark, reusePort: true, signal: limit.signal },
      onData: () => {},
      onEnd: () => {},
    });
    connection.write(target.held.token);
    return await orAborted(arrived, limit.signal);
  } catch (error) {
    // Neither a refusal nor a code: that is our own mistake.
    if (errorCode(error) === undefined) throw error;
    signal.throwIfAborted();
    return false;
  }
}
