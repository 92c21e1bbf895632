import { type Clock, delay } from "../../../core/clock.ts";
import type { Endpoint } from "../../../core/endpoint.ts";
import type { Logger } from "../../../core/log.ts";
import { noHairpinning, serverOffline, serverStatus } from "./nat1_lines.ts";
import type { ProbeServer } from "./probe_server.ts";

/** Options for {@linkcode ServerWatch}. */
export interface ServerWatchOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly probe: ProbeServer;
  /** Where the server is reached from this host. */
  readonly local: Endpoint;
}

/** Between tries until the server is there. */
const WAIT_MS = 10_000;
/** The same reason is told again after so many tries. */
const TELL_AGAIN = 60;
/** Between looks at a server that is mapped: no keep-alive hangs on it, other than with nat1_traversal. */
const LOOK_MS = 30_000;
/** A status that stays the same is told again after so long. */
const TELL_STATUS_MS = 1_800_000;

/**
 * Looks at the server of the share-port mode and tells what it sees. Other than nat1_traversal it never ends a mapping:
 * that this host does not reach the external endpoint only shows that the NAT has no hairpinning.
 */
export class ServerWatch {
  readonly #options: ServerWatchOptions;
  #offline: { reason: string; tries: number } | undefined;
  #told: { readonly text: string; readonly atMs: number } | undefined;
  #hasWarned = false;

  constructor(options: ServerWatchOptions) {
    this.#options = options;
  }

  /**
   * Waits until the server answers.
   *
   * @throws `signal.reason`, unchanged, if aborted.
   */
  async untilOnline(signal: AbortSignal): Promise<void> {
    while (await this.#lookLocally(signal) === undefined) await delay(this.#options.clock, WAIT_MS, signal);
  }

  /**
   * Looks at the server through its external endpoint, or where that is not reached from here, locally.
   *
   * @throws `signal.reason`, unchanged, when aborted; never ends by itself.
   */
  async watch(external: Endpoint, signal: AbortSignal): Promise<never> {
    const { clock, probe } = this.#options;
    for (;;) {
      const seen = await probe(external, signal);
      const text = seen.kind === "online" ? seen.text : await this.#lookLocally(signal);
      if (seen.kind === "offline" && text !== undefined) this.#warn(seen.reason);
      if (text !== undefined) this.#tellStatus(text);
      await delay(clock, LOOK_MS, signal);
    }
  }

  /** @returns What the server says; `undefined` if it does not answer. */
  async #lookLocally(signal: AbortSignal): Promise<string | undefined> {
    const { probe, local, log } = this.#options;
    const seen = await probe(local, signal);
    if (seen.kind === "online") return seen.text;
    const { reason } = seen;
    const tries = this.#offline?.reason === reason ? this.#offline.tries : 0;
    if (tries % TELL_AGAIN === 0) log.warn(serverOffline(reason));
    this.#offline = { reason, tries: tries + 1 };
    return undefined;
  }

  #tellStatus(text: string): void {
    const { clock, log } = this.#options;
    this.#offline = undefined;
    const nowMs = clock.now();
    if (this.#told?.text === text && nowMs - this.#told.atMs < TELL_STATUS_MS) return;
    this.#told = { text, atMs: nowMs };
    log.info(serverStatus(text));
  }

  #warn(reason: string): void {
    if (!this.#hasWarned) this.#options.log.warn(noHairpinning(reason));
    this.#hasWarned = true;
  }
}
