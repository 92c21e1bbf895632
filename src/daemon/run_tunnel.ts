import { type Endpoint, formatEndpoint } from "../core/endpoint.ts";
import type { Gate } from "../core/gate.ts";
import {
  type GatewayWay,
  isMappingNews,
  type MappingEvent,
  type MappingFields,
  type Reachability,
  type SharingWay,
} from "../core/mapping.ts";
import type { Platform } from "../core/platform.ts";
import { TaskGroup } from "../core/task_group.ts";
import type { Forwarder } from "../forward/forwarder.ts";
import type { Gateway } from "../gateway/open_gateway.ts";
import { keepMapping } from "../keeper/keep_mapping.ts";
import { keepTcp } from "../keeper/keep_tcp.ts";
import { keepUdp } from "../keeper/keep_udp.ts";
import type { Service } from "../keeper/serving_turn.ts";
import type { Uplink } from "../keeper/uplink.ts";
import type { TunnelPlan } from "../plan/tunnel_plan.ts";
import type { StunServerList } from "../stun/server_list.ts";
import { type Suspicion, suspicionOf } from "../stun/suspicion.ts";
import type { Lang } from "../text/lang.ts";
import type { AutoInterval } from "./auto_interval.ts";
import { CheckTokens } from "./check_tokens.ts";
import type { FilteringMemory } from "./filtering_memory.ts";
import type { Lease } from "./leases.ts";
import { awaitService, NOTHING_LISTENS, selfCheck } from "./self_check.ts";
import { serveTest } from "./serve_test.ts";
import { TunnelGateway } from "./tunnel_gateway.ts";
import type { TunnelPulse } from "./tunnel_pulse.ts";

/** What a tunnel shares with the others. */
export interface TunnelParts {
  readonly platform: Platform;
  /** How the port is shared at the moment; absent where nobody else can be on it. */
  readonly sharingWay?: (() => SharingWay | undefined) | undefined;
  readonly uplink: Uplink;
  readonly filtering: FilteringMemory;
  readonly servers: StunServerList;
  /** Bounds the lookups of all tunnels. */
  readonly lookups: Gate;
  /** Bounds the self-checks of all tunnels. */
  readonly checks: Gate;
  /** Shows how it stands. */
  readonly pulse: TunnelPulse;
  /** Told of everything that happens; never waits. */
  readonly tell: (event: MappingEvent) => void;
  /** Opened by the first tunnel that forwards. */
  readonly openForwarder: () => Promise<Forwarder>;
  /** The routers as asked from a local address, shared by all tunnels. */
  readonly takeGateway: (local: string) => Promise<Lease<Gateway>>;
  /** The keep-alive interval, where it is measured. */
  readonly interval?: AutoInterval | undefined;
  /** The port it had before a restart. */
  readonly rememberedPort: number | undefined;
  readonly endsWhenUnusable: boolean;
  readonly lang: Lang;
}

/**
 * One plan at work: keeper, forwarder or test page, self-check.
 *
 * @throws {UnusableNatError} If this NAT cannot do it and `endsWhenUnusable` is set.
 * @throws {BindError} If the port cannot be bound at the first try.
 */
