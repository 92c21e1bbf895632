import { delay, systemClock } from "../../src/core/clock.ts";
import type { Sample } from "./metrics.ts";
import { type BenchPlan, LADDER } from "./plan.ts";
import type { Rig } from "./rig.ts";
import type { RunningSubject } from "./running_subject.ts";

const PACED_PER_SECOND = 50_000;
/** More lost than this is loss; a stray interrupt may cost a few. */
const LOSS_LIMIT = 0.001;
/** A generator that reaches less than this share of a rate has not offered it. */
const OFFER_LIMIT = 0.97;

interface Delivery {
  readonly sent: number;
  readonly sentPerSecond: number;
  readonly delivered: number;
  readonly deliveredPerSecond: number;
  readonly cpuUs: number;
}

/** CPU per datagram and the highest rate without loss, for small and for large datagrams, one flow. */
export async function measureUdp(
  rig: Rig,
  subject: RunningSubject,
  options: { readonly plan: BenchPlan; readonly signal: AbortSignal },
): Promise<Sample> {
  const { plan, signal } = options;
  await rig.ping.run("countDatagrams", { targetPort: rig.control });
  const deliver = (bytes: number, durationMs: number, perSecond?: number): Promise<Delivery> =>
    deliverDatagrams(rig, subject, { bytes, durationMs, perSecond, signal });
  await deliver(1200, plan.warmUpMs / 2, PACED_PER_SECOND);
  const small = await deliver(64, plan.datagramMs, PACED_PER_SECOND);
  const smallFlood = await deliver(64, plan.datagramMs);
  const large = await deliver(1200, plan.datagramMs, PACED_PER_SECOND);
  const largeFlood = await deliver(1200, plan.datagramMs);
  return {
    udp64CpuUs: small.cpuUs,
    udp64FloodCpuUs: smallFlood.cpuUs,
    udp64FloodKpps: smallFlood.deliveredPerSecond / 1000,
    udp64LosslessKpps: await climb((rate) => deliver(64, plan.ladderMs, rate)),
    udp1200CpuUs: large.cpuUs,
    udp1200FloodCpuUs: largeFlood.cpuUs,
    udp1200FloodKpps: largeFlood.deliveredPerSecond / 1000,
    udp1200LosslessKpps: await climb((rate) => deliver(1200, plan.ladderMs, rate)),
  };
}

/** Goes up the ladder until a rate loses datagrams twice. @returns kpps of the last rate that did not; 0 if none. */
async function climb(deliver: (perSecond: number) => Promise<Delivery>): Promise<number> {
  let reached = 0;
  for (const rate of LADDER) {
    if (await isLossless(deliver, rate) || await isLossless(deliver, rate)) reached = rate;
    else break;
  }
  return reached / 1000;
}

async function isLossless(deliver: (perSecond: number) => Promise<Delivery>, rate: number): Promise<boolean> {
  const { sent, delivered, sentPerSecond } = await deliver(rate);
  return delivered >= sent * (1 - LOSS_LIMIT) && sentPerSecond >= rate * OFFER_LIMIT;
}

async function deliverDatagrams(
  { ping, bulk, control }: Rig,
  { ports, tree }: RunningSubject,
  load: { bytes: number; durationMs: number; perSecond: number | undefined; signal: AbortSignal },
): Promise<Delivery> {
  const { bytes, durationMs, perSecond, signal } = load;
  await ping.run("counts", { targetPort: control });
  const before = tree.cpuSeconds();
  const { sent, elapsedMs } = await bulk.run("sendDatagrams", {
    port: ports.udp,
    bytes,
    durationMs,
    ...(perSecond === undefined ? {} : { perSecond }),
  });
  // What is still queued gets there within this.
  await delay(systemClock, 60, signal);
  const { datagrams: delivered } = await ping.run("counts", { targetPort: control });
  const cpuUs = (tree.cpuSeconds() - before) / delivered * 1e6;
  const second = elapsedMs / 1000;
  return { sent, delivered, sentPerSecond: sent / second, deliveredPerSecond: delivered / second, cpuUs };
}
