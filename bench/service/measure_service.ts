import { delay, systemClock } from "../../src/core/clock.ts";
import { type Figure, median } from "../figure.ts";
import { BenchWorld } from "./bench_world.ts";
import { configurationText } from "./configuration.ts";
import { type ProcessUsage, usageOf } from "./process_usage.ts";
import { type RequestRate, requestRate } from "./request_rate.ts";
import { nowMs, ServiceProcess } from "./service_process.ts";

const MANY = 500;
/** Warm runs; a first one fills the caches and does not count. */
const STARTS = { 1: 9, [MANY]: 5 } as const;
const SETTLE_MS = 30_000;
const REST_MS = 60_000;
const RELOADS = 7;
const RESTARTS = 5;
/** What another tunnel has to say about a reload it says within this time. */
const QUIET_MS = 3_000;
/** Within it hardly anything is mapped yet, so what is asked is what opening asks. */
const NOBODY_STIRRED = 0;

/**
 * `porthole run` with 500 tunnels (TCP and UDP half each) behind a NAT in user space, all on loopback: start-up,
 * memory, processor time, STUN requests, reload, restart of the NAT. Needs Linux, neither root nor network.
 *
 * @throws {Error} If something could not be measured.
 */
export async function measureService(signal: AbortSignal): Promise<Figure[]> {
  const folder = await Deno.makeTempDir({ prefix: "porthole-bench-" });
  try {
    return [
      ...await measureStarts(1, { folder, signal }),
      ...await measureStarts(MANY, { folder, signal }),
      ...await measureLife({ folder, signal }),
    ];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

interface Surroundings {
  /** For configurations and sockets. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

interface Start {
  readonly firstPacketMs: number;
  readonly firstMappedMs: number;
  readonly allMappedMs: number;
  readonly busiestSecond: number;
  readonly cpuMs: number;
  readonly stopMs: number;
}

async function measureStarts(count: 1 | typeof MANY, { folder, signal }: Surroundings): Promise<Figure[]> {
  await using world = await BenchWorld.start();
  const starts: Start[] = [];
  for (let run = 0; run <= STARTS[count]; run++) {
    starts.push(await startOnce(world, { count, folder, signal }));
  }
  starts.shift();
  const of = (field: keyof Start): number => median(starts.map((start) => start[field]));
  const name = (what: string): string => `${count} tunnel${count === 1 ? "" : "s"}: ${what}`;
  const times: Figure[] = [
    {
      name: name("process start to first STUN packet"),
      value: of("firstPacketMs"),
      unit: "ms",
      remark: `median of ${starts.length} warm runs, as the next ones`,
    },
    { name: name("process start to first mapped"), value: of("firstMappedMs"), unit: "ms" },
  ];
  if (count === 1) return times;
  return [
    ...times,
    {
      name: name("process start to all mapped"),
      value: of("allMappedMs"),
      unit: "ms",
      remark: `slowest ${Math.max(...starts.map(({ allMappedMs }) => allMappedMs)).toFixed(0)} ms`,
    },
    { name: name("CPU until all mapped"), value: of("cpuMs"), unit: "ms", remark: "user and system" },
    {
      name: name("STUN requests in the busiest second of opening"),
      value: of("busiestSecond"),
      unit: "requests",
    },
    { name: name("SIGTERM to the end"), value: of("stopMs"), unit: "ms" },
  ];
}

async function startOnce(
  world: BenchWorld,
  { count, folder, signal }: Surroundings & { readonly count: number },
): Promise<Start> {
  await using service = ServiceProcess.start(folder, {
    text: configurationText({ place: world.place, count }),
  });
  const { startedAtMs } = service;
  const mapped = await service.until("mapped", { count });
  const { cpuMs } = usageOf(service.pid);
  // The world tells of requests a little later.
  await delay(systemClock, 300, signal);
  const requests = world.stunTimes.filter((at) => at >= startedAtMs);
  const since = (at: number | undefined): number => (at ?? NaN) - startedAtMs;
  return {
    firstPacketMs: since(Math.min(...requests)),
    firstMappedMs: since(mapped[0]?.readAtMs),
    allMappedMs: since(mapped.at(-1)?.readAtMs),
    busiestSecond: requestRate(requests, { fromMs: startedAtMs, toMs: nowMs() }).busiestSecond,
    cpuMs,
    stopMs: await service.stop(),
  };
}

/** One process with 500 tunnels through everything, and one with a single tunnel beside it for comparison. */
async function measureLife({ folder, signal }: Surroundings): Promise<Figure[]> {
  await using worlds = new AsyncDisposableStack();
  const world = worlds.use(await BenchWorld.start());
  const loneWorld = worlds.use(await BenchWorld.start());
  const loneFolder = await Deno.makeTempDir({ dir: folder });
  await using lone = ServiceProcess.start(loneFolder, {
    text: configurationText({ place: loneWorld.place, count: 1 }),
  });
  await using service = ServiceProcess.start(folder, {
    text: configurationText({ place: world.place, count: MANY }),
  });
  await lone.until("mapped", { count: 1 });
  await service.until("mapped", { count: MANY });
  const rest = await measureRest({ world, service, lone }, signal);
  await lone.stop();
  return [
    ...rest,
    ...await measureReloads({ world, service }, signal),
    ...await measureRestarts({ world, service }, signal),
    { name: `${MANY} tunnels: RSS after all of it`, value: usageOf(service.pid).rssMb, unit: "MB" },
  ];
}

interface Running {
  readonly world: BenchWorld;
  readonly service: ServiceProcess;
}

async function measureRest(
  { world, service, lone }: Running & { readonly lone: ServiceProcess },
  signal: AbortSignal,
): Promise<Figure[]> {
  await delay(systemClock, SETTLE_MS, signal);
  const fromMs = nowMs();
  const before = [service, lone].map(({ pid }) => usageOf(pid));
  await delay(systemClock, REST_MS, signal);
  const toMs = nowMs();
  const after = [service, lone].map(({ pid }) => usageOf(pid));
  await delay(systemClock, 300, signal);
  const load = (which: 0 | 1): number =>
    ((after[which]?.cpuMs ?? NaN) - (before[which]?.cpuMs ?? NaN)) / (toMs - fromMs) * 100;
  return [
    ...memoryFigures(before),
    {
      name: `${MANY} tunnels: CPU at rest`,
      value: load(0),
      unit: "% of a core",
      remark: `over ${REST_MS / 1000} s; 1 tunnel: ${load(1).toFixed(2)} %`,
    },
    ...rateFigures(requestRate(world.stunTimes, { fromMs, toMs })),
  ];
}

function memoryFigures([many, lone]: readonly ProcessUsage[]): Figure[] {
  const [manyMb, loneMb] = [many?.rssMb ?? NaN, lone?.rssMb ?? NaN];
  return [
    { name: "1 tunnel: RSS", value: loneMb, unit: "MB", remark: `${SETTLE_MS / 1000} s after it was mapped` },
    { name: `${MANY} tunnels: RSS`, value: manyMb, unit: "MB", remark: "likewise" },
    {
      name: `${MANY} tunnels: RSS, each further tunnel`,
      value: (manyMb - loneMb) / (MANY - 1) * 1000,
      unit: "kB",
      aim: 60,
    },
  ];
}

function rateFigures({ perMinute, busiestSecond, meanSecond }: RequestRate): Figure[] {
  return [
    {
      name: `${MANY} tunnels: STUN requests at rest`,
      value: perMinute,
      unit: "per minute",
      remark: "UDP each 15 s, TCP each 60 s, the canary each 2 s",
    },
    {
      name: `${MANY} tunnels: STUN requests in the busiest second`,
      value: busiestSecond,
      unit: "requests",
      remark: `mean ${meanSecond.toFixed(1)}; independent ones would reach ${expectedBusiest(meanSecond)}`,
    },
  ];
}

/** What the busiest of a minute's seconds has at least with even odds if requests come independently (Poisson). */
function expectedBusiest(meanSecond: number): number {
  let probability = Math.exp(-meanSecond);
  let below = probability;
  for (let count = 1;; count++) {
    if (below ** (REST_MS / 1000) >= 0.5) return count - 1;
    probability *= meanSecond / count;
    below += probability;
  }
}

async function measureReloads({ world, service }: Running, signal: AbortSignal): Promise<Figure[]> {
  const elapsed: number[] = [];
  let stirred = NOBODY_STIRRED;
  for (let i = 0; i < RELOADS; i++) {
    const changed = Math.floor((i + 0.5) / RELOADS * MANY);
    const text = configurationText({ place: world.place, count: MANY, changed });
    // The tunnel that was changed before goes back, so that but one is touched it must have been so by then.
    if (i > 0) {
      await settle(service, { text: configurationText({ place: world.place, count: MANY }), signal });
    }
    const seen = service.events.length;
    const sinceMs = service.reload(text);
    const [mapped] = await service.until("mapped", { count: 1, sinceMs });
    elapsed.push((mapped?.readAtMs ?? NaN) - sinceMs);
    await delay(systemClock, QUIET_MS, signal);
    stirred += service.events.slice(seen).filter(({ name }) => name !== `t${changed}`).length;
  }
  return [
    {
      name: `reload of ${MANY} tunnels, one changed: SIGHUP to it mapped`,
      value: median(elapsed),
      unit: "ms",
      remark: `median of ${RELOADS}; slowest ${Math.max(...elapsed).toFixed(0)} ms`,
    },
    { name: "events of the other tunnels meanwhile", value: stirred, unit: "events", remark: "wanted: none" },
  ];
}

async function settle(
  service: ServiceProcess,
  { text, signal }: { readonly text: string; readonly signal: AbortSignal },
): Promise<void> {
  const sinceMs = service.reload(text);
  await service.until("mapped", { count: 1, sinceMs });
  await delay(systemClock, QUIET_MS, signal);
}

async function measureRestarts({ world, service }: Running, signal: AbortSignal): Promise<Figure[]> {
  const firsts: number[] = [];
  const lasts: number[] = [];
  const bursts: number[] = [];
  for (let i = 0; i < RESTARTS; i++) {
    // At any phase of the program's timers.
    await delay(systemClock, 4_000 + Math.random() * 4_000, signal);
    const sinceMs = await world.restartNat();
    const changed = await service.until("changed", { count: MANY, sinceMs });
    firsts.push((changed[0]?.readAtMs ?? NaN) - sinceMs);
    lasts.push((changed.at(-1)?.readAtMs ?? NaN) - sinceMs);
    await delay(systemClock, 1_000, signal);
    bursts.push(requestRate(world.stunTimes, { fromMs: sinceMs, toMs: nowMs() }).busiestSecond);
  }
  return [
    {
      name: `NAT restart with ${MANY} tunnels: to the first announced`,
      value: median(firsts) / 1000,
      unit: "s",
      remark: `median of ${RESTARTS}; the canary asks each 2 s`,
    },
    {
      name: `NAT restart with ${MANY} tunnels: to all announced`,
      value: median(lasts) / 1000,
      unit: "s",
      aim: 5,
      remark: "the aim is the issue's for 20",
    },
    {
      name: `NAT restart with ${MANY} tunnels: to all, slowest`,
      value: Math.max(...lasts) / 1000,
      unit: "s",
      aim: 5,
    },
    {
      name: `NAT restart with ${MANY} tunnels: STUN requests in the busiest second`,
      value: median(bursts),
      unit: "requests",
      remark: `${MANY} tunnels ask two servers each`,
    },
  ];
}
