import { openDeadline } from "../../core/deadline.ts";
import { type Family, type HostPort, unspecifiedAddress } from "../../core/endpoint.ts";
import type { Protocol } from "../../core/mapping.ts";
import type { BindOptions } from "../../core/net.ts";
import type { Platform } from "../../core/platform.ts";
import { TaskGroup } from "../../core/task_group.ts";
import { StunServerList } from "../../stun/server_list.ts";
import { portPatternOf } from "../port_pattern.ts";
import type { Bracket } from "./bracket.ts";
import {
  judgeLifetime,
  type LifetimeReasonCode,
  type LifetimeWay,
  type TransportLifetime,
} from "./lifetime_report.ts";
import { RefreshWatch } from "./refresh_watch.ts";
import { SearchRun } from "./search_run.ts";
import { TcpBench } from "./tcp_bench.ts";
import { NoWay, UdpBench } from "./udp_bench.ts";
import type { LifetimeContext } from "./udp_socket.ts";

/** How far a measurement has come. */
export interface LifetimeProgress {
  /** The transport. */
  readonly protocol: Protocol;
  /** Since the start, in milliseconds. */
  readonly elapsedMs: number;
  /** What outcomes say so far. */
  readonly bracket: Bracket;
  /** What is known if it ends now. */
  readonly soFar: TransportLifetime;
}

