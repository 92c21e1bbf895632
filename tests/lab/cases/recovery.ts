/** Something outside changes, and strangers get in again. */
import { CASE_PORT, HOST_ADDRESSES, STUN_ADDRESSES } from "../addresses.ts";
import { BOTH, type CaseContext, type LabCase, type Measure } from "../lab_case.ts";
import type { Porthole } from "../porthole.ts";
import { assertServed, RECOVERY_LIMIT_MS, secondsUntilServed } from "../visits.ts";
import { mapWithTestPage } from "./mapping.ts";

/** Long enough for the canary to know its NAT, short enough for the lab. */
const SETTLE_MS = 3000;

/**
 * Restarts the NAT and waits for the next visitor.
 *
 * @returns Seconds from the restart until a visitor was served at a new endpoint.
 */
export async function recoverFromRestart(context: CaseContext, porthole: Porthole): Promise<number> {
  const old = porthole.external;
  const since = performance.now();
  await context.lab.restartNat();
  const seconds = await secondsUntilServed(context, porthole, { since, isFresh: (to) => to !== old });
  const expected = context.lab.externalOf(CASE_PORT);
  if (porthole.external !== expected) throw porthole.failure(`announced is not ${expected}`);
  return seconds;
}

async function restart(context: CaseContext): Promise<Measure> {
  const porthole = await mapWithTestPage(context);
  await assertServed(context, porthole);
  await context.pause(SETTLE_MS);
  const seconds = await recoverFromRestart(context, porthole);
  return { seconds, note: "restart to visitor served" };
}

/** Nothing that STUN could tell changes; yet nobody gets in until something has gone out again. */
async function restartWithSamePorts(context: CaseContext): Promise<Measure> {
  const porthole = await mapWithTestPage(context);
  await context.pause(SETTLE_MS);
  const since = performance.now();
  await context.lab.restartNat({ keepsPorts: true });
  const seconds = await secondsUntilServed(context, porthole, { since, isFresh: () => true });
  return { seconds, note: "restart to visitor served" };
}

/** The canary may ask one server every 10 s only: the sentinel has to notice. */
async function restartWithOneServer(context: CaseContext): Promise<Measure> {
  const porthole = await mapWithTestPage(context, { stun: [STUN_ADDRESSES[2]] });
  await context.pause(SETTLE_MS);
  const seconds = await recoverFromRestart(context, porthole);
  return { seconds, note: "restart to visitor served" };
}

async function restartTwice(context: CaseContext): Promise<Measure> {
  const porthole = await mapWithTestPage(context);
  await context.pause(SETTLE_MS);
  const first = await recoverFromRestart(context, porthole);
  await context.pause(1000);
  const second = await recoverFromRestart(context, porthole);
  return { seconds: Math.max(first, second), note: "the slower of two, 1 s apart" };
}

async function addressChange(context: CaseContext): Promise<Measure> {
  const porthole = await mapWithTestPage(context);
  await context.pause(SETTLE_MS);
  const old = porthole.external;
  const since = performance.now();
  await context.lab.changeExternalAddress();
  const seconds = await secondsUntilServed(context, porthole, { since, isFresh: (to) => to !== old });
  if (porthole.external !== context.lab.externalOf(CASE_PORT)) {
    throw porthole.failure("wrong endpoint announced");
  }
  return { seconds, note: "change to visitor served" };
}

async function localAddressChange(context: CaseContext): Promise<Measure> {
  const porthole = await mapWithTestPage(context);
  await context.pause(SETTLE_MS);
  await context.lab.changeLocalAddress();
  const since = performance.now();
  const seconds = await secondsUntilServed(context, porthole, { since, isFresh: () => true });
  const internal = `${HOST_ADDRESSES[1]}:${CASE_PORT}`;
  await context.pause(1000);
  const event = porthole.events.findLast((event) => event.internal !== undefined);
  if (event?.internal !== internal) throw porthole.failure(`announced is not ${internal}`);
  return { seconds, note: "new lease to visitor served" };
}

async function linkDown(context: CaseContext): Promise<Measure> {
  const porthole = await mapWithTestPage(context);
  await context.pause(SETTLE_MS);
  await context.lab.setLinkDown();
  await context.pause(5000);
  // The carrier forgets meanwhile, as it does with a PPPoE session.
  await context.lab.restartNat();
  const old = porthole.external;
  await context.lab.setLinkUp();
  const since = performance.now();
  const seconds = await secondsUntilServed(context, porthole, { since, isFresh: (to) => to !== old });
  return { seconds, note: "link back to visitor served" };
}

async function linkFlaps(context: CaseContext): Promise<Measure> {
  const porthole = await mapWithTestPage(context);
  await context.pause(SETTLE_MS);
  await context.lab.setLinkDown();
  await context.pause(300);
  await context.lab.setLinkUp();
  const since = performance.now();
  const seconds = await secondsUntilServed(context, porthole, { since, isFresh: () => true });
  return { seconds, note: "link back to visitor served" };
}

async function startsWithoutLink(context: CaseContext): Promise<Measure> {
  await context.lab.setLinkDown();
  const porthole = context.start({ args: ["--test"] });
  await context.pause(4000);
  await context.lab.setLinkUp();
  const since = performance.now();
  await porthole.waitFor("mapped", RECOVERY_LIMIT_MS);
  const seconds = await secondsUntilServed(context, porthole, { since, isFresh: () => true });
  return { seconds, note: "link there to visitor served" };
}

/** Cases of this file. */
export const recovery: readonly LabCase[] = [
  { name: "NAT restart", run: restart },
  { name: "NAT restart, same ports again", run: restartWithSamePorts },
  { name: "NAT restart, one STUN server", run: restartWithOneServer },
  { name: "two NAT restarts", run: restartTwice },
  { name: "external address change", run: addressChange },
  { name: "local address change", run: localAddressChange },
  { name: "link down 5 s, NAT forgets, link up", run: linkDown },
  { name: "link flaps", run: linkFlaps },
  { name: "started without link", run: startsWithoutLink },
].map((entry) => ({ ...entry, profile: "full-cone", protocols: BOTH, expectedSeconds: 15 }));
