import { delay, systemClock } from "../../src/core/clock.ts";
import { type Figure, median } from "../figure.ts";
import { BenchWorld, REPORT_DELAY_MS } from "./bench_world.ts";
import { configurationText } from "./configuration.ts";
import { type ProcessUsage, usageOf } from "./process_usage.ts";
import { type RequestRate, requestRate } from "./request_rate.ts";
import { nowMs, ServiceProcess } from "./service_process.ts";

const SETTLE_MS = 30_000;
const REST_MS = 60_000;
const RELOADS = 7;
const RESTARTS = 5;
/** What another tunnel has to say about a reload it says within this time. */
const QUIET_MS = 3_000;

/** Options for {@linkcode measureLife}. */
export interface LifeOptions {
  /** Tunnels. */
  readonly count: number;
  /** For configurations and sockets. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

interface Running {
  readonly count: number;
  readonly world: BenchWorld;
  readonly service: ServiceProcess;
  readonly signal: AbortSignal;
}

/** One process through everything: rest, with a process of a single tunnel beside it, reloads, restarts of the NAT. */
export async function measureLife({ count, folder, signal }: LifeOptions): Promise<Figure[]> {
  await using worlds = new AsyncDisposableStack();
  const world = worlds.use(await BenchWorld.start());
  const loneWorld = worlds.use(await BenchWorld.start());
  const loneFolder = await Deno.makeTempDir({ dir: folder });
  await using lone = ServiceProcess.start(loneFolder, {
    text: configurationText({ place: loneWorld.place, count: 1 }),
  });
  await using service = ServiceProcess.start(folder, {
    text: configurationText({ place: world.place, count }),
  });
  await lone.until("mapped", { count: 1 });
  await service.until("mapped", { count });
  const running = { count, world, service, signal };
  const rest = await measureRest(running, lone);
  await lone.stop();
  return [
    ...rest,
    ...await measureReloads(running),
    ...await measureRestarts(running),
    {
      name: `${count} tunnels: RSS after all of it`,
      value: usageOf(service.pid).rssMb,
      unit: "MB",
      remark: `${2 * RELOADS} reloads, ${RESTARTS} restarts of the NAT; garbage included`,
    },
  ];
}

async function measureRest(running: Running, lone: ServiceProcess): Promise<Figure[]> {
  const { count, world, service, signal } = running;
  await delay(systemClock, SETTLE_MS, signal);
  const fromMs = nowMs();
  const before = [service, lone].map(({ pid }) => usageOf(pid));
  await delay(systemClock, REST_MS, signal);
  const toMs = nowMs();
  const after = [service, lone].map(({ pid }) => usageOf(pid));
  await delay(systemClock, REPORT_DELAY_MS, signal);
  const load = (which: 0 | 1): number =>
    ((after[which]?.cpuMs ?? NaN) - (before[which]?.cpuMs ?? NaN)) / (toMs - fromMs) * 100;
  return [
    ...memoryFigures(count, before),
    {
      name: `${count} tunnels: CPU at rest`,
      value: load(0),
      unit: "% of a core",
      remark: `over ${REST_MS / 1000} s; 1 tunnel: ${load(1).toFixed(2)} %`,
    },
    ...rateFigures(count, requestRate(world.requests, { fromMs, toMs })),
  ];
}

function memoryFigures(count: number, [many, lone]: readonly ProcessUsage[]): Figure[] {
  const [manyMb, loneMb] = [many?.rssMb ?? NaN, lone?.rssMb ?? NaN];
  return [
    {
      name: "1 tunnel: RSS",
      value: loneMb,
      unit: "MB",
      aim: 90,
      remark: `${SETTLE_MS / 1000} s after it was mapped`,
    },
    { name: `${count} tunnels: RSS`, value: manyMb, unit: "MB", remark: "likewise" },
    {
      name: `${count} tunnels: RSS, each further tunnel`,
      value: (manyMb - loneMb) / (count - 1) * 1000,
      unit: "kB",
      aim: 60,
      remark: "the aim is that of a mapping",
    },
  ];
}

function rateFigures(count: number, rate: RequestRate): Figure[] {
  return [
    {
      name: `${count} tunnels: STUN requests at rest`,
      value: rate.perMinute,
      unit: "per minute",
      remark: "UDP each 15 s, TCP each 60 s, the canary each 2 s",
    },
    {
      name: `${count} tunnels: of them in the busiest second`,
      value: rate.busiestSecond,
      unit: "requests",
      remark: `${(rate.busiestSecond / rate.meanSecond).toFixed(2)} × the mean of ${
        rate.meanSecond.toFixed(1)
      }`,
    },
    {
      name: `${count} tunnels: of them at the busiest of five servers`,
      value: rate.busiestServer,
      unit: "per minute",
    },
  ];
}

async function measureReloads({ count, world: { place }, service, signal }: Running): Promise<Figure[]> {
  const elapsed: number[] = [];
  let stirred = 0;
  for (let i = 0; i < RELOADS; i++) {
    const changed = Math.floor((i + 0.5) / RELOADS * count);
    // There and back, so that each reload touches but this one.
    for (const text of [{ place, count, changed }, { place, count }].map(configurationText)) {
      const seen = service.events.length;
      const sinceMs = service.reload(text);
      const [mapped] = await service.until("mapped", { count: 1, sinceMs });
      elapsed.push((mapped?.readAtMs ?? NaN) - sinceMs);
      await delay(systemClock, QUIET_MS, signal);
      stirred += service.events.slice(seen).filter(({ name }) => name !== `t${changed}`).length;
    }
  }
  return [
    {
      name: `reload of ${count} tunnels, one changed: SIGHUP to it mapped`,
      value: median(elapsed),
      unit: "ms",
      remark: `median of ${elapsed.length}; slowest ${Math.max(...elapsed).toFixed(0)} ms`,
    },
    {
      name: `reload of ${count} tunnels, one changed: events of the others`,
      value: stirred,
      unit: "events",
      remark: "0 is wanted",
    },
  ];
}

async function measureRestarts({ count, world, service, signal }: Running): Promise<Figure[]> {
  const firsts: number[] = [];
  const lasts: number[] = [];
  const bursts: number[] = [];
  for (let i = 0; i < RESTARTS; i++) {
    // At any phase of the program's timers.
    await delay(systemClock, 4_000 + Math.random() * 4_000, signal);
    const sinceMs = await world.restartNat();
    const changed = await service.until("changed", { count, sinceMs });
    firsts.push((changed[0]?.readAtMs ?? NaN) - sinceMs);
    lasts.push((changed.at(-1)?.readAtMs ?? NaN) - sinceMs);
    await delay(systemClock, 1_000, signal);
    bursts.push(requestRate(world.requests, { fromMs: sinceMs, toMs: nowMs() }).busiestSecond);
  }
  const named = (what: string): string => `NAT restart with ${count} tunnels: ${what}`;
  return [
    {
      name: named("to the first announced"),
      value: median(firsts) / 1000,
      unit: "s",
      remark: `median of ${RESTARTS}, as the next; one of many was about to ask anyway`,
    },
    {
      name: named("to all announced"),
      value: median(lasts) / 1000,
      unit: "s",
      aim: 5,
      remark: "the aim is the issue's for 20; the canary asks each 2 s",
    },
    { name: named("to all announced, slowest"), value: Math.max(...lasts) / 1000, unit: "s", aim: 5 },
    { name: named("STUN requests in the busiest second"), value: median(bursts), unit: "requests" },
  ];
}
