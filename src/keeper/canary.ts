import { type Endpoint, type Family, formatEndpoint, type HostPort } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import type { DatagramSocket } from "../core/net.ts";
import type { Platform } from "../core/platform.ts";
import { BindingTransactions, type PendingTransaction } from "../stun/transactions.ts";
import { CanaryMemory } from "./canary_memory.ts";
import { HostRotation, type RotationHost } from "./host_rotation.ts";

/** What made the canary sing. */
export type CanaryAlarm = "endpoint-changed" | "silence";

/** Options for {@linkcode Canary.open}. */
export interface CanaryOptions {
  readonly platform: Platform;
  readonly family: Family;
  /** Local address to watch. */
  readonly address: string;
  readonly device?: string | undefined;
  readonly mark?: number | undefined;
  /** STUN servers over UDP to spread the requests over. */
  readonly servers: readonly HostPort[];
  /** Called at once when mappings of this address may have moved. */
  readonly onAlarm: (alarm: CanaryAlarm) => void;
}

/** No server is asked more often than this, out of politeness. */
const SERVER_SPACING_MS = 10_000;
/** How early a restart of the NAT is noticed, given enough servers. */
const TICK_MS = 2_000;
/** Most round trips are shorter; the next server is asked rather than the same one again. */
const PATIENCE_MS = 700;
/** So many unanswered requests in a row are not the servers' fault any more. */
const SILENCE_REQUESTS = 3;

/** On a slow link answers come after the patience is over; so many requests are remembered for them. */
const LATE_ANSWERS = 32;

/** Servers needed so that each tick finds one that may be asked. */
export const SERVERS_FOR_FAST_CANARY: number = SERVER_SPACING_MS / TICK_MS;

/**
 * A UDP socket of its own on one local address that asks STUN servers in turn, and notices from the answers that
 * the NAT restarted or the external address changed, long before the mappings' own keep-alives would.
 */
export class Canary implements Disposable {
  readonly #options: CanaryOptions;
  readonly #rotation: HostRotation;
  readonly #memory = new CanaryMemory();
  readonly #transactions: BindingTransactions<RotationHost>;
  readonly #patience = new Map<string, Disposable>();
  /** Servers that answered when they were last asked. */
  readonly #answering = new Set<HostPort>();
  readonly #ended = new AbortController();
  #socket: DatagramSocket | undefined;
  #timer: Disposable | undefined;
  #unanswered = 0;
  #isAsking = false;

  private constructor(options: CanaryOptions) {
    this.#options = options;
    const { servers, family, platform } = options;
    this.#rotation = new HostRotation({ hosts: servers, family, platform });
    this.#transactions = new BindingTransactions({
      randomBytes: (length) => platform.random.bytes(length),
      maxPending: LATE_ANSWERS,
    });
  }

  /**
   * Binds the socket and starts asking.
   *
   * @throws {Error} If the address cannot be bound.
   */
  static async open(options: CanaryOptions): Promise<Canary> {
    const canary = new Canary(options);
    const { platform, address, device, mark } = options;
    canary.#socket = await platform.net.openDatagram({
      local: { address, port: 0 },
      device,
      mark,
      onDatagram: (data, from) => canary.#onDatagram(data, from),
    });
    canary.#tick();
    return canary;
  }

  /** Asks now, if a server may be asked. */
  nudge(): void {
    this.#tick();
  }

  [Symbol.dispose](): void {
    this.#ended.abort(new DOMException("The canary was closed", "AbortError"));
    this.#timer?.[Symbol.dispose]();
    for (const patience of this.#patience.values()) patience[Symbol.dispose]();
    this.#patience.clear();
    this.#socket?.[Symbol.dispose]();
  }

  #tick(): void {
    if (this.#ended.signal.aborted) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#options.platform.clock.schedule(this.#pauseMs(), () => this.#tick());
    void this.#ask();
  }

  #pauseMs(): number {
    return Math.max(TICK_MS, SERVER_SPACING_MS / Math.max(1, this.#options.servers.length));
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      const host = await this.#rotation.take(SERVER_SPACING_MS, this.#ended.signal);
      if (host !== undefined && !this.#ended.signal.aborted) this.#send(host);
    } catch (error) {
      if (!this.#ended.signal.aborted) {
        this.#options.platform.log.debug("Canary cannot ask", { reason: errorMessage(error) });
      }
    } finally {
      this.#isAsking = false;
    }
  }

  #send(host: RotationHost): void {
    const request = this.#transactions.open({ server: host.endpoint, tag: host });
    this.#patience.set(
      request.key,
      this.#options.platform.clock.schedule(PATIENCE_MS, () => this.#onSilence(request)),
    );
    this.#socket?.send(request.bytes, host.endpoint);
  }

  #onSilence(request: PendingTransaction<RotationHost>): void {
    this.#patience.delete(request.key);
    this.#rotation.reportFailure(request.tag);
    // A server that was silent before tells nothing new.
    if (!this.#answering.delete(request.tag.spec)) return;
    this.#unanswered += 1;
    const isSilent = this.#unanswered === SILENCE_REQUESTS ||
      (this.#answering.size === 0 && this.#unanswered < SILENCE_REQUESTS);
    if (isSilent) this.#options.onAlarm("silence");
    this.#tick();
  }

  #onDatagram(data: Uint8Array, from: Endpoint): void {
    const accepted = this.#transactions.accept(data, from);
    if (accepted.kind === "dropped") return;
    const { key, tag: host } = accepted.transaction;
    this.#patience.get(key)?.[Symbol.dispose]();
    this.#patience.delete(key);
    if (accepted.kind === "refusal") return this.#rotation.reportFailure(host);
    const { reflexive } = accepted.answer;
    this.#rotation.reportSuccess(host);
    if (this.#answering.size === 0) this.#rotation.forgive();
    this.#unanswered = 0;
    this.#answering.add(host.spec);
    if (!this.#memory.accept(formatEndpoint(host.spec), reflexive)) return;
    this.#options.platform.log.debug("Canary was mapped anew", {
      reflexive: formatEndpoint(reflexive),
      server: formatEndpoint(host.spec),
    });
    this.#options.onAlarm("endpoint-changed");
  }
}
