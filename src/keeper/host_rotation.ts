import { backoffMs } from "../core/backoff.ts";
import { openDeadline } from "../core/deadline.ts";
import { type Endpoint, type Family, formatEndpoint, type HostPort } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import type { Platform } from "../core/platform.ts";

/** A host taken from a {@linkcode HostRotation}, with the address to use now. */
export interface RotationHost {
  readonly spec: HostPort;
  readonly endpoint: Endpoint;
}

/** Options for {@linkcode HostRotation}. */
export interface HostRotationOptions {
  readonly hosts: readonly HostPort[];
  readonly family: Family;
  readonly platform: Platform;
}

interface Entry {
  readonly spec: HostPort;
  addresses: readonly string[];
  nextAddress: number;
  usedMs: number;
  failures: number;
  restsUntilMs: number;
}

/** A dead host is tried again after 5 s at first, then ever more rarely, at least every 5 min. */
const REST_FIRST_MS = 5_000;
const REST_MAX_MS = 300_000;
/** A resolver that hangs must not keep the other hosts waiting. */
const RESOLVE_LIMIT_MS = 2_000;

/**
 * Takes turns among hosts: the least recently used comes next, failing ones rest with growing pauses, names are
 * resolved when first needed and again once all their addresses have failed.
 */
export class HostRotation {
  readonly #entries: readonly Entry[];
  readonly #family: Family;
  readonly #platform: Platform;

  constructor(options: HostRotationOptions) {
    const { hosts, family, platform } = options;
    this.#family = family;
    this.#platform = platform;
    this.#entries = hosts.map((spec) => ({
      spec,
      addresses: [],
      nextAddress: 0,
      usedMs: -Infinity,
      failures: 0,
      restsUntilMs: -Infinity,
    }));
  }

  /** Hosts that do not rest now. */
  get livingCount(): number {
    const now = this.#platform.clock.now();
    return this.#entries.filter((e) => e.restsUntilMs <= now).length;
  }

  /**
   * The least recently used host that does not rest; if all rest, the one whose rest ends first.
   *
   * @param spacingMs Hosts used less than this long ago are passed over.
   * @returns `undefined` if every host was used too recently or none resolves.
   */
  async take(spacingMs: number, signal?: AbortSignal): Promise<RotationHost | undefined> {
    const now = this.#platform.clock.now();
    const due = this.#entries.filter((e) => e.usedMs + spacingMs <= now);
    const living = due.filter((e) => e.restsUntilMs <= now).sort((a, b) => a.usedMs - b.usedMs);
    const resting = due.filter((e) => e.restsUntilMs > now).sort((a, b) => a.restsUntilMs - b.restsUntilMs);
    for (const entry of this.livingCount > 0 ? living : resting) {
      const before = entry.usedMs;
      entry.usedMs = now;
      const endpoint = await this.#endpointOf(entry, signal);
      if (endpoint !== undefined) return { spec: entry.spec, endpoint };
      entry.usedMs = before;
    }
    return undefined;
  }

  /** The host worked: it may be used again at its turn. */
  reportSuccess(host: RotationHost): void {
    const entry = this.#entryOf(host);
    if (entry === undefined) return;
    entry.failures = 0;
    entry.restsUntilMs = -Infinity;
  }

  /** The host failed: its next address comes first, and after the last one the host rests and is resolved anew. */
  reportFailure(host: RotationHost): void {
    const entry = this.#entryOf(host);
    if (entry === undefined) return;
    entry.nextAddress += 1;
    if (entry.nextAddress < entry.addresses.length) return;
    entry.addresses = [];
    this.#rest(entry);
  }

  /** No host rests any more: it was not they who failed. */
  forgive(): void {
    for (const entry of this.#entries) {
      entry.failures = 0;
      entry.restsUntilMs = -Infinity;
    }
  }

  #entryOf(host: RotationHost): Entry | undefined {
    return this.#entries.find((e) => e.spec === host.spec);
  }

  #rest(entry: Entry): void {
    entry.failures += 1;
    const options = { firstMs: REST_FIRST_MS, maxMs: REST_MAX_MS };
    entry.restsUntilMs = this.#platform.clock.now() +
      backoffMs(entry.failures, this.#platform.random, options);
  }

  async #endpointOf(entry: Entry, signal: AbortSignal | undefined): Promise<Endpoint | undefined> {
    if (entry.addresses.length === 0) {
      try {
        using deadline = openDeadline(RESOLVE_LIMIT_MS, { clock: this.#platform.clock, signal });
        entry.addresses = await this.#platform.net.resolve(entry.spec.host, this.#family, deadline.signal);
        entry.nextAddress = 0;
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        this.#platform.log.debug(`Passing over ${formatEndpoint(entry.spec)}`, {
          reason: errorMessage(error),
        });
        this.#rest(entry);
      }
    }
    const address = entry.addresses[entry.nextAddress];
    return address === undefined ? undefined : { address, port: entry.spec.port };
  }
}