export async function runTunnel(plan: TunnelPlan, parts: TunnelParts, signal: AbortSignal): Promise<void> {
  const { platform, filtering, pulse, tell } = parts;
  const { name, protocol } = plan;
  const tokens = new CheckTokens(platform.random);
  const gateway = new TunnelGateway(plan, { platform, filtering, take: parts.takeGateway });
  pulse.gateway = gateway;
  let mapping: MappingFields | undefined;
  await using group = new TaskGroup(signal);
  let checking: AbortController | undefined;
  const check = (internal: Endpoint, external: Endpoint): void => {
    checking?.abort();
    const { signal: checkSignal } = checking = new AbortController();
    group.spawn(async (wider) => {
      const checked = { plan, platform, tokens, internal, external, filtering: gateway };
      const until = AbortSignal.any([wider, checkSignal]);
      const tellVerdict = async (): Promise<Reachability | undefined> => {
        const reachability = await parts.checks.run(() => selfCheck(checked, until), until);
        if (reachability === undefined) return undefined;
        const { way } = gateway;
        const at = platform.clock.date();
        tell({ event: "checked", name, protocol, at, external, reachability, ...(way && { gateway: way }) });
        return reachability;
      };
      try {
        await gateway.beforeCheck(until);
        let verdict = await tellVerdict();
        if (verdict !== undefined && await gateway.afterCheck(verdict, external, until)) {
          verdict = await tellVerdict();
        }
        const isIdle = verdict?.state === "unverified" && verdict.reason === NOTHING_LISTENS;
        if (plan.waitsForService && isIdle && await awaitService(checked, until)) await tellVerdict();
      } catch (error) {
        // Superseded or stopped while it waited for its turn.
        if (!until.aborted) throw error;
      }
    });
  };
  const serve = async (internal: Endpoint): Promise<Service> => {
    const { forward } = plan;
    if (forward === undefined) {
      const { lang } = parts;
      if (plan.waitsForService) {
        platform.log.info("The port is bound, the service may start now", {
          ...{ name, internal: formatEndpoint(internal) },
        });
      }
      return await serveTest(internal, { plan, platform, tokens, lang, getMapping: () => mapping });
    }
    const forwarder = await parts.openForwarder();
    const session = await forwarder.forward(internal, forward, (record) => {
      tell({ event: "client", name, protocol, at: platform.clock.date(), ...record });
    });
    pulse.forwarding = session;
    return session;
  };
  const emit = (news: MappingEvent): void => {
    if ("external" in news && news.external !== undefined) pulse.forwarding?.retarget(news.external);
    const { way } = gateway;
    const event = withSides(news, { target: pulse.forwarding?.target, sharing: parts.sharingWay?.(), way });
    if (event.event === "lost" || event.event === "unusable") mapping = undefined;
    const isNews = isMappingNews(event);
    if (isNews) {
      mapping = event;
      pulse.confirmedAt = event.at;
    }
    tell(event);
    if (!isNews) return;
    gateway.note(event);
    parts.interval?.note(event.external.address);
    warnOf(suspicionOf(event.external, event.internal), event, platform);
    check(event.internal, event.external);
  };
  const kept = parts.interval?.applyTo(plan) ?? plan;
  await keepMapping(kept, {
    platform,
    uplink: parts.uplink,
    transport: protocol === "tcp" ? keepTcp(kept, platform) : keepUdp(kept, platform),
    servers: parts.servers,
    lookups: parts.lookups,
    rememberedPort: parts.rememberedPort,
    onConfirmed: (at) => pulse.confirmedAt = at,
    control: pulse.control,
    emit,
    serve: (internal) => withGateway(internal, gateway, serve),
    probeFiltering: async (address, probeSignal) =>
      await gateway.behind((await filtering.probe(address, probeSignal)).filtering, probeSignal),
    endsWhenUnusable: parts.endsWhenUnusable,
    signal,
  });
}

/** What routers gave lives as long as the service on the endpoint. */
async function withGateway(
  internal: Endpoint,
  gateway: TunnelGateway,
  serve: (internal: Endpoint) => Promise<Service>,
): Promise<Service> {
  const opened = await gateway.open(internal);
  try {
    const service = await serve(internal);
    return {
      ...(service.suspend && { suspend: () => service.suspend?.() ?? Promise.resolve() }),
      ...(service.resume && { resume: () => service.resume?.() ?? Promise.resolve() }),
      [Symbol.asyncDispose]: async (): Promise<void> => {
        await Promise.all([opened[Symbol.asyncDispose](), service[Symbol.asyncDispose]()]);
      },
    };
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}

interface Sides {
  readonly target: Endpoint | undefined;
  readonly sharing: SharingWay | undefined;
  readonly way: GatewayWay | undefined;
}

function withSides(event: MappingEvent, { target, sharing, way }: Sides): MappingEvent {
  if (!isMappingNews(event)) return event;
  return { ...event, ...(target && { target }), ...(sharing && { sharing }), ...(way && { gateway: way }) };
}

/** Says what is odd about an external endpoint that a STUN server named. */
function warnOf(suspicion: Suspicion, { external }: MappingFields, { log }: Platform): void {
  if (suspicion === "none" || suspicion === "same-as-local") return;
  const fields = { external: formatEndpoint(external) };
  if (suspicion === "fake-ip") {
    return log.warn(
      "The external address is one of 198.18.0.0/15: a transparent proxy answers instead of the STUN server; " +
        "let STUN bypass it (--interface, --mark or a rule in the proxy)",
      fields,
    );
  }
  log.warn(
    `The external address is not a public one (${suspicion}): another NAT stands between it and the internet`,
    fields,
  );
}
