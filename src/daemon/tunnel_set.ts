import { backoffMs } from "../core/backoff.ts";
import { delay } from "../core/clock.ts";
import { addressBytes, type Endpoint, unspecifiedAddress } from "../core/endpoint.ts";
import type { Feed } from "../core/feed.ts";
import { Gate } from "../core/gate.ts";
import { type MappingEvent, type Protocol, tunnelKey } from "../core/mapping.ts";
import type { Platform } from "../core/platform.ts";
import { TaskGroup } from "../core/task_group.ts";
import type { Forwarder } from "../forward/forwarder.ts";
import type { Gateway } from "../gateway/open_gateway.ts";
import type { GatewaySurroundings } from "../gateway/surroundings.ts";
import { Uplink } from "../keeper/uplink.ts";
import { comparePlans } from "../plan/same_plan.ts";
import type { TunnelPlan } from "../plan/tunnel_plan.ts";
import { Turns } from "../publish/turns.ts";
import type { PortSharing } from "../reuse/share_port.ts";
import type { TunnelVitals } from "../status/tunnel_vitals.ts";
import { StunServerList } from "../stun/server_list.ts";
import type { Lang } from "../text/lang.ts";
import { AutoIntervals, type MeasureLifetime } from "./auto_interval.ts";
import { FilteringMemory } from "./filtering_memory.ts";
import { type Lease, Leases } from "./leases.ts";
import { runTunnel } from "./run_tunnel.ts";
import { TunnelPulse } from "./tunnel_pulse.ts";
import type { TunnelSharing } from "./tunnel_sharing.ts";
import { type TunnelMemory, TunnelSinks } from "./tunnel_sinks.ts";

/** Options for {@linkcode TunnelSet}. */
export interface TunnelSetOptions {
  readonly platform: Platform;
  /** Told of everything that happens. */
  readonly feed: Feed<MappingEvent>;
  /** Language of the test page. */
  readonly lang: Lang;
  /** A NAT that cannot do it is a failure, instead of being looked at again with growing pauses. */
  readonly endsWhenUnusable: boolean;
  /** Told of each failure of a tunnel, which is then tried again; absent: the first failure ends the set. */
  readonly onFault?: ((plan: TunnelPlan, error: unknown) => void) | undefined;
  /** Who knows the default gateway. @default this host */
  readonly surroundings?: GatewaySurroundings | undefined;
  /** How lifetimes are measured. @default the real one */
  readonly measure?: MeasureLifetime | undefined;
  /** What was known before a restart. */
  readonly memory?: TunnelMemory | undefined;
  /** Ends everything. */
  readonly signal?: AbortSignal | undefined;
}

/** Lookups of the whole process at a time: hundreds of tunnels that doubt at once must not be a flood. */
const LOOKUPS_AT_ONCE = 32;
/** Self-checks at a time: a NAT without hairpinning leaves each of them waiting. */
const CHECKS_AT_ONCE = 16;
/** A tunnel that cannot be opened: the port is taken, the interface is not there yet. */
const RETRY = { firstMs: 1_000, maxMs: 60_000 } as const;

interface Line {
  readonly uplink: Uplink;
  readonly filtering: FilteringMemory;
}

interface Entry {
  plan: TunnelPlan;
  readonly pulse: TunnelPulse;
  readonly sinks: TunnelSinks;
  readonly ending: AbortController;
  done: Promise<void>;
}

/** The tunnels of the process, and what they share: uplinks, STUN server lists, the forwarder. */
export class TunnelSet implements AsyncDisposable {
  readonly #options: TunnelSetOptions;
  readonly #group: TaskGroup;
  readonly #entries = new Map<string, Entry>();
  readonly #lines = new Leases<Line & AsyncDisposable>();
  readonly #servers = new Leases<StunServerList & Partial<AsyncDisposable>>();
  readonly #gateways = new Leases<Gateway>();
  readonly #intervals: AutoIntervals;
  readonly #lookups = new Gate(LOOKUPS_AT_ONCE);
  readonly #checks = new Gate(CHECKS_AT_ONCE);
  readonly #turns = new Turns();
  #forwarder: Promise<Forwarder> | undefined;
  #sharing: PortSharing | undefined;

