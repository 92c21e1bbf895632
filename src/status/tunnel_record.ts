import { type Endpoint, familyOf, formatEndpoint, isSameEndpoint } from "../core/endpoint.ts";
import { encodeIp4p } from "../core/ip4p.ts";
import type {
  ChangedEvent,
  HookEvent,
  LostEvent,
  MappedEvent,
  MappingEvent,
  Protocol,
  Reachability,
  RestoredEvent,
} from "../core/mapping.ts";
import { addSample, type CounterSample, ratesOf } from "./rates.ts";
import type {
  ClientsSnapshot,
  GatewaySnapshot,
  HookSnapshot,
  PublishSnapshot,
  TunnelSnapshot,
  TunnelState,
} from "./service_snapshot.ts";
import type { TunnelVitals } from "./tunnel_vitals.ts";

/** Which tunnel. */
export interface TunnelId {
  readonly name: string;
  readonly protocol: Protocol;
}

/** What is known of one tunnel from its events; no I/O, no clock. */
export class TunnelRecord {
  readonly #id: TunnelId;
  #state: TunnelState = "opening";
  #since: Date;
  #internal: Endpoint | undefined;
  #external: Endpoint | undefined;
  #target: Endpoint | undefined;
  #reason: string | undefined;
  /** When an event last named the external endpoint: counts until the keeper tells more. */
  #announcedAt: Date | undefined;
  /** Survives a loss and a new start, so that `changes` counts what the world saw. */
  #lastExternal: Endpoint | undefined;
  #changes = 0;
  #reachability: Reachability | undefined;
  readonly #hooks = new Map<string, HookSnapshot>();
  readonly #publish = new Map<string, PublishSnapshot>();
  #samples: readonly CounterSample[] = [];

  /** @param since When the tunnel came to be. */
  constructor(id: TunnelId, since: Date) {
    this.#id = { name: id.name, protocol: id.protocol };
    this.#since = since;
  }

  /** Takes an event of this tunnel. Those about clients change nothing here: counters tell more. */
  note(event: MappingEvent): void {
    switch (event.event) {
      case "mapped":
      case "changed":
      case "restored":
        return this.#announce(event);
      case "lost":
        return this.#lose(event);
      case "unusable":
        this.#close("unusable", { reason: event.reason, at: event.at });
        this.#internal = event.internal;
        return;
      case "stopped":
        return this.#close("opening", { reason: "stopped", at: event.at });
      case "checked":
        // A verdict on an endpoint that is gone says nothing about the present one.
        if (this.#state === "mapped" && isSameEndpoint(event.external, this.#external)) {
          this.#reachability = event.reachability;
        }
        return;
      case "hook":
        return this.#noteHook(event);
      case "published":
      case "publish-failed":
        this.#publish.set(JSON.stringify([event.provider, event.place]), {
          provider: event.provider,
          ...(event.place !== undefined && { place: event.place }),
          state: event.event === "published" ? "published" : "failed",
          external: formatEndpoint(event.external),
          ...(event.event === "publish-failed" && { reason: event.reason }),
          at: event.at.toISOString(),
        });
        return;
      case "client":
        return;
    }
  }

  /** The tunnel could not be opened, or ended with an error; it is tried again. */
  fail(reason: string, at: Date): void {
    this.#close("failed", { reason, at });
  }

  /** Takes the counters, for the rates. */
  sample(nowMs: number, vitals: TunnelVitals | undefined): void {
    const { forward } = vitals ?? {};
    const { bytesIn, bytesOut } = forward ?? {};
    this.#samples = bytesIn === undefined || bytesOut === undefined
      ? []
      : addSample(this.#samples, { atMs: nowMs, bytesIn, bytesOut });
  }

  /** How it stands; keys are in the order they are written. */
  snapshot(vitals: TunnelVitals | undefined): TunnelSnapshot {
    const external = this.#external;
    const confirmedAt = external && this.#announcedAt && (vitals?.confirmedAt ?? this.#announcedAt);
    return {
      ...this.#id,
      state: this.#state,
      since: this.#since.toISOString(),
      ...(this.#internal && { internal: formatEndpoint(this.#internal) }),
      ...(external && { external: formatEndpoint(external) }),
      ...(external && familyOf(external.address) === 4 && { ip4p: encodeIp4p(external) }),
      ...(this.#target && { target: formatEndpoint(this.#target) }),
      ...(this.#reason !== undefined && { reason: this.#reason }),
      ...(confirmedAt && { confirmedAt: confirmedAt.toISOString() }),
      ...reachabilityFields(this.#reachability),
      ...(vitals?.gateway && { gateway: vitals.gateway.map(gatewayOf) }),
      changes: this.#changes,
      hooks: [...this.#hooks.values()],
      publish: [...this.#publish.values()],
      ...(vitals?.forward && { clients: this.#clients(vitals.forward) }),
    };
  }

  #announce(event: MappedEvent | ChangedEvent | RestoredEvent): void {
    const { internal, external, target, at } = event;
    if (this.#lastExternal !== undefined && !isSameEndpoint(this.#lastExternal, external)) this.#changes++;
    if (!isSameEndpoint(this.#external, external)) this.#reachability = undefined;
    this.#enter("mapped", at);
    this.#internal = internal;
    this.#external = external;
    this.#lastExternal = external;
    this.#target = target;
    this.#announcedAt = at;
    this.#reason = undefined;
  }

  #lose({ reason, at, internal, external }: LostEvent): void {
    this.#enter("lost", at);
    this.#internal = internal ?? this.#internal;
    this.#external = external ?? this.#external;
    this.#reason = reason;
    this.#reachability = undefined;
  }

  /** Nothing is announced any more. */
  #close(state: TunnelState, { reason, at }: { readonly reason: string; readonly at: Date }): void {
    this.#enter(state, at);
    this.#internal = undefined;
    this.#external = undefined;
    this.#target = undefined;
    this.#announcedAt = undefined;
    this.#reachability = undefined;
    this.#reason = reason;
  }

  #enter(state: TunnelState, at: Date): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#since = at;
  }

  #noteHook({ command, status, error, output, skipped = 0, at }: HookEvent): void {
    const before = this.#hooks.get(command);
    const hasFailed = error !== undefined || status !== 0;
    this.#hooks.set(command, {
      command,
      runs: (before?.runs ?? 0) + 1,
      failures: (before?.failures ?? 0) + (hasFailed ? 1 : 0),
      skipped: (before?.skipped ?? 0) + skipped,
      ...(status !== undefined && { status }),
      ...(error !== undefined && { error }),
      ...(output !== undefined && { output }),
      at: at.toISOString(),
    });
  }

  #clients(forward: NonNullable<TunnelVitals["forward"]>): ClientsSnapshot {
    const { method, active, opened, refused, bytesIn, bytesOut } = forward;
    return { method, active, opened, refused, bytesIn, bytesOut, ...ratesOf(this.#samples) };
  }
}

function reachabilityFields(seen: Reachability | undefined): Partial<TunnelSnapshot> {
  if (seen === undefined) return {};
  return seen.state === "reachable"
    ? { reachability: "reachable", evidence: seen.evidence }
    : { reachability: "unverified", evidence: seen.reason };
}

function gatewayOf(hop: NonNullable<TunnelVitals["gateway"]>[number]): GatewaySnapshot {
  const { router, way, externalAddress, externalPort } = hop;
  return {
    router,
    way,
    ...(externalAddress !== undefined && { address: externalAddress }),
    port: externalPort,
  };
}
