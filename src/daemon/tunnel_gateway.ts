import type { NatBehavior } from "../core/behavior.ts";
import { openDeadline } from "../core/deadline.ts";
import { type Endpoint, formatEndpoint } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import type { GatewayWay, MappingNews, Reachability } from "../core/mapping.ts";
import type { Platform } from "../core/platform.ts";
import type { GatewayLease, LeaseHop, LeaseState } from "../gateway/lease.ts";
import { needsGateway, wantedExternalPort } from "../gateway/need.ts";
import type { Gateway } from "../gateway/open_gateway.ts";
import { describeWay } from "../gateway/settings.ts";
import type { TunnelPlan } from "../plan/tunnel_plan.ts";
import type { FilteringMemory, FilteringVerdict } from "./filtering_memory.ts";
import type { Lease } from "./leases.ts";

/** Options for {@linkcode TunnelGateway}. */
export interface TunnelGatewayOptions {
  readonly platform: Platform;
  readonly filtering: Pick<FilteringMemory, "look">;
  /** The routers as asked from a local address; shared with other tunnels. */
  readonly take: (local: string) => Promise<Lease<Gateway>>;
}

/** One internal endpoint of the tunnel. */
interface Session {
  readonly internal: Endpoint;
  readonly gateway: Lease<Gateway>;
  lease: GatewayLease | undefined;
  isClosed: boolean;
}

/** Every protocol may be tried one after the other, each of them for seconds. */
const SETTLE_LIMIT_MS = 8_000;

/**
 * What one tunnel has to do with the routers of its user. Whatever goes wrong there is a line in the log: the mapping
 * never depends on it.
 */
export class TunnelGateway {
  readonly #plan: TunnelPlan;
  readonly #options: TunnelGatewayOptions;
  #session: Session | undefined;

  /** Asks nothing. */
  constructor(plan: TunnelPlan, options: TunnelGatewayOptions) {
    this.#plan = plan;
    this.#options = options;
  }

  /** The routers that let strangers in now, the nearest one first; `undefined` if none was asked, or none does. */
  get hops(): readonly LeaseHop[] | undefined {
    const state = this.#session?.lease?.state;
    return state?.kind === "granted" ? state.hops : undefined;
  }

  /** The protocol by which the outermost router lets strangers in; `undefined` if none does. */
  get way(): GatewayWay | undefined {
    return this.hops?.at(-1)?.way;
  }

  /**
   * UDP filtering as it counts for the tunnel's port: where a router lets strangers in to this port alone, that of other
   * ports says nothing.
   */
  look(address: string, signal: AbortSignal): Promise<FilteringVerdict> {
    if (this.way === undefined) return this.#options.filtering.look(address, signal);
    return Promise.resolve({ filtering: "unknown", reason: "a router was asked for this port alone" });
  }

  /** From now on this is bound. Disposing gives back what routers gave, within a second. */
  async open(internal: Endpoint): Promise<AsyncDisposable> {
    const { gateway: { mode }, protocol } = this.#plan;
    const need = needsGateway({ mode, protocol, internal });
    if (!need.asks) return { [Symbol.asyncDispose]: () => Promise.resolve() };
    const session: Session = {
      internal,
      gateway: await this.#options.take(internal.address),
      lease: undefined,
      isClosed: false,
    };
    this.#session = session;
    if (mode === "force") this.#start(session);
    return {
      [Symbol.asyncDispose]: async (): Promise<void> => {
        session.isClosed = true;
        if (this.#session === session) this.#session = undefined;
        await session.lease?.[Symbol.asyncDispose]();
        await session.gateway[Symbol.asyncDispose]();
      },
    };
  }

  /**
   * UDP filtering as it counts for the tunnel's port: where strangers are kept out, routers are asked, and if they let
   * them in, what was seen on another port says nothing about this one.
   *
   * @throws `signal.reason` if aborted.
   */
  async behind(behavior: NatBehavior, signal: AbortSignal): Promise<NatBehavior> {
    const session = this.#session;
    const isShut = behavior === "address-dependent" || behavior === "address-and-port-dependent";
    if (session === undefined || !isShut) return behavior;
    const { gateway: { mode }, protocol, name } = this.#plan;
    const { internal } = session;
    if (!needsGateway({ mode, protocol, internal, filtering: behavior }).asks) return behavior;
    const state = await this.#settle(session, signal);
    if (state?.kind !== "granted") return behavior;
    this.#options.platform.log.info(
      "UDP from strangers is filtered, but a router was asked for this port; whether more stands behind it is not known",
      { name, filtering: behavior },
    );
    return "unknown";
  }

