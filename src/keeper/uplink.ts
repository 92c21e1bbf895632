import type { Endpoint, Family, HostPort } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import type { Platform } from "../core/platform.ts";
import { Canary, type CanaryAlarm } from "./canary.ts";
import { HostRotation } from "./host_rotation.ts";
import { type AnchorProbe, TcpAnchor } from "./tcp_anchor.ts";

/** A sign that mappings may have moved. */
export interface Doubt {
  readonly reason: string;
  /** The NAT was seen to have forgotten its mappings. @default {false} */
  readonly isRestart?: boolean;
}

/** What a user of an {@linkcode Uplink} is told. */
export interface UplinkListener {
  /** The local address towards the internet, now and at each change; `undefined` while there is none. */
  readonly onAddress: (address: string | undefined) => void;
  /** Mappings may have moved. */
  readonly onDoubt: (doubt: Doubt) => void;
}

/** Options for {@linkcode Uplink.open}. */
export interface UplinkOptions {
  readonly platform: Platform;
  readonly family: Family;
  /** Fixed local address; else the one the system would use towards `towards`. */
  readonly bindAddress?: string | undefined;
  readonly device?: string | undefined;
  readonly mark?: number | undefined;
  /** Some endpoint of the internet, for the choice of route; nothing is sent there. */
  readonly towards: Endpoint;
  readonly canaryServers: readonly HostPort[];
  /**
   * Hosts for the sentinel, one TCP connection that notices a restart of the NAT where the canary cannot: with few
   * STUN servers not soon, and never where a NAT gives the same ports again. Empty: none is opened.
   */
  readonly sentinelHosts: readonly HostPort[];
}

/** Netlink tells of most changes; this finds the rest, such as a policy rule. */
const REFRESH_MS = 30_000;
/** While there is no address a lost netlink message must not cost more than this. */
const OFFLINE_REFRESH_MS = 2_000;

/** Longer than a lookup takes, shorter than anyone would wait for a repair. */
const DOUBT_SPACING_MS = 2_000;

/** Two probes lost in a row, 3 s after the last answer: the sentinel is what notices a restart of the NAT. */
const SENTINEL_PROBE: AnchorProbe = { idleSeconds: 1, intervalSeconds: 1, userTimeoutMs: 3_000 };
/** The first packets belong to the mappings. */
const SENTINEL_DELAY_MS = 1_000;

/**
 * One way to the internet: the local address in use, watched, with one canary on it for all its tunnels.
 */
export class Uplink implements AsyncDisposable {
  readonly #options: UplinkOptions;
  readonly #listeners = new Set<UplinkListener>();
  readonly #ended = new AbortController();
  #address: string | undefined;
  /** Why there is no address. */
  #reason: string | undefined;
  #doubtedMs = -Infinity;
  #canary: Canary | undefined;
  #sentinel: TcpAnchor | undefined;
  #sentinelStart: Disposable | undefined;
  /** A doubt that came too soon after another one. */
  #deferred: Disposable | undefined;
  #watch: Disposable | undefined;
  #timer: Disposable | undefined;
  #refreshing: Promise<void> = Promise.resolve();

  private constructor(options: UplinkOptions) {
    this.#options = options;
  }

