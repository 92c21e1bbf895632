import { backoffMs } from "../core/backoff.ts";
import {
  addressBytes,
  type Endpoint,
  type Family,
  formatEndpoint,
  type HostPort,
  isSameEndpoint,
} from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import type { Platform } from "../core/platform.ts";

/** Names are asked for again so often although the target works: home networks change. */
const REFRESH_MS = 300_000;

/** What a {@linkcode TargetResolver} needs. */
export interface TargetResolverOptions {
  readonly platform: Platform;
  /** Port 0 is the external port of the moment. */
  readonly target: HostPort;
  /** Told of each new list, best first; must not block. */
  readonly onTargets: (targets: readonly Endpoint[]) => void;
  /** Addresses of this family come first. @default {4} */
  readonly preferredFamily?: Family;
}

/**
 * Keeps the endpoints of a target known. Names are resolved in both families, again every five minutes, and
 * with growing pauses after failures; the last list stays in use while the resolver gives nothing.
 */
export class TargetResolver implements AsyncDisposable {
  readonly #options: TargetResolverOptions;
  readonly #closing = new AbortController();
  readonly #isLiteral: boolean;
  #addresses: readonly string[] = [];
  #targets: readonly Endpoint[] = [];
  #externalPort: number | undefined;
  #failures = 0;
  /** The name does not resolve, which was said. */
  #isSilent = false;
  #lookedAtMs = -Infinity;
  #looking: Promise<void> | undefined;
  #timer: { readonly dueMs: number; readonly schedule: Disposable } | undefined;

  private constructor(options: TargetResolverOptions) {
    this.#options = options;
    this.#isLiteral = addressBytes(options.target.host) !== undefined;
  }

  /** Begins; literal addresses are told at once, before it returns. */
  static start(options: TargetResolverOptions): TargetResolver {
    const resolver = new TargetResolver(options);
    if (resolver.#isLiteral) resolver.#take([options.target.host]);
    else resolver.#look();
    return resolver;
  }

  /** Endpoints to try in turn; empty until the name is resolved and, for port 0, the external port is known. */
  get targets(): readonly Endpoint[] {
    return this.#targets;
  }

  /** The external endpoint has this port now. */
  setExternalPort(port: number): void {
    this.#externalPort = port;
    this.#publish();
  }

  /** No endpoint of the list could be connected to: perhaps the name means another one by now. Cheap to call often. */
  reportFailure(): void {
    if (this.#isLiteral || this.#looking !== undefined) return;
    const { clock, random } = this.#options.platform;
    const dueMs = this.#lookedAtMs + backoffMs(this.#failures + 1, random);
    if (this.#timer !== undefined && this.#timer.dueMs <= dueMs) return;
    this.#failures++;
    this.#lookAfter(Math.max(0, dueMs - clock.now()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new DOMException("The target is not needed any more", "AbortError"));
    this.#timer?.schedule[Symbol.dispose]();
    this.#timer = undefined;
    await this.#looking;
  }

  #lookAfter(delayMs: number): void {
    this.#timer?.schedule[Symbol.dispose]();
    const { clock } = this.#options.platform;
    const schedule = clock.schedule(delayMs, () => {
      this.#timer = undefined;
      if (delayMs === REFRESH_MS) this.#failures = 0; // nobody complained for so long
      this.#look();
    });
    this.#timer = { dueMs: clock.now() + delayMs, schedule };
  }

  #look(): void {
    this.#looking = this.#resolve()
      .catch((error) =>
        this.#options.platform.log.error("Cannot follow target", { reason: errorMessage(error) })
      )
      .finally(() => this.#looking = undefined);
  }

  async #resolve(): Promise<void> {
    const { platform, target, preferredFamily = 4 } = this.#options;
    const families: readonly Family[] = preferredFamily === 4 ? [4, 6] : [6, 4];
    const lists: (readonly string[])[] = [[], []];
    const ask = async (family: Family, index: number): Promise<void> => {
      const addresses = await platform.net.resolve(target.host, family, this.#closing.signal);
      lists[index] = addresses;
      // A resolver that swallows questions for the other family must not keep the first client waiting.
      if (this.#addresses.length === 0) this.#take(addresses);
    };
    const results = await Promise.allSettled(families.map(ask));
    if (this.#closing.signal.aborted) return;
    this.#lookedAtMs = platform.clock.now();
    if (lists.some((list) => list.length > 0)) {
      if (this.#take(lists.flat())) this.#failures = 0;
      this.#isSilent = false;
      return this.#lookAfter(REFRESH_MS);
    }
    this.#failures++;
    const failed = results.find((result) => result.status === "rejected");
    const fields = { target: formatEndpoint(target), reason: errorMessage(failed?.reason) };
    if (!this.#isSilent) platform.log.warn("The target's name does not resolve", fields);
    this.#isSilent = true;
    this.#lookAfter(backoffMs(this.#failures, platform.random));
  }

  /** @returns Whether they are others than before. */
  #take(addresses: readonly string[]): boolean {
    const isSame = addresses.length === this.#addresses.length &&
      addresses.every((address) => this.#addresses.includes(address));
    // Name servers rotate their answers; a list in another order is no news.
    if (isSame) return false;
    this.#addresses = addresses;
    this.#publish();
    return true;
  }

  #publish(): void {
    const { target, onTargets, platform } = this.#options;
    const port = target.port === 0 ? this.#externalPort : target.port;
    const targets = port === undefined ? [] : this.#addresses.map((address) => ({ address, port }));
    const isSame = targets.length === this.#targets.length &&
      targets.every((endpoint, i) => isSameEndpoint(endpoint, this.#targets[i]));
    if (isSame) return;
    this.#targets = targets;
    if (!this.#isLiteral) {
      const endpoints = targets.map(formatEndpoint).join(", ");
      platform.log.info("The target's name resolved", { target: formatEndpoint(target), endpoints });
    }
    onTargets(targets);
  }
}
