import { type Clock, delay } from "../../core/clock.ts";
import type { Finding } from "../nat_report.ts";
import type { UdpBench } from "./udp_bench.ts";

/** Which direction of traffic keeps a mapping (RFC 4787, section 4.3). */
export interface RefreshFindings {
  /** Traffic from outside. */
  readonly inbound: Finding;
  /** Traffic from inside. */
  readonly outbound: Finding;
}

/** Often enough for every lifetime that is of use. */
const EVERY_MS = 3_000;
/** Later less often, so that the packets stay bounded. */
const EVERY_PART = 0.05;

/**
 * Lets something come in every few seconds at a socket that never sends, for as long as the search runs, from a socket
 * that sends all the time. Whether both are still mapped when others have died tells which direction keeps a mapping.
 */
export class RefreshWatch {
  readonly #bench: UdpBench;
  readonly #clock: Clock;
  readonly #startMs: number;
  #diedAtMs: number | undefined;

  /** Begins to count now. */
  constructor(bench: UdpBench, clock: Clock) {
    this.#bench = bench;
    this.#clock = clock;
    this.#startMs = clock.now();
  }

  /**
   * Knocks until nothing arrives any more.
   *
   * @throws `signal.reason` if aborted.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { asker, watched } = this.#bench;
    for (;;) {
      await delay(this.#clock, EVERY_MS + (this.#clock.now() - this.#startMs) * EVERY_PART, signal);
      if (!await this.#bench.reaches(watched, asker, signal)) break;
    }
    this.#diedAtMs = this.#clock.now();
  }

  /**
   * What it means, once it is known when idle mappings die.
   *
   * @throws `signal.reason` if aborted.
   */
  async conclude(
    bounds: { readonly aliveMs: number; readonly deadMs: number | undefined },
    signal: AbortSignal,
  ): Promise<RefreshFindings> {
    const { asker, watched, way } = this.#bench;
    const { aliveMs, deadMs } = bounds;
    const isTold = deadMs !== undefined && aliveMs > 2 * EVERY_MS &&
      (way === "response-port" || way === "hairpin");
    if (!isTold || this.#clock.now() - this.#startMs < deadMs) {
      return { inbound: "unknown", outbound: "unknown" };
    }
    const isAlive = this.#diedAtMs === undefined && await this.#bench.reaches(watched, asker, signal);
    // One that died much earlier than idle ones was lost otherwise.
    const diedAfterMs = (this.#diedAtMs ?? Infinity) - this.#startMs;
    const inbound = isAlive ? "yes" : diedAfterMs > aliveMs * 0.7 ? "no" : "unknown";
    const isKept = await this.#bench.reaches(asker, watched, signal);
    // If nothing comes in at the asker, its own mapping may be another one than the server saw at first.
    return { inbound, outbound: isKept ? "yes" : "unknown" };
  }
}
