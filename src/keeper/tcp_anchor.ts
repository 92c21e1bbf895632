import { backoffMs } from "../core/backoff.ts";
import { delay } from "../core/clock.ts";
import { openDeadline } from "../core/deadline.ts";
import { type Endpoint, formatEndpoint, isSameEndpoint } from "../core/endpoint.ts";
import { errorCode, errorMessage } from "../core/errors.ts";
import type { StreamConnection } from "../core/net.ts";
import type { Platform } from "../core/platform.ts";
import type { HostRotation, RotationHost } from "./host_rotation.ts";

/** How fast the kernel's own keep-alive probes notice a dead path (RFC 9293, section 3.8.4). */
export interface AnchorProbe {
  readonly idleSeconds: number;
  readonly intervalSeconds: number;
  /** TCP_USER_TIMEOUT (RFC 5482), in milliseconds. */
  readonly userTimeoutMs: number;
}

/** Options for {@linkcode TcpAnchor.open}. */
export interface TcpAnchorOptions {
  readonly platform: Platform;
  /** Internal endpoint to hold; port 0 takes any. */
  readonly local: Endpoint;
  readonly device?: string | undefined;
  readonly mark?: number | undefined;
  readonly hosts: HostRotation;
  /** Between requests on the connection, in milliseconds. */
  readonly intervalMs: number;
  readonly probe: AnchorProbe;
  /** The connection stands (`true`) or none does (`false`). */
  readonly onChange: (isUp: boolean) => void;
  /** The connection broke, rather than was closed by the host: the NAT may have forgotten it. */
  readonly onBreak: (reason: string) => void;
}

/** A connection that lived shorter says nothing good about its host. */
const SHORT_LIFE_MS = 1_000;
/** A SYN unanswered for so long is asked of another host. */
const CONNECT_LIMIT_MS = 4_000;
const RETRY = { firstMs: 1_000, maxMs: 15_000 } as const;
/** Time for an answer on a living path, one retransmission included. */
const CHECK_LIMIT_MS = 2_500;

/**
 * The TCP connection that holds a mapping: kept to one of several busy HTTP hosts and judged by TCP alone. What
 * the host answers, how often it closes and which status it sends are of no interest.
 *
 * A new connection is opened before an old one is given up where the two differ in destination, and old ones are
 * closed by RST, so that neither TIME_WAIT nor FIN-WAIT can block the port.
 */
export class TcpAnchor implements AsyncDisposable {
  readonly #options: TcpAnchorOptions;
  readonly #ended = new AbortController();
  #current: StreamConnection | undefined;
  #renewal = new AbortController();
  /** Asks for an answer at once, while a connection stands. */
  #check: (() => void) | undefined;
  #overdue: Disposable | undefined;
  #isUp = false;
  #running: Promise<void> = Promise.resolve();

  private constructor(options: TcpAnchorOptions) {
    this.#options = options;
  }

  /** Starts connecting; never fails, it goes on trying until disposed. */
  static open(options: TcpAnchorOptions): TcpAnchor {
    const anchor = new TcpAnchor(options);
    anchor.#running = anchor.#run();
    return anchor;
  }

