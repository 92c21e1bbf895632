import { Gate } from "../../src/core/gate.ts";
import type { NatBehavior } from "../../src/core/behavior.ts";
import { type Endpoint, formatEndpoint } from "../../src/core/endpoint.ts";
import type { MappingEvent } from "../../src/core/mapping.ts";
import { keepMapping, type KeepMappingParts } from "../../src/keeper/keep_mapping.ts";
import { keepTcp } from "../../src/keeper/keep_tcp.ts";
import { keepUdp } from "../../src/keeper/keep_udp.ts";
import type { KeeperOptions } from "../../src/keeper/options.ts";
import { Uplink } from "../../src/keeper/uplink.ts";
import { StunServerList } from "../../src/stun/server_list.ts";
import { kernelError } from "./fake_net.ts";
import { KeeperWorld, type WorldHost, type WorldStun } from "./keeper_world.ts";

/** A mapping kept by the real keeper in a {@linkcode KeeperWorld}. */
export interface KeptMapping extends AsyncDisposable {
  readonly world: KeeperWorld;
  readonly servers: readonly WorldStun[];
  readonly hosts: readonly WorldHost[];
  readonly uplink: Uplink;
  /** What was emitted. */
  readonly events: readonly MappingEvent[];
  /** The same as texts: `mapped 14500`, `changed 14503 was 14500`, `lost REASON`, … */
  readonly story: readonly string[];
  /** How the keeper ended: `undefined` while it runs. */
  readonly outcome: { readonly error?: unknown } | undefined;
  /** Internal endpoints served now. */
  readonly served: ReadonlySet<string>;
  /** Ends the keeper, as a signal would. */
  stop(): void;
}

/** Options for {@linkcode keepInWorld}. */
export interface KeepInWorldOptions {
  readonly world?: KeeperWorld;
  readonly options?: Partial<KeeperOptions>;
  readonly parts?: Partial<KeepMappingParts>;
  /** STUN servers. @default {3} */
  readonly stunCount?: number;
  /** The canary watches by all of them. @default {false} */
  readonly hasCanary?: boolean;
  /** UDP filtering as the probe sees it. @default {"endpoint-independent"} */
  readonly filtering?: NatBehavior;
}

/** Starts servers, hosts, an uplink and the keeper; nothing of it is waited for. */
export async function keepInWorld(how: KeepInWorldOptions = {}): Promise<KeptMapping> {
  const { world = new KeeperWorld(), stunCount = 3, filtering = "endpoint-independent" } = how;
  const servers: WorldStun[] = [];
  for (let i = 1; i <= stunCount; i++) servers.push(await world.addStun(`198.51.100.${i}`));
  const hosts = [await world.addHost("198.51.100.81"), await world.addHost("198.51.100.82")];
  const options: KeeperOptions = {
    name: "web",
    protocol: "tcp",
    family: 4,
    port: { kind: "fixed", port: 3456 },
    keepAliveHosts: hosts.map(({ spec }) => spec),
    intervalMs: 15_000,
    lookupIntervalMs: 60_000,
    isForced: false,
    ...how.options,
  };
  const specs = servers.map(({ spec }) => spec);
  const uplink = await Uplink.open({
    platform: world.platform,
    family: 4,
    towards: { address: "192.0.2.1", port: 53 },
    canaryServers: how.hasCanary ? specs : [],
    sentinelHosts: [],
  });
  const events: MappingEvent[] = [];
  const story: string[] = [];
  const served = new Set<string>();
  const ending = new AbortController();
  let outcome: { readonly error?: unknown } | undefined;
  const running = keepMapping(options, {
    platform: world.platform,
    uplink,
    transport: options.protocol === "tcp"
      ? keepTcp(options, world.platform)
      : keepUdp(options, world.platform),
    servers: new StunServerList({ specs, family: 4, platform: world.platform }),
    emit: (event) => {
      events.push(event);
      story.push(retell(event));
    },
    serve: (internal) => {
      served.add(formatEndpoint(internal));
      return Promise.resolve({
        [Symbol.asyncDispose]: (): Promise<void> => {
          served.delete(formatEndpoint(internal));
          return Promise.resolve();
        },
      });
    },
    probeFiltering: () => Promise.resolve(filtering),
    endsWhenUnusable: true,
    lookups: new Gate(32),
    signal: ending.signal,
    ...how.parts,
  }).then(() => void (outcome = {}), (error: unknown) => void (outcome = { error }));
  return {
    world,
    servers,
    hosts,
    uplink,
    events,
    story,
    served,
    get outcome(): { readonly error?: unknown } | undefined {
      return outcome;
    },
    stop: () => ending.abort(new DOMException("The test ended", "AbortError")),
    async [Symbol.asyncDispose](): Promise<void> {
      ending.abort(new DOMException("The test ended", "AbortError"));
      await running;
      await uplink[Symbol.asyncDispose]();
    },
  };
}

function retell(event: MappingEvent): string {
  switch (event.event) {
    case "mapped":
    case "restored":
      return `${event.event} ${event.external.port}`;
    case "changed":
      return `changed ${event.external.port} was ${event.previous.port}`;
    case "lost":
      return `lost ${event.reason}`;
    case "unusable":
      return `unusable ${event.reason}`;
    default:
      return event.event;
  }
}

/** Takes the route to the internet away until disposed; nobody is told. */
export function unplug(world: KeeperWorld): Disposable {
  const find = world.net.localAddressTowards.bind(world.net);
  world.net.localAddressTowards = () => Promise.reject(kernelError("ENETUNREACH", "connect"));
  return { [Symbol.dispose]: (): void => void (world.net.localAddressTowards = find) };
}

/** From now on binding these TCP ports fails; an address narrows it. */
export function refuseBind(
  world: KeeperWorld,
  code: string,
  isRefused: (local: Endpoint) => boolean,
): Disposable {
  const reservePort = world.net.reservePort.bind(world.net);
  world.net.reservePort = (options) =>
    isRefused(options.local) ? Promise.reject(kernelError(code, "bind")) : reservePort(options);
  return { [Symbol.dispose]: (): void => void (world.net.reservePort = reservePort) };
}