  /** Finds the local address and starts watching; having none yet is no error. */
  static async open(options: UplinkOptions): Promise<Uplink> {
    const uplink = new Uplink(options);
    uplink.#watch = options.platform.net.watchAddresses(() => {
      uplink.#canary?.nudge();
      uplink.#refresh();
    });
    uplink.#refresh();
    await uplink.#refreshing;
    if (uplink.#address === undefined) {
      options.platform.log.warn("No route to the internet yet; waiting for one", { reason: uplink.#reason });
    }
    return uplink;
  }

  /** The local address in use. */
  get address(): string | undefined {
    return this.#address;
  }

  /** Adds a listener and tells it the address at once. */
  subscribe(listener: UplinkListener): Disposable {
    this.#listeners.add(listener);
    listener.onAddress(this.#address);
    return { [Symbol.dispose]: (): void => void this.#listeners.delete(listener) };
  }

  /**
   * Somebody saw a sign of trouble: every tunnel of the uplink looks. Signs in quick succession are one: when a
   * NAT restarts, hundreds of connections break within a second.
   *
   * @returns Whether the tunnels were told.
   */
  raiseDoubt(doubt: Doubt): boolean {
    const now = this.#options.platform.clock.now();
    if (!doubt.isRestart && now - this.#doubtedMs < DOUBT_SPACING_MS) return false;
    this.#doubtedMs = now;
    for (const listener of this.#listeners) listener.onDoubt(doubt);
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort(new DOMException("The uplink was closed", "AbortError"));
    this.#watch?.[Symbol.dispose]();
    this.#timer?.[Symbol.dispose]();
    await this.#refreshing;
    this.#deferred?.[Symbol.dispose]();
    await this.#closeGuards();
  }

  #refresh(): void {
    this.#refreshing = this.#refreshing.then(() => this.#lookAtAddress());
  }

  async #lookAtAddress(): Promise<void> {
    if (this.#ended.signal.aborted) return;
    const address = await this.#findAddress();
    if (this.#ended.signal.aborted) return;
    if (address !== this.#address) {
      this.#options.platform.log.info(
        address === undefined ? "No route to the internet" : `Local address is ${address}`,
      );
      await this.#closeGuards();
      this.#address = address;
      for (const listener of this.#listeners) listener.onAddress(address);
      if (address !== undefined) await this.#openGuards(address);
    }
    if (this.#ended.signal.aborted) return;
    this.#timer?.[Symbol.dispose]();
    const delayMs = this.#address === undefined ? OFFLINE_REFRESH_MS : REFRESH_MS;
    this.#timer = this.#options.platform.clock.schedule(delayMs, () => this.#refresh());
  }

  async #findAddress(): Promise<string | undefined> {
    const { platform, bindAddress, towards, device, mark } = this.#options;
    try {
      if (bindAddress === undefined) return await platform.net.localAddressTowards(towards, { device, mark });
      using _trial = await platform.net.openDatagram({
        local: { address: bindAddress, port: 0 },
        device,
        remote: towards,
        onDatagram: () => {},
      });
      return bindAddress;
    } catch (error) {
      this.#reason = errorMessage(error);
      platform.log.debug("No local address", { reason: this.#reason });
      return undefined;
    }
  }

  async #openGuards(address: string): Promise<void> {
    const { platform, family, device, mark, canaryServers, sentinelHosts } = this.#options;
    if (canaryServers.length > 0) {
      try {
        const onAlarm = (alarm: CanaryAlarm): void => this.#onAlarm(alarm);
        this.#canary = await Canary.open({
          platform,
          family,
          address,
          device,
          mark,
          servers: canaryServers,
          onAlarm,
        });
      } catch (error) {
        platform.log.warn("Cannot watch the NAT by a canary", { reason: errorMessage(error) });
      }
    }
    if (sentinelHosts.length === 0 || this.#ended.signal.aborted) return;
    this.#sentinelStart = platform.clock.schedule(SENTINEL_DELAY_MS, () => {
      this.#sentinel = TcpAnchor.open({
        platform,
        local: { address, port: 0 },
        device,
        mark,
        hosts: new HostRotation({ hosts: sentinelHosts, family, platform }),
        intervalMs: REFRESH_MS,
        probe: SENTINEL_PROBE,
        onChange: () => {},
        onBreak: (reason) => this.#doubtSoon({ reason: `sentinel: ${reason}` }),
      });
    });
  }

  #onAlarm(alarm: CanaryAlarm): void {
    const isRestart = alarm === "endpoint-changed";
    // What it would tell is known already; a new one can tell of the next restart.
    if (isRestart) this.#sentinel?.renew();
    this.raiseDoubt({ reason: `canary: ${alarm}`, isRestart });
  }

  /** Raises a doubt that nobody repeats: one that comes too soon after another is put off, not dropped. */
  #doubtSoon(doubt: Doubt): void {
    if (this.#ended.signal.aborted || this.#deferred !== undefined || this.raiseDoubt(doubt)) return;
    const { clock } = this.#options.platform;
    this.#deferred = clock.schedule(this.#doubtedMs + DOUBT_SPACING_MS - clock.now(), () => {
      this.#deferred = undefined;
      this.#doubtSoon(doubt);
    });
  }

  async #closeGuards(): Promise<void> {
    this.#canary?.[Symbol.dispose]();
    this.#canary = undefined;
    this.#sentinelStart?.[Symbol.dispose]();
    await this.#sentinel?.[Symbol.asyncDispose]();
    this.#sentinel = undefined;
  }
}
