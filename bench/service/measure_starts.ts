import { delay, systemClock } from "../../src/core/clock.ts";
import { type Figure, median } from "../figure.ts";
import { BenchWorld, REPORT_DELAY_MS } from "./bench_world.ts";
import { configurationText } from "./configuration.ts";
import { usageOf } from "./process_usage.ts";
import { requestRate } from "./request_rate.ts";
import { nowMs, ServiceProcess } from "./service_process.ts";

/** Options for {@linkcode measureStarts}. */
export interface StartsOptions {
  /** Tunnels. */
  readonly count: number;
  /** Warm runs; a first one fills the caches and does not count. */
  readonly runs: number;
  /** For the configuration and the socket. */
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

/** How long `porthole run` takes from the start of the process. */
export async function measureStarts(options: StartsOptions): Promise<Figure[]> {
  const { count, runs } = options;
  await using world = await BenchWorld.start();
  const starts: Start[] = [];
  for (let run = 0; run <= runs; run++) starts.push(await startOnce(world, options));
  starts.shift();
  const of = (field: keyof Start): number => median(starts.map((start) => start[field]));
  const named = (what: string): string => `${count} tunnel${count === 1 ? "" : "s"}: ${what}`;
  const first: Figure[] = [
    {
      name: named("process start to first STUN packet"),
      value: of("firstPacketMs"),
      unit: "ms",
      aim: 250,
      remark: `median of ${runs} warm starts, as the next; the aim is that of open`,
    },
    { name: named("process start to first mapped"), value: of("firstMappedMs"), unit: "ms" },
  ];
  if (count === 1) return first;
  const slowest = Math.max(...starts.map(({ allMappedMs }) => allMappedMs));
  return [
    ...first,
    {
      name: named("process start to all mapped"),
      value: of("allMappedMs"),
      unit: "ms",
      remark: `slowest ${slowest.toFixed(0)} ms`,
    },
    { name: named("CPU until all mapped"), value: of("cpuMs"), unit: "ms", remark: "user and system" },
    {
      name: named("STUN requests in the busiest second of opening"),
      value: of("busiestSecond"),
      unit: "requests",
      remark: "two opinions on each tunnel",
    },
    { name: named("SIGTERM to the end"), value: of("stopMs"), unit: "ms" },
  ];
}

async function startOnce(world: BenchWorld, { count, folder, signal }: StartsOptions): Promise<Start> {
  await using service = ServiceProcess.start(folder, {
    text: configurationText({ place: world.place, count }),
  });
  const { startedAtMs } = service;
  const mapped = await service.until("mapped", { count });
  const { cpuMs } = usageOf(service.pid);
  await delay(systemClock, REPORT_DELAY_MS, signal);
  const requests = world.requests.filter(({ atMs }) => atMs >= startedAtMs);
  const since = (atMs: number | undefined): number => (atMs ?? NaN) - startedAtMs;
  return {
    firstPacketMs: since(requests[0]?.atMs),
    firstMappedMs: since(mapped[0]?.readAtMs),
    allMappedMs: since(mapped.at(-1)?.readAtMs),
    busiestSecond: requestRate(requests, { fromMs: startedAtMs, toMs: nowMs() }).busiestSecond,
    cpuMs,
    stopMs: await service.stop(),
  };
}