  constructor(options: TunnelSetOptions) {
    this.#options = options;
    this.#group = new TaskGroup(options.signal);
    const { platform, measure } = options;
    this.#intervals = new AutoIntervals({ platform, measure, spawn: (task) => this.#group.spawn(task) });
  }

  /**
   * Goes over to these tunnels: those that stay the same keep running untouched, and where only hooks or publishers
   * differ the mapping stays. Resolves when the others have stopped and the new ones are on their way.
   */
  async apply(plans: readonly TunnelPlan[]): Promise<void> {
    const wanted = new Map(plans.map((plan) => [tunnelKey(plan), plan]));
    const leaving = [...this.#entries].filter(([key, { plan }]) => {
      const next = wanted.get(key);
      return next === undefined || comparePlans(plan, next) === "other";
    });
    for (const [key, entry] of leaving) {
      this.#entries.delete(key);
      entry.ending.abort(new DOMException("The tunnel is not wanted any more", "AbortError"));
    }
    // Their ports may be wanted by the new ones.
    await Promise.all(leaving.map(([, { done }]) => done));
    for (const [key, plan] of wanted) {
      const entry = this.#entries.get(key);
      if (entry === undefined) this.#start(key, plan);
      else if (comparePlans(entry.plan, plan) === "other-sinks") await entry.sinks.replace(plan);
      if (entry !== undefined) entry.plan = plan;
    }
  }

  /** What a tunnel knows of itself now; `undefined` if there is no such tunnel. */
  vitals(name: string, protocol: Protocol): TunnelVitals | undefined {
    return this.#entries.get(tunnelKey({ name, protocol }))?.pulse.vitals;
  }

  /**
   * Looks up the mappings of this name, or all, and waits for the answers.
   *
   * @throws {RangeError} If there is no tunnel of this name.
   */
  async verify(name?: string): Promise<void> {
    const entries = [...this.#entries.values()].filter(({ plan }) =>
      name === undefined || plan.name === name
    );
    if (entries.length === 0 && name !== undefined) {
      throw new RangeError(`Cannot look up "${name}": there is no such tunnel`);
    }
    await Promise.all(entries.map(({ pulse }) => pulse.control.verify()));
  }

  /**
   * Waits until every tunnel has ended.
   *
   * @throws The first failure, where failures end the set.
   */
  async join(): Promise<void> {
    await this.#group.join();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#group[Symbol.asyncDispose]();
    await this.#sharing?.[Symbol.asyncDispose]();
    const forwarder = this.#forwarder;
    this.#forwarder = undefined;
    await (await forwarder?.catch(() => undefined))?.[Symbol.asyncDispose]();
  }

  #start(key: string, plan: TunnelPlan): void {
    const { platform, feed, memory } = this.#options;
    const turns = this.#turns;
    const sinks = new TunnelSinks(plan, { platform, emit: (event) => feed.emit(event), memory, turns });
    const ending = new AbortController();
    const ended = Promise.withResolvers<void>();
    const entry: Entry = { plan, sinks, ending, pulse: new TunnelPulse(), done: ended.promise };
    this.#entries.set(key, entry);
    this.#group.spawn(async (wider) => {
      try {
        await this.#live(entry, AbortSignal.any([wider, ending.signal]));
      } finally {
        await sinks[Symbol.asyncDispose]();
        ended.resolve();
      }
    });
  }

  /** From the first try to the end, through every failure. */
  async #live(entry: Entry, signal: AbortSignal): Promise<void> {
    const { platform: { clock, random }, feed, onFault } = this.#options;
    const tell = (event: MappingEvent): void => {
      feed.emit(event);
      entry.sinks.deliver(event);
    };
    try {
      for (let failures = 1; !signal.aborted; failures++) {
        try {
          await this.#runOnce(entry, { tell, signal });
        } catch (error) {
          if (signal.aborted) return;
          if (onFault === undefined) throw error;
          onFault(entry.plan, error);
          await delay(clock, backoffMs(failures, random, RETRY), signal).catch(() => {});
        }
      }
    } finally {
      const { name, protocol } = entry.plan;
      feed.emit({ event: "stopped", name, protocol, at: clock.date() });
    }
  }

  async #runOnce(
    { plan, pulse }: Entry,
    { tell, signal }: { readonly tell: (event: MappingEvent) => void; readonly signal: AbortSignal },
  ): Promise<void> {
    const { platform, lang, endsWhenUnusable, memory } = this.#options;
    await using line = await this.#lines.take(lineKey(plan), () => openLine(plan, platform));
    await using servers = await this.#servers.take(
      JSON.stringify([plan.protocol, plan.family, plan.stunServers]),
      // deno-lint-ignore require-await
      async () => new StunServerList({ specs: plan.stunServers, family: plan.family, platform }),
    );
    using shared = await this.#share(plan, signal);
    await runTunnel(plan, {
      platform: shared?.platform ?? platform,
      sharingWay: () => shared?.way,
      uplink: line.value.uplink,
      filtering: line.value.filtering,
      servers: servers.value.sibling(),
      lookups: this.#lookups,
      checks: this.#checks,
      pulse,
      tell,
      openForwarder: () => this.#openForwarder(),
      takeGateway: (local) => this.#takeGateway(plan, local),
      interval: this.#intervals.of(plan),
      rememberedPort: memory?.portOf(plan),
      endsWhenUnusable,
      lang,
    }, signal);
  }

  /** For a tunnel whose port a service has, or will have. */
  async #share(plan: TunnelPlan, signal: AbortSignal): Promise<TunnelSharing | undefined> {
    const { platform } = this.#options;
    if (platform.net.capability !== "full" || !(plan.sharesPort || plan.waitsForService)) return undefined;
    const [{ PortSharing }, { TunnelSharing }] = await Promise.all([
      import("../reuse/share_port.ts"),
      import("./tunnel_sharing.ts"),
    ]);
    const sharing = this.#sharing ??= PortSharing.open({ log: platform.log });
    return new TunnelSharing(plan, { platform, sharing, signal });
  }

  /** For tunnels that are sent the same way and ask alike. */
  #takeGateway({ gateway: settings, device, mark }: TunnelPlan, local: string): Promise<Lease<Gateway>> {
    const { platform } = this.#options;
    const key = JSON.stringify([local, device, mark, settings.address, settings.ways]);
    return this.#gateways.take(key, async () => {
      const [{ openGateway }, { systemSurroundings }] = await Promise.all([
        import("../gateway/open_gateway.ts"),
        import("../gateway/surroundings.ts"),
      ]);
      const { surroundings = systemSurroundings } = this.#options;
      return openGateway({ settings, local, device, mark, surroundings }, platform);
    });
  }

  async #openForwarder(): Promise<Forwarder> {
    const { platform } = this.#options;
    const opening = this.#forwarder ??= import("../forward/open_forwarder.ts")
      .then(({ openForwarder }) => openForwarder({ platform }));
    try {
      return await opening;
    } catch (error) {
      if (this.#forwarder === opening) this.#forwarder = undefined;
      throw error;
    }
  }
}

