import { addressBytes, type Endpoint, familyOf, type HostPort, isSameEndpoint } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import { ResolveError } from "../core/net.ts";
import type { Platform } from "../core/platform.ts";
import type { ForwardCounters, ForwardSession } from "./forwarder.ts";
import type { NftListed } from "./nft_json.ts";
import { counterName, type NftTunnel, type TargetWay, type TunnelCounter } from "./nft_ruleset.ts";

/** What a session needs of its forwarder. */
export interface NftKernel {
  readonly platform: Platform;
  /** Runs work after what was asked for before. */
  serially<T>(work: () => Promise<T>): Promise<T>;
  /** Installs every tunnel as it is now. Inside {@linkcode NftKernel.serially} only. */
  install(): Promise<void>;
  chooseWay(target: Endpoint, tunnel: NftTunnel): Promise<TargetWay>;
  listCounters(): Promise<readonly NftListed[]>;
  /** `undefined` if this kernel does not list flows. */
  countActive(tunnel: NftTunnel): Promise<number | undefined>;
  remove(session: NftSession): Promise<void>;
}

/** Options for {@linkcode NftSession}. */
export interface NftSessionOptions {
  readonly kernel: NftKernel;
  readonly tunnel: NftTunnel;
  readonly target: HostPort;
}

/** Counters are asked for again when they are older than this and somebody looks. */
const FRESH_MS = 1000;
/** Names move seldom; a target that moved cannot be noticed otherwise, as the kernel tells of no failures. */
const RESOLVE_AGAIN_MS = 60_000;

/** One tunnel's rules. Disposing removes them. */
export class NftSession implements ForwardSession {
  readonly method = "nftables";
  readonly #kernel: NftKernel;
  readonly #wanted: HostPort;
  #tunnel: NftTunnel;
  #target: Endpoint | undefined;
  #isStale = false;
  #trouble: string | undefined;
  #resolvedAt = 0;
  #countedAt = -Infinity;
  #counters: ForwardCounters = { active: 0, opened: 0, refused: 0, bytesIn: 0, bytesOut: 0 };
  #ending: Promise<void> | undefined;

  constructor({ kernel, tunnel, target }: NftSessionOptions) {
    this.#kernel = kernel;
    this.#tunnel = tunnel;
    this.#wanted = target;
  }

  /** What the rules are made of now. */
  get tunnel(): NftTunnel {
    return this.#tunnel;
  }

  get target(): Endpoint | undefined {
    return this.#target;
  }

  /** As of a moment ago: looking asks the kernel in the background, at most once a second. */
  get counters(): ForwardCounters {
    const now = this.#kernel.platform.clock.now();
    if (now - this.#countedAt >= FRESH_MS && !this.#ending) {
      this.#countedAt = now;
      void this.#recount();
    }
    return this.#counters;
  }

  retarget(external: Endpoint): void {
    if (isSameEndpoint(external, this.#tunnel.external) || this.#ending) return;
    this.#tunnel = { ...this.#tunnel, external };
    this.#isStale = true;
    const { host, port } = this.#wanted;
    // The event that brings the endpoint names the target at once; rules follow, and clear it where they cannot.
    if (port === 0 && addressBytes(host)) this.#target = { address: host, port: external.port };
    void this.#kernel.serially(async () => {
      await this.recheck();
      await this.#kernel.install();
    }).catch((error) => this.#warn("Cannot move the rules to the new external endpoint yet", error));
  }

  /**
   * Finds the target and the way to it. A name that does not resolve is no failure: it may later.
   *
   * @throws {NftError} If the kernel cannot forward there.
   */
  async decide(): Promise<void> {
    this.#target = await this.#findTarget();
    const way = this.#target && await this.#kernel.chooseWay(this.#target, this.#tunnel);
    this.#tunnel = { ...this.#tunnel, way };
  }

  /** Looks again at what may have changed. @returns Whether rules have to be installed. */
  async recheck(): Promise<boolean> {
    const { clock } = this.#kernel.platform;
    const isName = addressBytes(this.#wanted.host) === undefined;
    const isOld = isName &&
      (this.#target === undefined || clock.now() - this.#resolvedAt >= RESOLVE_AGAIN_MS);
    if (!this.#isStale && !isOld) return false;
    const before = JSON.stringify(this.#tunnel);
    try {
      await this.decide();
      this.#isStale = false;
      this.#trouble = undefined;
    } catch (error) {
      // What cannot be forwarded any more must not go to where it went before; it is tried again.
      this.#target = undefined;
      this.#tunnel = { ...this.#tunnel, way: undefined };
      this.#isStale = true;
      if (this.#trouble !== errorMessage(error)) this.#warn("Forwarding stopped", error);
      this.#trouble = errorMessage(error);
    }
    return before !== JSON.stringify(this.#tunnel);
  }

  /** Takes the tunnel's counters from a listing. @returns Whether they were there. */
  takeCounters(listed: readonly NftListed[]): boolean {
    const find = (counter: TunnelCounter): NftListed | undefined =>
      listed.find(({ kind, name }) => kind === "counter" && name === counterName(this.#tunnel.id, counter));
    const [opened, refused] = [find("opened"), find("refused")];
    const [bytesIn, bytesOut] = [find("bytes_in"), find("bytes_out")];
    if (!opened || !refused || !bytesIn || !bytesOut) return false;
    this.#counters = {
      active: this.#counters.active,
      opened: opened.packets,
      refused: refused.packets,
      bytesIn: bytesIn.bytes,
      bytesOut: bytesOut.bytes,
    };
    return true;
  }

  async #recount(): Promise<void> {
    try {
      await this.#kernel.serially(async () => {
        const [listed, active] = await Promise.all([
          this.#kernel.listCounters(),
          this.#kernel.countActive(this.#tunnel),
        ]);
        this.takeCounters(listed);
        if (active !== undefined) this.#counters = { ...this.#counters, active };
      });
    } catch (error) {
      this.#warn("Cannot read the kernel's counters", error);
    }
  }

  async #findTarget(): Promise<Endpoint | undefined> {
    const { host } = this.#wanted;
    const port = this.#wanted.port === 0 ? this.#tunnel.external?.port : this.#wanted.port;
    if (port === undefined) return undefined;
    const { net, clock } = this.#kernel.platform;
    if (addressBytes(host) !== undefined) return { address: host, port };
    this.#resolvedAt = clock.now();
    try {
      const addresses = await net.resolve(host, familyOf(this.#tunnel.internal.address));
      // Staying with one of several avoids rules that change with each turn of a round robin.
      const address = addresses.find((one) => one === this.#target?.address) ?? addresses[0];
      return address === undefined ? undefined : { address, port };
    } catch (error) {
      if (!(error instanceof ResolveError)) throw error;
      this.#warn("Cannot find the target", error);
      return this.#target && { ...this.#target, port };
    }
  }

  #warn(message: string, error: unknown): void {
    this.#kernel.platform.log.warn(message, { tunnel: this.#tunnel.name, reason: errorMessage(error) });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#ending ??= this.#kernel.remove(this);
  }
}
