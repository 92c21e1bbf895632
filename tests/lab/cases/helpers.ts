/** STUN servers and keep-alive hosts die, misbehave and come back: the mapping has to stay as it is. */
import { KEEP_ALIVE, STUN_ADDRESSES } from "../addresses.ts";
import { BOTH, type CaseContext, type LabCase, type Measure } from "../lab_case.ts";
import { assertServed, assertServedThroughout } from "../visits.ts";
import { mapWithTestPage } from "./mapping.ts";
import { recoverFromRestart } from "./recovery.ts";

/** Beyond the lifetime of these cases' NAT, so that keep-alives into the void have to do. */
const OUTAGE_MS = 28_000;
const LIFETIME_SECONDS = 20;
/** By then, resting servers have been tried again (they rest with growing pauses). */
const RETURN_MS = 12_000;

const NOTE = "NAT restart afterwards to visitor served";

async function staysWhileSilent(context: CaseContext, addresses: readonly string[]): Promise<Measure> {
  const porthole = await mapWithTestPage(context);
  await assertServed(context, porthole);
  await context.lab.silence(addresses);
  await assertServedThroughout(context, porthole, OUTAGE_MS);
  await context.lab.revive(addresses);
  await context.pause(RETURN_MS);
  return { seconds: await recoverFromRestart(context, porthole), note: NOTE };
}

async function allButOneStun(context: CaseContext): Promise<Measure> {
  const porthole = await mapWithTestPage(context);
  await context.lab.silence(STUN_ADDRESSES.slice(1));
  await assertServedThroughout(context, porthole, OUTAGE_MS);
  // Noticed with the one server that is left, too.
  return { seconds: await recoverFromRestart(context, porthole), note: NOTE };
}

async function staysWhileRefused(context: CaseContext): Promise<Measure> {
  const porthole = await mapWithTestPage(context);
  const { servers } = context.lab;
  await Promise.all([servers.stopStun(), servers.stopHttp()]);
  await assertServedThroughout(context, porthole, OUTAGE_MS);
  servers.startStun();
  servers.startHttp();
  await servers.waitUntilListening();
  await context.pause(RETURN_MS);
  return { seconds: await recoverFromRestart(context, porthole), note: NOTE };
}

async function staysWithHosts(context: CaseContext, keepAlive: readonly string[]): Promise<Measure> {
  const porthole = await mapWithTestPage(context, { keepAlive });
  await assertServedThroughout(context, porthole, OUTAGE_MS);
  return { seconds: await recoverFromRestart(context, porthole), note: NOTE };
}

const COMMON = { profile: "full-cone", lifetimeSeconds: LIFETIME_SECONDS, expectedSeconds: 45 } as const;

/** Cases of this file. */
export const helpers: readonly LabCase[] = [
  { ...COMMON, name: "all STUN servers but one die", protocols: BOTH, run: allButOneStun },
  {
    ...COMMON,
    name: "all STUN servers die and come back",
    protocols: BOTH,
    run: (context) => staysWhileSilent(context, STUN_ADDRESSES),
  },
  {
    ...COMMON,
    name: "keep-alive hosts die and come back",
    protocols: ["tcp"],
    run: (context) => staysWhileSilent(context, KEEP_ALIVE.steady),
  },
  {
    ...COMMON,
    name: "all servers die and come back",
    protocols: ["tcp"],
    run: (context) => staysWhileSilent(context, [...STUN_ADDRESSES, ...KEEP_ALIVE.steady]),
  },
  {
    ...COMMON,
    name: "all servers refuse and come back",
    protocols: BOTH,
    run: staysWhileRefused,
  },
  ...(["closing", "impatient", "erring"] as const).map((manner): LabCase => ({
    ...COMMON,
    name: {
      closing: "keep-alive hosts close after each answer",
      impatient: "keep-alive hosts close after 5 s",
      erring: "keep-alive hosts answer 503 and 400",
    }[manner],
    protocols: ["tcp"],
    run: (context) => staysWithHosts(context, KEEP_ALIVE[manner]),
  })),
];