/** Options for {@linkcode measureLifetime}. */
export interface MeasureLifetimeOptions extends Pick<BindOptions, "device" | "mark"> {
  /** Network, clock and randomness. */
  readonly platform: Platform;
  /** The transport. */
  readonly protocol: Protocol;
  /** IP version. @default {4} */
  readonly family?: Family | undefined;
  /** Local address to bind. @default the one the system uses towards the first server */
  readonly address?: string | undefined;
  /** STUN servers of the transport. */
  readonly stunServers: readonly HostPort[];
  /** HTTP hosts that keep connections (TCP only). @default {[]} */
  readonly keepAliveHosts?: readonly HostPort[] | undefined;
  /** The longest wait, in milliseconds. @default {300_000} */
  readonly maxMs?: number | undefined;
  /** Told after each outcome. */
  readonly onProgress?: ((progress: LifetimeProgress) => void) | undefined;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Where names do not resolve, resolvers take half a minute to say so. */
const NAMES_LIMIT_MS = 8_000;

/** What `porthole lifetime` waits for at the longest unless told otherwise. */
export const DEFAULT_MAX_MS = 300_000;

/**
 * Measures how long a mapping that is not used lives (RFC 4787 section 4.3, RFC 5382 REQ-5), by several at once, each
 * looked at once, so that it takes little longer than the answer: 85 s for a lifetime of 60 s. At most 24 sockets, at
 * ports that the system chooses; nobody is scanned.
 *
 * What cannot be proved is `unknown`, with its reason. Fresh mappings are measured: a NAT that keeps mappings longer
 * once they have seen more traffic keeps them at least so long.
 *
 * @throws {Error} With the kernel's code if no socket can be bound.
 * @throws {RangeError} If the longest wait is less than a second.
 * @throws `signal.reason`, unchanged, if aborted; nothing is left open.
 */
export async function measureLifetime(options: MeasureLifetimeOptions): Promise<TransportLifetime> {
  const { platform, protocol, signal, device, mark, maxMs = DEFAULT_MAX_MS } = options;
  if (!(maxMs >= 1000)) throw new RangeError(`Cannot measure a lifetime: ${maxMs} ms is too short a wait`);
  signal.throwIfAborted();
  const context = { platform, device, mark, address: await localAddress(options) };
  return protocol === "udp"
    ? await measureUdp(context, { ...options, maxMs })
    : await measureTcp(context, { ...options, maxMs });
}

interface Limits extends MeasureLifetimeOptions {
  readonly maxMs: number;
}

async function localAddress(options: MeasureLifetimeOptions): Promise<string> {
  const { platform: { net, clock }, family = 4, address, device, mark, signal } = options;
  if (address !== undefined) return address;
  using limit = openDeadline(NAMES_LIMIT_MS / 2, { clock, signal });
  for (const { host, port } of [...options.stunServers, ...options.keepAliveHosts ?? []]) {
    try {
      const [remote] = await net.resolve(host, family, limit.signal);
      if (remote !== undefined) {
        return await net.localAddressTowards({ address: remote, port }, { device, mark });
      }
    } catch {
      // The next one may have a name that resolves, and a route; without any, nobody answers and the report says so.
      signal.throwIfAborted();
      if (limit.signal.aborted) break;
    }
  }
  return unspecifiedAddress(family);
}

async function measureUdp(context: LifetimeContext, options: Limits): Promise<TransportLifetime> {
  const { platform, stunServers, family = 4, maxMs, onProgress, signal } = options;
  const { clock } = platform;
  const startMs = clock.now();
  const servers = new StunServerList({ specs: stunServers, family, platform });
  const opened = await UdpBench.open(context, servers, { signal, namesLimitMs: NAMES_LIMIT_MS / 2 });
  if (opened instanceof NoWay) return nothing("udp", opened.reason);
  using bench = opened;
  const watch = new RefreshWatch(bench, clock);
  const report = (cut?: "interrupted"): TransportLifetime =>
    reportOf(run, {
      ...{ protocol: "udp", way: bench.way, maxMs, cut, sockets: bench.socketCount },
      more: {
        allocation: portPatternOf(bench.samples).allocation,
        samePortAgain: bench.samePortAgain,
        evidence: run.outcomes.map((outcome) => ({ ...outcome, server: bench.serverSpec })),
      },
    });
  const run = new SearchRun({
    ...{ bench, clock, maxMs },
    onOutcome: (bracket) => {
      const elapsedMs = clock.now() - startMs;
      onProgress?.({ protocol: "udp", elapsedMs, bracket, soFar: report("interrupted") });
    },
  });
  {
    await using watching = new TaskGroup(signal);
    if (bench.way !== "same-port") watching.spawn((until) => watch.run(until));
    await run.run(signal);
  }
  const found = report();
  const { inbound: inboundRefresh, outbound: outboundRefresh } = await watch.conclude(
    { aliveMs: found.aliveMs, deadMs: found.deadMs },
    signal,
  );
  return { ...found, inboundRefresh, outboundRefresh };
}

async function measureTcp(context: LifetimeContext, options: Limits): Promise<TransportLifetime> {
  const { platform, stunServers, keepAliveHosts = [], family = 4, maxMs, onProgress, signal } = options;
  const { clock } = platform;
  const startMs = clock.now();
  using bench = await TcpBench.open(context, { stunServers, keepAliveHosts, family, signal });
  if (!bench.hasHost) return nothing("tcp", bench.hasName ? "no-answer" : "no-server");
  const report = (cut?: "interrupted"): TransportLifetime =>
    reportOf(run, {
      ...{ protocol: "tcp", way: "answer", maxMs, cut, sockets: bench.socketCount },
      more: {
        allocation: portPatternOf(bench.samples).allocation,
        evidence: run.outcomes.map((outcome) => ({ ...outcome, server: bench.serverOf(outcome) })),
      },
    });
  const run = new SearchRun({
    ...{ bench, clock, maxMs },
    onOutcome: (bracket) => {
      const elapsedMs = clock.now() - startMs;
      onProgress?.({ protocol: "tcp", elapsedMs, bracket, soFar: report("interrupted") });
    },
  });
  await run.run(signal);
  return report();
}

interface ReportParts {
  readonly protocol: Protocol;
  readonly way: LifetimeWay;
  readonly maxMs: number;
  readonly cut: "interrupted" | undefined;
  readonly sockets: number;
  readonly more: Pick<TransportLifetime, "allocation" | "evidence"> & Partial<TransportLifetime>;
}

function reportOf(run: SearchRun, parts: ReportParts): TransportLifetime {
  const { protocol, way, maxMs, cut, sockets, more } = parts;
  return {
    ...{
      protocol,
      way,
      sockets,
      inboundRefresh: "unknown",
      outboundRefresh: "unknown",
      samePortAgain: "unknown",
    },
    ...judgeLifetime(run.outcomes, { way, maxMs, isInterrupted: cut !== undefined }),
    ...more,
  };
}

function nothing(protocol: Protocol, reason: LifetimeReasonCode): TransportLifetime {
  return {
    ...{ protocol, verdict: "unknown", aliveMs: 0, reason, sockets: 0, evidence: [] },
    ...{
      inboundRefresh: "unknown",
      outboundRefresh: "unknown",
      allocation: "unknown",
      samePortAgain: "unknown",
    },
  };
}