  /** Where a router is asked anyway, waits for its answer: a verdict before that would say nothing. */
  async beforeCheck(signal: AbortSignal): Promise<void> {
    const session = this.#session;
    if (session?.lease !== undefined) await this.#settle(session, signal);
  }

  /**
   * Asks routers if the self-check's verdict says that it is needed.
   *
   * @returns Whether there is reason to check again.
   * @throws `signal.reason` if aborted.
   */
  async afterCheck(reachability: Reachability, external: Endpoint, signal: AbortSignal): Promise<boolean> {
    const session = this.#session;
    if (session === undefined) return false;
    const { internal } = session;
    const { gateway: { mode }, protocol, name } = this.#plan;
    const facts = { mode, protocol, internal, external, reachability };
    if (!needsGateway(facts).asks || reachability.state === "reachable") return false;
    if (mode === "auto" && protocol === "udp" && session.lease === undefined) {
      const { filtering } = await this.#options.filtering.look(internal.address, signal);
      if (!needsGateway({ ...facts, filtering }).asks) return false;
    }
    const before = this.way;
    const state = await this.#settle(session, signal);
    const routerAddress = state?.kind === "granted" ? state.hops.at(-1)?.externalAddress : undefined;
    const wanted = wantedExternalPort(routerAddress, { internal, external });
    const asked = state?.kind === "granted" ? state.hops.at(-1)?.wantedPort : undefined;
    if (asked === undefined || asked === (wanted ?? internal.port)) {
      return this.way !== undefined && this.way !== before;
    }
    this.#options.platform.log.info("The router translates the port itself, so it is asked for its own", {
      ...{ name, external: formatEndpoint(external) },
    });
    session.lease?.retarget(wanted);
    await this.#settle(session, signal);
    return this.way !== undefined;
  }

  /** The mapping is another one, or came back: a router may have restarted. */
  note(news: MappingNews): void {
    if (news.event !== "mapped") this.#session?.lease?.renew();
  }

  #start(session: Session): GatewayLease {
    const { protocol } = this.#plan;
    const { internal } = session;
    return session.lease ??= session.gateway.value.lease({
      ...{ protocol, internal },
      onChange: (state) => this.#tell(state),
    });
  }

  /** Waits for routers to answer; in the mode `auto` one that does not is left alone until the next verdict. */
  async #settle(session: Session, signal: AbortSignal): Promise<LeaseState | undefined> {
    if (session.isClosed) return undefined;
    const lease = this.#start(session);
    using deadline = openDeadline(SETTLE_LIMIT_MS, { clock: this.#options.platform.clock, signal });
    try {
      const state = await lease.settled(deadline.signal);
      const isSilent = state.kind === "failing" && ["silent", "no-router"].includes(state.error.fault);
      if (isSilent && this.#plan.gateway.mode === "auto" && session.lease === lease) {
        session.lease = undefined;
        await lease[Symbol.asyncDispose]();
      }
      return state;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      this.#options.platform.log.debug("Routers take their time", { reason: errorMessage(error) });
      return undefined;
    }
  }

  #tell(state: LeaseState): void {
    const { platform: { log } } = this.#options;
    const { name, protocol, gateway: { mode } } = this.#plan;
    switch (state.kind) {
      case "asking":
        return;
      case "granted":
        for (const hop of state.hops) {
          const { level, text } = describeHop(hop, protocol.toUpperCase());
          log[level](text, { name, external: hop.externalAddress });
        }
        return;
      case "failing": {
        const isQuiet = mode === "auto" && ["silent", "no-router"].includes(state.error.fault);
        log[isQuiet ? "debug" : "warn"]("No router lets strangers in to the port", {
          ...{ name, reason: state.error.message },
        });
      }
    }
  }
}

/** One line about what a router gave. */
export function describeHop(
  { router, way, externalPort, wantedPort, lifetimeSeconds }: LeaseHop,
  protocol: string,
): { readonly level: "info" | "warn"; readonly text: string } {
  const given = `The router ${router} lets ${protocol} port ${externalPort} in (${describeWay(way)})`;
  if (externalPort !== wantedPort) {
    const text =
      `${given} instead of ${wantedPort}, which is of use only if it sends our packets out by that port too`;
    return { level: "warn", text };
  }
  if (lifetimeSeconds === Infinity) {
    const text =
      `${given}; it knows no leases that end, so the port stays open if porthole cannot give it back`;
    return { level: "info", text };
  }
  return { level: "info", text: given };
}
