import { errorMessage } from "../core/errors.ts";
import { Feed } from "../core/feed.ts";
import type { MappingEvent } from "../core/mapping.ts";
import type { Platform } from "../core/platform.ts";
import type { TunnelPlan } from "../plan/tunnel_plan.ts";
import type { Lang } from "../text/lang.ts";
import { TunnelSet } from "./tunnel_set.ts";

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
 * Runs these tunnels and hands their events to `emit`; the first failure ends all. Resolves after `signal` was
 * aborted and everything is released.
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
  await using tunnels = new TunnelSet({ platform, feed, lang, endsWhenUnusable, signal });
  await tunnels.apply(plans);
  await tunnels.join();
}
