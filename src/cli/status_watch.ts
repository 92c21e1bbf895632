import type { Clock } from "../core/clock.ts";
import { delay } from "../core/clock.ts";
import { TaskGroup } from "../core/task_group.ts";
import type { ServiceSnapshot } from "../status/service_snapshot.ts";
import { fetchSnapshot, followEvents } from "../status/status_client.ts";
import { NoDaemonError, StatusRequestError } from "../status/status_errors.ts";

/** Options for {@linkcode watchStatus}. */
export interface WatchOptions {
  readonly clock: Clock;
  /** Ends it, without an error. */
  readonly signal: AbortSignal;
  /** Shows what is new. */
  readonly show: (snapshot: ServiceSnapshot) => void;
  /** Show ages and counters too when nothing else changed, as a terminal does. */
  readonly showsSmallChanges: boolean;
}

/** Twice a second is as much as people read. */
const GAP_MS = 500;
/** Not everything that changes is an event: counters, ages, tunnels that cannot be opened, reloads. */
const POLL_MS = 5_000;

/**
 * Shows how everything stands, and again with every change.
 *
 * @param path Unix socket of the daemon.
 * @throws {NoDaemonError} When the daemon ended.
 */
export async function watchStatus(path: string, options: WatchOptions): Promise<void> {
  const { clock, signal: wider, show, showsSmallChanges } = options;
  const bell = new Bell();
  await using group = new TaskGroup(wider);
  group.spawn(async (signal) => {
    for await (const _event of followEvents(path, { signal, clock })) bell.ring();
    signal.throwIfAborted();
    throw new NoDaemonError([path]);
  });
  group.spawn(async (signal) => {
    let shown = "";
    for (;;) {
      const snapshot = await fetchPatiently(path, { signal, clock });
      const key = keyOf(snapshot);
      if (showsSmallChanges || key !== shown) show(snapshot);
      shown = key;
      await delay(clock, GAP_MS, signal);
      await bell.wait(POLL_MS - GAP_MS, { clock, signal });
    }
  });
  await group.join();
}

interface Surroundings {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** A daemon that ends cuts its answers short: the next try, or the stream of events, tells that it is gone. */
async function fetchPatiently(path: string, { clock, signal }: Surroundings): Promise<ServiceSnapshot> {
  try {
    return await fetchSnapshot(path, { signal, clock });
  } catch (error) {
    if (!(error instanceof StatusRequestError) || error.status !== undefined) throw error;
    await delay(clock, GAP_MS, signal);
    return await fetchSnapshot(path, { signal, clock });
  }
}

/** What makes a snapshot another one for people who read lines. */
function keyOf({ config, configFault, tunnels }: ServiceSnapshot): string {
  const known = tunnels.map(({ clients: _clients, confirmedAt: _confirmedAt, ...rest }) => rest);
  return JSON.stringify([config, configFault, known]);
}

/** Remembers that it was rung until somebody waits. */
class Bell {
  #isRung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#isRung = true;
    this.#wake?.();
  }

  /** Until it is rung, or so many milliseconds are over. */
  async wait(
    limitMs: number,
    options: { readonly clock: Clock; readonly signal: AbortSignal },
  ): Promise<void> {
    const { clock, signal } = options;
    const rung = new AbortController();
    this.#wake = (): void => rung.abort();
    const stop = (): void => rung.abort();
    signal.addEventListener("abort", stop, { once: true });
    // Both ends of the wait are fine; which one it was does not matter.
    if (!this.#isRung && !signal.aborted) await delay(clock, limitMs, rung.signal).catch(() => {});
    signal.removeEventListener("abort", stop);
    this.#wake = undefined;
    this.#isRung = false;
    signal.throwIfAborted();
  }
}
