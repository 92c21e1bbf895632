import { type Clock, systemClock } from "../core/clock.ts";
import { type MappingEvent, type Protocol, tunnelKey } from "../core/mapping.ts";
import type { ServiceSnapshot } from "./service_snapshot.ts";
import { type TunnelId, TunnelRecord } from "./tunnel_record.ts";
import type { TunnelVitals } from "./tunnel_vitals.ts";

/** Options for {@linkcode StatusBoard}. */
export interface StatusBoardOptions {
  readonly version: string;
  readonly pid: number;
  readonly startedAt: Date;
  /** Path of the configuration; absent where there is none. */
  readonly configFile?: string | undefined;
  /** Dates what carries no date itself: new tunnels and failures. @default {systemClock} */
  readonly clock?: Pick<Clock, "date">;
  /** Told after every change but those of counters; it must not block. */
  readonly onChange?: (() => void) | undefined;
}

/** The last try to load the configuration. */
export interface ConfigNews {
  readonly loadedAt: Date;
  /** Why it changed nothing; `undefined` if it worked. */
  readonly fault: string | undefined;
}

/** What a tunnel knows of itself now; `undefined` if it knows nothing. */
export type VitalsOf = (name: string, protocol: Protocol) => TunnelVitals | undefined;

/**
 * Everything that is known of the service, gathered from its events. It does no I/O; events of tunnels that it was
 * not told of (those that just left) are ignored.
 */
export class StatusBoard {
  readonly #options: StatusBoardOptions;
  readonly #clock: Pick<Clock, "date">;
  #records = new Map<string, { readonly id: TunnelId; readonly record: TunnelRecord }>();
  #config: ConfigNews | undefined;

  constructor(options: StatusBoardOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Adds a tunnel behind the others; one that is there stays as it is. */
  add(id: TunnelId): void {
    const key = tunnelKey(id);
    if (this.#records.has(key)) return;
    this.#records.set(key, { id, record: new TunnelRecord(id, this.#clock.date()) });
    this.#options.onChange?.();
  }

  /** Forgets a tunnel. */
  remove(id: TunnelId): void {
    if (this.#records.delete(tunnelKey(id))) this.#options.onChange?.();
  }

  /** Shows exactly these, in this order; those that are there already keep what is known of them. */
  setTunnels(ids: Iterable<TunnelId>): void {
    const before = this.#records;
    this.#records = new Map();
    const since = this.#clock.date();
    for (const id of ids) {
      const known = before.get(tunnelKey(id)) ?? { id, record: new TunnelRecord(id, since) };
      this.#records.set(tunnelKey(id), known);
    }
    this.#options.onChange?.();
  }

  /** Takes an event; one about a client costs a comparison. */
  note(event: MappingEvent): void {
    if (event.event === "client") return;
    const known = this.#records.get(tunnelKey(event));
    if (known === undefined) return;
    known.record.note(event);
    this.#options.onChange?.();
  }

  /** A tunnel could not be opened, or ended with an error; it is tried again. */
  fail(name: string, reason: string): void {
    const at = this.#clock.date();
    for (const { id, record } of this.#records.values()) if (id.name === name) record.fail(reason, at);
    this.#options.onChange?.();
  }

  /** Tells when the configuration was loaded last, and why that changed nothing. */
  setConfig(news: ConfigNews): void {
    this.#config = news;
    this.#options.onChange?.();
  }

  /**
   * Takes the counters of every tunnel; called every few seconds, it gives the rates of the snapshot.
   *
   * @param nowMs Monotonic.
   */
  sample(nowMs: number, vitalsOf: VitalsOf): void {
    for (const { id, record } of this.#records.values()) {
      record.sample(nowMs, vitalsOf(id.name, id.protocol));
    }
  }

  /** How everything stands; keys are in the order they are written. */
  snapshot(now: Date, vitalsOf: VitalsOf): ServiceSnapshot {
    const { version, pid, startedAt, configFile } = this.#options;
    const config = this.#config;
    return {
      version,
      pid,
      startedAt: startedAt.toISOString(),
      at: now.toISOString(),
      ...(configFile !== undefined && { config: configFile }),
      ...(config && { configLoadedAt: config.loadedAt.toISOString() }),
      ...(config?.fault !== undefined && { configFault: config.fault }),
      tunnels: [...this.#records.values()].map(({ id, record }) =>
        record.snapshot(vitalsOf(id.name, id.protocol))
      ),
    };
  }
}
