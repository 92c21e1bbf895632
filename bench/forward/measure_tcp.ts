import { delay, systemClock } from "../../src/core/clock.ts";
import type { Sample } from "./metrics.ts";
import type { BenchPlan } from "./plan.ts";
import type { Rig } from "./rig.ts";
import type { RunningSubject } from "./running_subject.ts";

const GIGABYTE = 1e9;
/** 2 Gb/s: a good access line, far from what the machine can do. */
const PACED_BYTES_PER_SECOND = 250e6;
const CONCURRENCY = 16;
/** A round trip that takes longer has starved. */
const STARVATION_US = 1e6;

const SHAPES = [
  { streams: 1, direction: "up", gbps: "gbpsUp1", cpu: "cpuUp1" },
  { streams: 1, direction: "down", gbps: "gbpsDown1", cpu: "cpuDown1" },
  { streams: 8, direction: "up", gbps: "gbpsUp8", cpu: "cpuUp8" },
  { streams: 8, direction: "down", gbps: "gbpsDown8", cpu: "cpuDown8" },
] as const;

/** Lets the subject's code be compiled and its buffers grow. */
export async function warmUp({ bulk }: Rig, { ports }: RunningSubject, plan: BenchPlan): Promise<void> {
  const durationMs = plan.warmUpMs / 4;
  await bulk.run("blast", { port: ports.bulk, streams: 1, direction: "up", durationMs });
  await bulk.run("blast", { port: ports.bulk, streams: 4, direction: "down", durationMs });
  await bulk.run("storm", { port: ports.ping, concurrency: CONCURRENCY, durationMs: durationMs * 2 });
}

/** Throughput and CPU of bulk, new connections, round trips alone and beside bulk. */
export async function measureTcp(rig: Rig, subject: RunningSubject, plan: BenchPlan): Promise<Sample> {
  return {
    ...await measureBulk(rig, subject, plan),
    ...await measureConnections(rig, subject, plan),
    ...await measureRoundTrips(rig, subject, plan),
  };
}

async function measureBulk({ bulk }: Rig, { ports, tree }: RunningSubject, plan: BenchPlan): Promise<Sample> {
  const sample: Sample = {};
  for (const { streams, direction, gbps, cpu } of SHAPES) {
    const before = tree.cpuSeconds();
    const options = { port: ports.bulk, streams, direction, durationMs: plan.bulkMs };
    const { bytes, elapsedMs } = await bulk.run("blast", options);
    sample[gbps] = bytes * 8 / elapsedMs / 1e6;
    sample[cpu] = (tree.cpuSeconds() - before) / bytes * GIGABYTE;
  }
  return sample;
}

async function measureConnections(
  { bulk }: Rig,
  { ports, tree }: RunningSubject,
  plan: BenchPlan,
): Promise<Sample> {
  const before = tree.cpuSeconds();
  const { connections, failures, elapsedMs } = await bulk.run("storm", {
    port: ports.ping,
    concurrency: CONCURRENCY,
    durationMs: plan.stormMs,
  });
  if (failures > connections / 1000) throw new Error(`Cannot count connections: ${failures} failed`);
  return {
    connectionsPerSecond: connections / elapsedMs * 1000,
    cpuPerConnectionUs: (tree.cpuSeconds() - before) / connections * 1e6,
  };
}

async function measureRoundTrips(
  { bulk, ping }: Rig,
  { ports }: RunningSubject,
  plan: BenchPlan,
): Promise<Sample> {
  const alone = await ping.run("ping", { port: ports.ping, durationMs: plan.pingMs });
  const background = { port: ports.bulk, direction: "up", durationMs: plan.busyPingMs + 300 } as const;
  const beside = { port: ports.ping, durationMs: plan.busyPingMs };
  const [, paced] = await Promise.all([
    bulk.run("blast", { ...background, streams: 1, bytesPerSecond: PACED_BYTES_PER_SECOND }),
    ping.run("ping", beside),
  ]);
  const [flood, saturated] = await Promise.all([
    bulk.run("blast", { ...background, streams: 4 }),
    ping.run("ping", beside),
  ]);
  return {
    pingP50Us: alone.p50Us,
    pingP99Us: alone.p99Us,
    pacedP50Us: paced.p50Us,
    pacedP99Us: paced.p99Us,
    saturatedP50Us: saturated.p50Us,
    saturatedP99Us: saturated.p99Us,
    saturatedMaxUs: saturated.maxUs,
    saturatedGbps: flood.bytes * 8 / flood.elapsedMs / 1e6,
  };
}

/** Whether a sample shows starvation: a round trip of more than a second beside bulk. */
export function hasStarved(sample: Sample): boolean {
  return (sample.saturatedMaxUs ?? 0) > STARVATION_US;
}

/** Long enough for whoever gives memory back that opening the connections took. */
const IDLE_MS = 35_000;

/** Memory and descriptors of connections that have done nothing for half a minute. */
export async function measureIdle(rig: Rig, { ports, tree }: RunningSubject, count: number): Promise<Sample> {
  const before = tree.descriptors();
  try {
    const held = await rig.bulk.run("hold", { port: ports.ping, count });
    await delay(systemClock, IDLE_MS);
    return {
      idleRssMebibytes: tree.rssMebibytes(),
      idleDescriptors: (tree.descriptors() - before) / held,
    };
  } finally {
    await rig.bulk.run("release", {});
  }
}