  /** Gives the connection up at once and opens another: the NAT is known to have forgotten it. */
  renew(): void {
    this.#current?.abort();
    this.#current = undefined;
    if (this.#isUp) this.#tell("down");
    this.#renewal.abort(new DOMException("The anchor is renewed", "AbortError"));
  }

  /**
   * Asks the host now instead of at the next interval; if it stays silent, another connection is opened before
   * this one is given up. A restarted NAT forgets silently, and kernel probes take longer to tell.
   */
  check(): void {
    this.#check?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort(new DOMException("The anchor was closed", "AbortError"));
    this.renew();
    await this.#running;
  }

  #tell(state: "up" | "down"): void {
    this.#isUp = state === "up";
    this.#options.onChange(this.#isUp);
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#ended.signal.aborted) {
      this.#renewal = new AbortController();
      const signal = this.#renewal.signal;
      try {
        const livedMs = await this.#holdOne(signal);
        if (livedMs >= SHORT_LIFE_MS) failures = 0;
        else failures += 1;
      } catch (error) {
        if (signal.aborted) continue;
        failures += 1;
        this.#options.platform.log.debug("Keep-alive host failed", { reason: errorMessage(error) });
      }
      if (failures > 0) await this.#pause(failures, signal);
    }
    this.#current?.abort();
  }

  /** The first failure is followed by another host at once; only a row of them waits. */
  async #pause(failures: number, signal: AbortSignal): Promise<void> {
    if (failures === 1) return;
    const { clock, random } = this.#options.platform;
    try {
      await delay(clock, backoffMs(failures - 1, random, RETRY), signal);
    } catch {
      // Renewed or closed: the loop looks at it.
    }
  }

  /** Connects to the next host and stays until that ends; returns how long it lasted. */
  async #holdOne(signal: AbortSignal): Promise<number> {
    const { hosts, platform } = this.#options;
    const host = await hosts.take(0, signal);
    if (host === undefined) throw new Error("No keep-alive host resolves");
    const ending = Promise.withResolvers<Error | undefined>();
    const connection = await this.#connect(host, signal, ending.resolve);
    if (signal.aborted) {
      connection.abort();
      throw signal.reason;
    }
    this.#current?.abort();
    this.#current = connection;
    hosts.reportSuccess(host);
    const since = platform.clock.now();
    platform.log.debug("Keep-alive connection stands", { host: formatEndpoint(host.spec) });
    this.#tell("up");
    const error = await this.#converse(connection, host, { signal, ending: ending.promise });
    const livedMs = platform.clock.now() - since;
    if (signal.aborted) return livedMs;
    platform.log.debug("Keep-alive connection ended", {
      host: formatEndpoint(host.spec),
      reason: error === undefined ? "closed or silent" : errorMessage(error),
    });
    this.#tell("down");
    if (error !== undefined) {
      connection.abort();
      this.#current = undefined;
      this.#options.onBreak(errorCode(error) ?? errorMessage(error));
    }
    return livedMs;
  }

  async #connect(
    host: RotationHost,
    signal: AbortSignal,
    onEnd: (error?: Error) => void,
  ): Promise<StreamConnection> {
    const { platform, local, device, mark, hosts, probe } = this.#options;
    // The same four-tuple cannot exist twice.
    if (isSameEndpoint(this.#current?.remote, host.endpoint)) {
      this.#current?.abort();
      this.#current = undefined;
    }
    using deadline = openDeadline(CONNECT_LIMIT_MS, { clock: platform.clock, signal });
    try {
      return await platform.net.connectStream({
        local,
        remote: host.endpoint,
        device,
        mark,
        reusePort: true,
        signal: deadline.signal,
        probe,
        onData: () => this.#takeAnswer(),
        onEnd,
      });
    } catch (error) {
      if (!signal.aborted) hosts.reportFailure(host);
      throw error;
    }
  }

  #takeAnswer(): void {
    this.#overdue?.[Symbol.dispose]();
    this.#overdue = undefined;
  }

  /** Sends a request each interval until the connection ends, fails a check, or the signal is aborted. */
  async #converse(
    connection: StreamConnection,
    host: RotationHost,
    until: { readonly signal: AbortSignal; readonly ending: Promise<Error | undefined> },
  ): Promise<Error | undefined> {
    const { platform } = this.#options;
    const request = new TextEncoder().encode(
      `HEAD / HTTP/1.1\r\nHost: ${host.spec.host}\r\nConnection: keep-alive\r\n\r\n`,
    );
    let timer: Disposable | undefined;
    const ask = (): void => {
      connection.write(request);
      timer = platform.clock.schedule(this.#options.intervalMs, ask);
    };
    timer = platform.clock.schedule(this.#options.intervalMs, ask);
    const given = Promise.withResolvers<undefined>();
    const stop = (): void => given.resolve(undefined);
    this.#check = (): void => {
      if (this.#overdue !== undefined) return;
      this.#overdue = platform.clock.schedule(CHECK_LIMIT_MS, stop);
      connection.write(request);
    };
    until.signal.addEventListener("abort", stop, { once: true });
    if (until.signal.aborted) stop();
    try {
      return await Promise.race([until.ending, given.promise]);
    } finally {
      timer[Symbol.dispose]();
      this.#check = undefined;
      this.#takeAnswer();
      until.signal.removeEventListener("abort", stop);
    }
  }
}