function lineKey({ family, bindAddress, device, mark, canaryServers, keepAliveHosts }: TunnelPlan): string {
  return JSON.stringify([family, bindAddress, device, mark, canaryServers, keepAliveHosts]);
}

async function openLine(plan: TunnelPlan, platform: Platform): Promise<Line & AsyncDisposable> {
  const { family, bindAddress, device, mark, canaryServers, keepAliveHosts: sentinelHosts } = plan;
  const towards = somewhere(plan);
  const uplink = await Uplink.open({
    ...{ platform, family, bindAddress, device, mark, towards, canaryServers, sentinelHosts },
  });
  const filtering = new FilteringMemory({ ...plan, servers: canaryServers, platform });
  return { uplink, filtering, [Symbol.asyncDispose]: () => uplink[Symbol.asyncDispose]() };
}

/** Resolvers that everyone routes to; no packet is sent there. */
const SOMEWHERE = { 4: "1.1.1.1", 6: "2606:4700:4700::1111" } as const;

/** An endpoint for the choice of route: a server given by address, else any address of the internet. */
function somewhere(plan: TunnelPlan): Endpoint {
  const length = addressBytes(unspecifiedAddress(plan.family))?.length;
  const literal = [...plan.stunServers, ...plan.keepAliveHosts]
    .find(({ host }) => addressBytes(host)?.length === length);
  return literal === undefined
    ? { address: SOMEWHERE[plan.family], port: 53 }
    : { address: literal.host, port: literal.port };
}
