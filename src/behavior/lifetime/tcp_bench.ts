import { openDeadline } from "../../core/deadline.ts";
import { type Endpoint, type Family, formatEndpoint, type HostPort } from "../../core/endpoint.ts";
import { errorMessage } from "../../core/errors.ts";
import type { PortPair } from "../port_pattern.ts";
import type { TrialOutcome } from "./bracket.ts";
import type { BatchSizes } from "./search.ts";
import type { Trial, TrialBench } from "./search_run.ts";
import { type TcpHost, TcpProbe } from "./tcp_probe.ts";
import type { LifetimeContext } from "./udp_socket.ts";

/** What {@linkcode TcpBench.open} needs. */
export interface TcpBenchOptions {
  /** STUN servers over TCP. */
  readonly stunServers: readonly HostPort[];
  /** HTTP hosts. */
  readonly keepAliveHosts: readonly HostPort[];
  /** IP version. */
  readonly family: Family;
  /** Ends opening. */
  readonly signal: AbortSignal;
}

/** Hosts in use at a time, each with a control connection; with the trials 24 sockets in all. */
const HOSTS = 4;
/** Tried to find them, all at once. */
const CANDIDATES_MAX = 12;
const SIZES: BatchSizes = [9, 9, 2];
const NAME_LIMIT_MS = 3_000;
/** A request that is lost is repeated by the kernel; death may have come in between. */
const RETRANSMISSION_MS = 500;
/** Two ends of connections to one host within so little have one cause: the host. */
const TOGETHER_MS = 2_000;

/** A host and the connection to it that the kernel keeps alive, which ends only when the host ends it. */
interface Control {
  readonly host: TcpHost;
  readonly probe: TcpProbe;
}

/**
 * Makes TCP connections that are left idle and then used once. Beside them one connection to each host is kept by the
 * kernel's keep-alive probes: hosts that end idle connections end that one too, and so are told from a NAT that
 * forgets. Disposing ends all of them.
 */
export class TcpBench implements TrialBench, Disposable {
  readonly sizes: BatchSizes = SIZES;
  /** What STUN servers saw of fresh connections. */
  readonly samples: PortPair[] = [];
  /** Whether any name resolved. */
  hasName = false;
  readonly #context: LifetimeContext;
  readonly #controls: Control[] = [];
  /** Everything that was opened; whoever ends earlier does no harm. */
  readonly #stack = new DisposableStack();
  readonly #servers = new WeakMap<TrialOutcome, HostPort>();
  #opened = 0;

  private constructor(context: LifetimeContext) {
    this.#context = context;
  }

  /**
   * Looks for hosts that answer and stay.
   *
   * @throws `signal.reason` if aborted.
   */
  static async open(context: LifetimeContext, options: TcpBenchOptions): Promise<TcpBench> {
    const bench = new TcpBench(context);
    const { signal } = options;
    try {
      const hosts = await resolveHosts(context, options);
      bench.hasName = hosts.length > 0;
      const probes = await Promise.all(hosts.map(async (host) => {
        const probe = await bench.#connect(host, { isKept: true, signal });
        return probe && { host, probe };
      }));
      const answering = probes.filter((one) => one !== undefined);
      for (const { probe } of answering.slice(HOSTS)) probe[Symbol.dispose]();
      bench.#controls.push(...answering.slice(0, HOSTS));
      bench.#opened = bench.#controls.length;
      return bench;
    } catch (error) {
      bench[Symbol.dispose]();
      throw error;
    }
  }

  /** Whether any host answered. */
  get hasHost(): boolean {
    return this.#controls.length > 0;
  }

  /** Connections opened so far, apart from those to hosts that were not chosen. */
  get socketCount(): number {
    return this.#opened;
  }

  /** Whose connection an outcome is about. */
  serverOf(outcome: TrialOutcome): HostPort | undefined {
    return this.#servers.get(outcome);
  }

