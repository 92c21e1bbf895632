import { delay, systemClock } from "../src/core/clock.ts";
import type { Protocol } from "../src/core/mapping.ts";
import { KEEP_ALIVE, STUN_ADDRESSES } from "../tests/lab/addresses.ts";
import { inNamespace } from "../tests/lab/command.ts";
import { Lab } from "../tests/lab/lab.ts";
import { LineProcess } from "../tests/lab/line_process.ts";
import { Porthole } from "../tests/lab/porthole.ts";
import type { Figure } from "./figure.ts";

const SCRIPT = new URL("./many_mappings.ts", import.meta.url).pathname;
const MANY = 200;
const SETTLE_MS = 20_000;
const IDLE_SECONDS = 30;

interface Usage {
  readonly rssKb: number;
  readonly cpuPercent: number;
}

/** Memory and processor time at rest: one mapping by the command, and 1 and 200 in one process. */
export async function measureResources(protocol: Protocol, signal: AbortSignal): Promise<Figure[]> {
  const [open, one, many] = await Promise.all([
    usageOfCommand(protocol, signal),
    usageOfScript(protocol, 1, signal),
    usageOfScript(protocol, MANY, signal),
  ]);
  const eachKb = (many.rssKb - one.rssKb) / (MANY - 1);
  return [
    { name: `${protocol}: RSS, one mapping`, value: open.rssKb / 1000, unit: "MB", aim: 90 },
    {
      name: `${protocol}: RSS, ${MANY} mappings in one process`,
      value: many.rssKb / 1000,
      unit: "MB",
      remark: `1 mapping the same way: ${(one.rssKb / 1000).toFixed(1)} MB`,
    },
    { name: `${protocol}: RSS, each further mapping`, value: eachKb, unit: "kB", aim: 60 },
    {
      name: `${protocol}: CPU at rest, one mapping`,
      value: open.cpuPercent,
      unit: "% of a core",
      aim: 0.2,
      remark: `over ${IDLE_SECONDS} s`,
    },
    { name: `${protocol}: CPU at rest, ${MANY} mappings`, value: many.cpuPercent, unit: "% of a core" },
  ];
}

async function usageOfCommand(protocol: Protocol, signal: AbortSignal): Promise<Usage> {
  await using lab = await Lab.open({ profile: "full-cone", signal });
  await using porthole = Porthole.start(lab, { protocol, logLevel: "info" });
  await porthole.waitFor("mapped", 10_000);
  return await usageAtRest(porthole.pid, signal);
}

async function usageOfScript(protocol: Protocol, count: number, signal: AbortSignal): Promise<Usage> {
  await using lab = await Lab.open({ profile: "full-cone", signal });
  const done = Promise.withResolvers<void>();
  const mapped = new Set<string>();
  const command = [Deno.execPath(), "run", "-A", "--cached-only", SCRIPT, protocol, `${count}`];
  const servers = [STUN_ADDRESSES.join(","), KEEP_ALIVE.steady.join(",")];
  await using script = LineProcess.start(inNamespace(lab.names.host, [...command, ...servers]), {
    env: { DENO_NO_UPDATE_CHECK: "1" },
    onLine: (name) => {
      if (mapped.add(name).size === count) done.resolve();
    },
  });
  script.done.then(() => done.reject(new Error(`Cannot run ${SCRIPT}: ${script.errorLines.join(" ")}`)));
  const limit = setTimeout(
    () => done.reject(new Error(`Cannot map: only ${mapped.size} of ${count} were mapped in 60 s`)),
    60_000,
  );
  try {
    await done.promise;
  } finally {
    clearTimeout(limit);
  }
  return await usageAtRest(script.pid, signal);
}

async function usageAtRest(pid: number, signal: AbortSignal): Promise<Usage> {
  await delay(systemClock, SETTLE_MS, signal);
  const before = cpuNanoseconds(pid);
  await delay(systemClock, IDLE_SECONDS * 1000, signal);
  const cpuPercent = (cpuNanoseconds(pid) - before) / (IDLE_SECONDS * 1e9) * 100;
  const rss = /VmRSS:\s+(\d+) kB/.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1];
  return { rssKb: Number(rss), cpuPercent };
}

/** Time on a processor of all threads that live (proc/PID/task/TID/schedstat); finer than clock ticks. */
function cpuNanoseconds(pid: number): number {
  let sum = 0;
  for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
    sum += Number(Deno.readTextFileSync(`/proc/${pid}/task/${name}/schedstat`).split(" ")[0]);
  }
  return sum;
}
