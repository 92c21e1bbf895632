import type { Endpoint } from "../core/endpoint.ts";
import { addressBytes, unspecifiedAddress } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import { Feed } from "../core/feed.ts";
import type { MappingEvent } from "../core/mapping.ts";
import type { Platform } from "../core/platform.ts";
import { TaskGroup } from "../core/task_group.ts";
import type { Forwarder } from "../forward/forwarder.ts";
import { Uplink } from "../keeper/uplink.ts";
import type { TunnelPlan } from "../plan/tunnel_plan.ts";
import { StunServerList } from "../stun/server_list.ts";
import type { Lang } from "../text/lang.ts";
import { FilteringMemory } from "./filtering_memory.ts";
import { runTunnel, type TunnelParts } from "./run_tunnel.ts";

/** What {@linkcode runTunnels} works with and whom it tells. */
export interface RunTunnelsOptions {
  /** Network, clock, randomness and log. */
  readonly platform: Platform;
  /** Told of everything that happens; must not block. */
  readonly emit: (event: MappingEvent) => void;
  /** Ends everything. */
  readonly signal: AbortSignal;
  /** Reject with {@linkcode UnusableNatError} instead of looking again with growing pauses. */
  readonly endsWhenUnusable: boolean;
  /** Language of the test page. */
  readonly lang: Lang;
}

/**
 * The main loop: opens one {@linkcode Uplink} for each way to the internet, runs every tunnel on it, and hands
 * their events to `emit`. Resolves after `signal` was aborted and everything is released.
 *
 * @throws {UnusableNatError} See `endsWhenUnusable`.
 * @throws {BindError} If a wanted port cannot be bound at the first try.
 */
export async function runTunnels(plans: readonly TunnelPlan[], options: RunTunnelsOptions): Promise<void> {
  const { platform, emit, signal, endsWhenUnusable, lang } = options;
  const feed = new Feed<MappingEvent>((error) =>
    platform.log.error("A reader of events failed", { reason: errorMessage(error) })
  );
  using _subscription = feed.subscribe(emit);
  const servers = new Shared<StunServerList>();
  const forwarders = new Shared<Promise<Forwarder>>();
  const uplinks = new Shared<Promise<{ readonly uplink: Uplink; readonly filtering: FilteringMemory }>>();
  await using opened = new AsyncDisposableStack();
  await using group = new TaskGroup(signal);
  for (const plan of plans) {
    const line = await uplinks.get(uplinkKey(plan), async () => {
      const uplink = opened.use(await openUplink(plan, platform));
      const filtering = new FilteringMemory({ ...plan, servers: plan.canaryServers, platform });
      return { uplink, filtering };
    });
    const list = servers.get(
      JSON.stringify([plan.protocol, plan.family, plan.stunServers]),
      () => new StunServerList({ specs: plan.stunServers, family: plan.family, platform }),
    );
    const openOnce = (): Promise<Forwarder> =>
      forwarders.get("", async () => {
        const { openForwarder } = await import("../forward/open_forwarder.ts");
        return opened.use(await openForwarder({ platform }));
      });
    const parts: TunnelParts = {
      platform,
      ...line,
      servers: list,
      feed,
      openForwarder: openOnce,
      endsWhenUnusable,
      lang,
    };
    group.spawn((tunnelSignal) => runTunnel(plan, parts, tunnelSignal));
  }
  await group.join();
}

/** Values made once for each key. */
class Shared<T> {
  readonly #values = new Map<string, T>();

  get(key: string, make: () => T): T {
    const value = this.#values.get(key) ?? make();
    this.#values.set(key, value);
    return value;
  }
}

function uplinkKey({ family, bindAddress, device, mark }: TunnelPlan): string {
  return JSON.stringify([family, bindAddress, device, mark]);
}

function openUplink(plan: TunnelPlan, platform: Platform): Promise<Uplink> {
  return Uplink.open({
    platform,
    family: plan.family,
    bindAddress: plan.bindAddress,
    device: plan.device,
    mark: plan.mark,
    towards: somewhere(plan),
    canaryServers: plan.canaryServers,
    sentinelHosts: plan.keepAliveHosts,
  });
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
