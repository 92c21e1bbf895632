import type { MeasureLifetimeOptions } from "../behavior/lifetime/measure_lifetime.ts";
import type { TransportLifetime } from "../behavior/lifetime/lifetime_report.ts";
import { delay } from "../core/clock.ts";
import { errorMessage } from "../core/errors.ts";
import type { Platform } from "../core/platform.ts";
import type { TunnelPlan } from "../plan/tunnel_plan.ts";

/** Measures; tests hand in their own. */
export type MeasureLifetime = (options: MeasureLifetimeOptions) => Promise<TransportLifetime>;

/** Options for {@linkcode AutoIntervals}. */
export interface AutoIntervalsOptions {
  readonly platform: Platform;
  /** Starts what goes on in the background; it ends with the tunnels. */
  readonly spawn: (task: (signal: AbortSignal) => Promise<void>) => void;
  /** @default the real one, loaded when it is needed */
  readonly measure?: MeasureLifetime | undefined;
}

/** A lifetime beyond gives the longest interval anyway, so nobody waits longer for it. */
const MAX_MS = 190_000;
/** Measuring takes mappings of the NAT's table and asks a server many times. */
const AGAIN_AFTER_MS = 3_600_000;

/** The keep-alive intervals that are measured: one for all tunnels that leave in the same way. */
export class AutoIntervals {
  readonly #options: AutoIntervalsOptions;
  readonly #intervals = new Map<string, AutoInterval>();

  /** Measures nothing yet. */
  constructor(options: AutoIntervalsOptions) {
    this.#options = options;
  }

  /** The interval of a tunnel; `undefined` if it has a fixed one. */
  of(plan: TunnelPlan): AutoInterval | undefined {
    if (!plan.measuresInterval) return undefined;
    const { protocol, family, bindAddress, device, mark, stunServers, keepAliveHosts } = plan;
    const hosts = protocol === "tcp" ? keepAliveHosts : [];
    const key = JSON.stringify([protocol, family, bindAddress, device, mark, stunServers, hosts]);
    let interval = this.#intervals.get(key);
    if (interval === undefined) this.#intervals.set(key, interval = new AutoInterval(plan, this.#options));
    return interval;
  }
}

/**
 * A keep-alive interval that is measured in the background once a mapping stands, and again after the external address
 * changed, once an hour at the most. Until then, and where nothing could be found out, it is the default.
 */
export class AutoInterval {
  readonly #plan: TunnelPlan;
  readonly #options: AutoIntervalsOptions;
  #chosenMs: number | undefined;
  /** The external address that the last measurement was, or will be, made behind. */
  #address: string | undefined;
  #startedMs: number | undefined;
  #isBusy = false;

  /** Measures nothing yet. */
  constructor(plan: TunnelPlan, options: AutoIntervalsOptions) {
    this.#plan = plan;
    this.#options = options;
  }

  /** Milliseconds, now. */
  get intervalMs(): number {
    return this.#chosenMs ?? this.#plan.intervalMs;
  }

  /** The plan with an interval that follows. */
  applyTo(plan: TunnelPlan): TunnelPlan {
    const current = (): number => this.intervalMs;
    return {
      ...plan,
      get intervalMs(): number {
        return current();
      },
    };
  }

  /** Takes note of where a mapping stands. */
  note(externalAddress: string): void {
    if (externalAddress === this.#address) return;
    this.#address = externalAddress;
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#options.spawn(async (signal) => {
      try {
        let measured: string | undefined;
        do {
          await this.#pause(signal);
          measured = this.#address;
          await this.#measure(signal);
          // It may have changed meanwhile.
        } while (measured !== this.#address);
      } finally {
        this.#isBusy = false;
      }
    });
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options.platform;
    if (this.#startedMs === undefined) return;
    await delay(clock, Math.max(0, this.#startedMs + AGAIN_AFTER_MS - clock.now()), signal);
  }

  async #measure(signal: AbortSignal): Promise<void> {
    const { platform, measure = measureForReal } = this.#options;
    const { protocol, family, bindAddress, device, mark, stunServers, keepAliveHosts } = this.#plan;
    this.#startedMs = platform.clock.now();
    try {
      this.#take(
        await measure({
          ...{ platform, protocol, family, device, mark, stunServers, keepAliveHosts, signal },
          address: bindAddress,
          maxMs: MAX_MS,
        }),
      );
    } catch (error) {
      if (signal.aborted) throw error;
      platform.log.warn("Cannot measure how long mappings live; the keep-alive interval stays as it is", {
        ...{ protocol, intervalMs: this.intervalMs, reason: errorMessage(error) },
      });
    }
  }

  #take({ verdict, aliveMs, deadMs, reason, recommendedMs }: TransportLifetime): void {
    const { platform: { log } } = this.#options;
    const { protocol, intervalMs: defaultMs } = this.#plan;
    const isKnown = verdict !== "unknown" && recommendedMs !== undefined;
    // A lower limit is no reason to hurry.
    if (isKnown) this.#chosenMs = verdict === "measured" ? recommendedMs : Math.max(defaultMs, recommendedMs);
    const fields = { protocol, intervalMs: this.intervalMs, reason };
    if (!isKnown) {
      return log.info(
        "How long mappings live could not be told; the keep-alive interval stays as it is",
        fields,
      );
    }
    log.info("Keep-alive interval chosen by the lifetime of mappings", {
      ...fields,
      aliveMs: Math.floor(aliveMs),
      deadMs: deadMs === undefined ? undefined : Math.ceil(deadMs),
    });
  }
}

const measureForReal: MeasureLifetime = async (options) => {
  const { measureLifetime } = await import("../behavior/lifetime/measure_lifetime.ts");
  return await measureLifetime(options);
};
