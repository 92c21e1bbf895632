import {
  type LifetimeProgress,
  measureLifetime,
  type MeasureLifetimeOptions,
} from "../behavior/lifetime/measure_lifetime.ts";
import type { TransportLifetime } from "../behavior/lifetime/lifetime_report.ts";
import { delay } from "../core/clock.ts";
import type { Protocol } from "../core/mapping.ts";
import type { Platform } from "../core/platform.ts";
import { TaskGroup } from "../core/task_group.ts";
import { DEFAULT_KEEP_ALIVE_HOSTS } from "../keeper/default_hosts.ts";
import { chooseLocalSide } from "../plan/local_side.ts";
import { DEFAULT_STUN_TCP, DEFAULT_STUN_UDP } from "../stun/default_servers.ts";
import { ProgressLine } from "./check_progress.ts";
import { checkUplink } from "./check_uplink.ts";
import type { LifetimeArgs } from "./lifetime_args.ts";
import { lifetimeLines, lifetimeToJson, progressLine } from "./lifetime_report.ts";
import { type HostSession, withPlatform } from "./session.ts";
import { UsageError } from "./usage_error.ts";

/** People like to see that something goes on. */
const TICK_MS = 1000;

type Where = Pick<MeasureLifetimeOptions, "family" | "address" | "device" | "mark">;

/**
 * `porthole lifetime`: measures how long idle mappings live. Ended early, it prints what is known so far.
 *
 * @returns 0 if something was found out about every transport that was asked for, else 1.
 * @throws {UsageError} Before anything is opened.
 */
export async function runLifetime(args: LifetimeArgs, session: HostSession): Promise<number> {
  const where = whereOf(args, session);
  return await withPlatform(session, (platform) => measureAll(args, { session, where, platform }));
}

interface Means {
  readonly session: HostSession;
  readonly where: Where;
  readonly platform: Platform;
}

async function measureAll(args: LifetimeArgs, means: Means): Promise<number> {
  const { session: { isJson, output, texts, signal }, where, platform } = means;
  const { family = 4, address, device, mark } = where;
  await checkUplink({ bindAddress: address, device, mark, family }, platform.net);
  const protocols: readonly Protocol[] = args.tcp ? (args.udp ? ["udp", "tcp"] : ["tcp"]) : ["udp"];
  const reports = new Map<Protocol, TransportLifetime>();
  try {
    await watchProgress(means, async (note, until) => {
      await Promise.all(protocols.map(async (protocol) => {
        const onProgress = (progress: LifetimeProgress): void => {
          reports.set(protocol, progress.soFar);
          note(progress);
        };
        const asked = { ...where, ...serversOf(args, protocol), platform, protocol, maxMs: args.maxMs };
        reports.set(protocol, await measureLifetime({ ...asked, onProgress, signal: until }));
      }));
    });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  const known = protocols.map((protocol) => reports.get(protocol) ?? nothingYet(protocol));
  if (isJson) output.json(lifetimeToJson(known));
  else for (const line of known.flatMap((report) => lifetimeLines(report, texts))) output.line(line);
  return known.every(({ verdict }) => verdict !== "unknown") ? 0 : 1;
}

/** Shows the last news of each transport, and that time goes on, while `work` runs. */
async function watchProgress(
  { session: { host, texts, signal, isJson }, platform: { clock } }: Means,
  work: (note: (progress: LifetimeProgress) => void, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const latest = new Map<Protocol, { readonly progress: LifetimeProgress; readonly atMs: number }>();
  await using line = new ProgressLine({
    sink: host.stderr,
    isTerminal: host.hasColors.stderr && host.width !== undefined && !isJson,
  });
  await using group = new TaskGroup(signal);
  group.spawn(async (until) => {
    for (;; await delay(clock, TICK_MS, until)) {
      const parts = [...latest.values()].map(({ progress, atMs }) =>
        progressLine({ ...progress, elapsedMs: progress.elapsedMs + clock.now() - atMs }, texts)
      );
      if (parts.length > 0) line.show(parts.join("   "));
    }
  });
  await work((progress) => latest.set(progress.protocol, { progress, atMs: clock.now() }), group.signal);
}

function serversOf(
  { stun, keepAlive }: LifetimeArgs,
  protocol: Protocol,
): Pick<MeasureLifetimeOptions, "stunServers" | "keepAliveHosts"> {
  const defaults = protocol === "udp" ? DEFAULT_STUN_UDP : DEFAULT_STUN_TCP;
  return {
    stunServers: stun.length > 0 ? stun : defaults,
    keepAliveHosts: keepAlive.length > 0 ? keepAlive : DEFAULT_KEEP_ALIVE_HOSTS,
  };
}

function nothingYet(protocol: Protocol): TransportLifetime {
  return {
    ...{ protocol, verdict: "unknown", aliveMs: 0, reason: "interrupted", sockets: 0, evidence: [] },
    ...{ inboundRefresh: "unknown", outboundRefresh: "unknown" },
    ...{ allocation: "unknown", samePortAgain: "unknown" },
  };
}

function whereOf(
  { ipv4, ipv6, interface: via, mark }: LifetimeArgs,
  { texts: { usage } }: HostSession,
): Where {
  if (ipv4 && ipv6) throw new UsageError(usage.exclusive("-4", "-6"));
  const device = via?.kind === "device" ? via.name : undefined;
  const side = chooseLocalSide({
    bind: undefined,
    via: via?.kind === "address" ? via.address : undefined,
    family: ipv6 ? 6 : ipv4 ? 4 : undefined,
  });
  switch (side.kind) {
    case "side":
      return { family: side.family, address: side.address, device, mark };
    case "two-addresses":
      throw new UsageError(usage.interfaceMismatch(side.bind, side.via));
    case "other-family":
      throw new UsageError(usage.familyMismatch(side.address, `-${side.family}`));
  }
}
