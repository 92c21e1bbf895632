import type { NatBehavior } from "../core/behavior.ts";
import type { Endpoint } from "../core/endpoint.ts";
import { errorCode } from "../core/errors.ts";
import { TaskGroup } from "../core/task_group.ts";
import type { StunServerList } from "../stun/server_list.ts";
import type { CheckStep, OutsideProbe } from "./check_options.ts";
import type { TransportFacts } from "./facts.ts";
import { FilteringRun } from "./filtering_run.ts";
import { judgeMapping } from "./judge_mapping.ts";
import { MappingRun } from "./mapping_run.ts";
import type { Evidence } from "./nat_report.ts";
import { connectToNobody } from "./nobody.ts";
import type { ProbeContext } from "./probe_context.ts";
import { reason } from "./reason.ts";
import { SocketTrials } from "./socket_trials.ts";

/** What {@linkcode checkTransport} needs. */
export interface CheckTransportOptions extends Omit<ProbeContext, "note"> {
  /** Whom to ask. */
  readonly servers: StunServerList;
  /** Port whose mapping is asked for; 0 takes any. */
  readonly port: number;
  /** Somebody outside who knocks. */
  readonly outsideProbe?: OutsideProbe | undefined;
  /** Time limit. When it is over, what was seen until then is what there is. */
  readonly limit: AbortSignal;
}

/** Steps that {@linkcode checkTransport} tells about. */
export function stepsOf(
  protocol: ProbeContext["protocol"],
  options: { readonly hasOutside: boolean },
): readonly CheckStep[] {
  const outside: readonly CheckStep[] = options.hasOutside ? ["outside"] : [];
  return ["mapping", "ports", "hairpin", protocol === "udp" ? "filtering" : "proxy", ...outside];
}

/**
 * Runs all probes of one transport at once and gathers what was seen. Thin: whom to ask is planned, and what it means
 * judged, elsewhere.
 *
 * @throws {Error} Only for mistakes of our own; never because of the network or the limit.
 */
export async function checkTransport(options: CheckTransportOptions): Promise<TransportFacts> {
  const { protocol, family, servers, port, outsideProbe, limit } = options;
  const evidence: Evidence[] = [];
  const context: ProbeContext = { ...options, note: (one) => void evidence.push({ ...one, protocol }) };
  const base = { ...nothingSeen, protocol, family, evidence };
  let held: HeldPort;
  try {
    limit.throwIfAborted();
    held = await holdPort(context, port);
  } catch (error) {
    if (limit.aborted) return { ...base, isTimeUp: true };
    if (!(error instanceof Error) || errorCode(error) === undefined) throw error;
    return { ...base, bindError: error };
  }
  using _port = held;
  const { internal } = held;
  const isDependent = (): boolean => DEPENDENT.has(judgeMapping({ ...mapping, internal }).mapping);
  const filtering = protocol === "udp" ? new FilteringRun(context, isDependent) : undefined;
  const mapping: MappingRun = new MappingRun({ context, internal, servers, filtering });
  const trials = new SocketTrials({
    context,
    outsideProbe,
    getSecondServer: () => mapping.sightings[1]?.server,
  });
  let nobodyTook: Endpoint | undefined;
  await using group = new TaskGroup(limit);
  group.spawn(async (signal) => {
    await mapping.run(signal);
    filtering?.close();
    context.ended("mapping");
  });
  if (filtering !== undefined) {
    group.spawn(async (signal) => {
      await filtering.run(signal);
      context.ended("filtering");
    });
  } else {
    group.spawn(async (signal) => {
      nobodyTook = await connectToNobody(context, signal);
      context.ended("proxy");
    });
  }
  group.spawn(async (signal) => {
    const first = await mapping.first;
    if (first !== undefined) await trials.run(first.server, signal);
  });
  await group.join();
  const { sightings, alternates, silentServers, refusedServers, lastError, askedCount } = mapping;
  const { samples, knock, outside, error: trialError } = trials;
  return {
    ...base,
    ...{
      internal,
      sightings,
      alternates,
      silentServers,
      refusedServers,
      lastError,
      samples,
      knock,
      outside,
      trialError,
      nobodyTook,
    },
    filterings: filtering?.results ?? [],
    obstacle: askedCount === 0 && !limit.aborted ? reason("no-server") : undefined,
    isTimeUp: limit.aborted,
  };
}

const DEPENDENT: ReadonlySet<NatBehavior> = new Set(["address-dependent", "address-and-port-dependent"]);

/** Facts before anything was seen. */
export const nothingSeen: Omit<TransportFacts, "protocol" | "family" | "evidence"> = {
  sightings: [],
  alternates: [],
  silentServers: 0,
  samples: [],
  filterings: [],
  isTimeUp: false,
};

interface HeldPort extends Disposable {
  readonly internal: Endpoint;
}

/**
 * Binds the port whose mapping is asked for. A port that was chosen by the user may belong to a service: over UDP it is
 * let go of at once, as an unconnected socket would take the service's datagrams.
 */
async function holdPort(context: ProbeContext, port: number): Promise<HeldPort> {
  const { platform: { net }, protocol, address, device, mark } = context;
  const bind = { local: { address, port }, device, mark, reusePort: true };
  if (protocol === "tcp") {
    const reserved = await net.reservePort(bind);
    return { internal: reserved.local, [Symbol.dispose]: () => reserved[Symbol.dispose]() };
  }
  const socket = await net.openDatagram({ ...bind, onDatagram: () => {} });
  if (port !== 0) socket[Symbol.dispose]();
  return {
    internal: socket.local,
    [Symbol.dispose]: (): void => {
      if (port === 0) socket[Symbol.dispose]();
    },
  };
}