  /** Connects to the hosts that have kept their connections so far, in turn. */
  async open(count: number, signal: AbortSignal): Promise<readonly Trial[]> {
    const open = this.#controls.filter(({ probe }) => probe.end === undefined);
    // STUN servers seldom keep idle connections.
    const http = open.filter(({ host }) => host.kind === "http");
    const standing = http.length > 0 ? http : open;
    if (standing.length === 0) return [];
    const probes = await Promise.all(Array.from({ length: count }, async (_, i) => {
      const control = standing[i % standing.length];
      const probe = control && await this.#connect(control.host, { isKept: false, signal });
      return control && probe && { control, probe };
    }));
    this.#opened += count;
    return probes.flatMap((one) => one === undefined ? [] : [this.#trialOf(one.probe, one.control)]);
  }

  [Symbol.dispose](): void {
    this.#stack.dispose();
  }

  async #connect(
    host: TcpHost,
    { isKept, signal }: { readonly isKept: boolean; readonly signal: AbortSignal },
  ): Promise<TcpProbe | undefined> {
    const { platform: { log } } = this.#context;
    try {
      const probe = this.#stack.use(await TcpProbe.open(this.#context, { host, isKept, signal }));
      if (probe.seen !== undefined && !isKept) this.samples.push({ local: probe.local, seen: probe.seen });
      return probe;
    } catch (error) {
      if (signal.aborted) throw error;
      log.debug("No connection to measure with", {
        host: formatEndpoint(host.spec),
        reason: errorMessage(error),
      });
      return undefined;
    }
  }

  #trialOf(probe: TcpProbe, control: Control): Trial {
    const note = (outcome: TrialOutcome): TrialOutcome => {
      this.#servers.set(outcome, control.host.spec);
      return outcome;
    };
    return {
      sinceMs: probe.usedAtMs,
      ended: probe.ended.then(() => note(this.#judgeEnd(probe, control))),
      check: async (signal) => note(await this.#check(probe, { control, signal })),
      [Symbol.dispose]: () => probe[Symbol.dispose](),
    };
  }

  /** An end that came while nobody used the connection came through the mapping, or from whoever forgot it. */
  #judgeEnd(probe: TcpProbe, control: Control): TrialOutcome {
    const { platform: { clock } } = this.#context;
    const end = probe.end ?? { atMs: clock.now(), isReset: false };
    const ageMs = end.atMs - probe.usedAtMs;
    if (!end.isReset) return { state: "ended", ageMs };
    const other = control.probe.end;
    if (other !== undefined) {
      const isHost = Math.abs(other.atMs - end.atMs) < TOGETHER_MS;
      return { state: isHost ? "ended" : "unknown", ageMs };
    }
    // The host left alone one that was idle for as long: somebody between us and it did this.
    const isYounger = control.probe.usedAtMs > probe.usedAtMs + TOGETHER_MS;
    return { state: isYounger ? "unknown" : "dead", ageMs };
  }

  async #check(
    probe: TcpProbe,
    { control, signal }: { readonly control: Control; readonly signal: AbortSignal },
  ): Promise<TrialOutcome> {
    const { platform: { clock } } = this.#context;
    const startMs = clock.now();
    const { usedAtMs } = probe;
    const ageMs = startMs - usedAtMs;
    const answer = await probe.ask(signal);
    if (answer === "answered") return { state: "alive", ageMs };
    // A host that is down, or has had enough, looks like a NAT that forgot.
    const isHostThere = control.probe.end === undefined && await control.probe.ask(signal) === "answered";
    if (answer === "closed") return { state: "ended", ageMs };
    return isHostThere ? { state: "dead", ageMs: ageMs + RETRANSMISSION_MS } : { state: "unknown", ageMs };
  }
}

async function resolveHosts(context: LifetimeContext, options: TcpBenchOptions): Promise<readonly TcpHost[]> {
  const { net, clock } = context.platform;
  const { keepAliveHosts, stunServers, family, signal } = options;
  const http = keepAliveHosts.map((spec) => ({ kind: "http", spec }) as const);
  const stun = stunServers.map((spec) => ({ kind: "stun", spec }) as const);
  // STUN servers tell ports, HTTP hosts keep connections: some of each.
  const rows = Array.from({ length: Math.max(http.length, stun.length) }, (_, i) => [http[i], stun[i]]);
  const mixed = rows.flat().filter((one) => one !== undefined);
  const resolved = await Promise.all(
    mixed.slice(0, CANDIDATES_MAX).map(async ({ kind, spec }) => {
      using limit = openDeadline(NAME_LIMIT_MS, { clock, signal });
      try {
        const [address] = await net.resolve(spec.host, family, limit.signal);
        const endpoint: Endpoint | undefined = address === undefined
          ? undefined
          : { address, port: spec.port };
        return endpoint && { kind, spec, endpoint };
      } catch {
        signal.throwIfAborted();
        return undefined;
      }
    }),
  );
  return resolved.filter((one) => one !== undefined);
}
