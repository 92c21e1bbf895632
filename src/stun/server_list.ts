import { backoffMs } from "../core/backoff.ts";
import { type Endpoint, type Family, formatEndpoint, type HostPort } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import type { Platform } from "../core/platform.ts";
import { drawServers } from "./server_draw.ts";
import { ServerAddresses } from "./server_addresses.ts";

/** One server of the list at one of its addresses. */
export interface StunServer {
  /** As the user wrote it. */
  readonly spec: HostPort;
  readonly endpoint: Endpoint;
}

/** What {@linkcode StunServerList} needs. */
export interface StunServerListOptions {
  /** In order of preference; the same server twice counts once. */
  readonly specs: readonly HostPort[];
  readonly family: Family;
  readonly platform: Platform;
}

/** Options for {@linkcode StunServerList.take}. */
export interface TakeOptions {
  /** Servers already asked: not given again, and their hosts only if `mayRepeatHosts`. */
  readonly exclude?: readonly StunServer[] | undefined;
  /** Give further addresses of excluded hosts when nothing else is left. @default {true} */
  readonly mayRepeatHosts?: boolean | undefined;
  /** Told about every name that does not resolve; that name is not tried again during this call. */
  readonly onUnresolved?: ((spec: HostPort, error: unknown) => void) | undefined;
  /** Names not to be tried at all. */
  readonly skip?: ReadonlySet<HostPort> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** First rest of a failing server, and the longest one. */
const REST = { firstMs: 5000, maxMs: 600_000 } as const;
/** The same for one that answers, but nothing that others confirm. */
const DISTRUST = { firstMs: 60_000, maxMs: 3_600_000 } as const;

/** Servers that differ by less are equally near: the network varies by as much. */
const NEAR_MS = 30;

interface Entry {
  readonly spec: HostPort;
  readonly addresses: ServerAddresses;
  /** Failures in a row. */
  failures: number;
  /** How often it was contradicted by two others. */
  contradictions: number;
  failedAtMs: number;
  /** When it may be used again as if nothing had happened. */
  restsUntilMs: number;
  /** Sequence number of the last time it was given. */
  takenAt: number;
  /** Smoothed; `undefined` until it answered, and again after a failure. */
  rttMs: number | undefined;
}

/**
 * STUN servers with health. The first server given is the *anchor*: the one that answered last time, as long
 * as it does, so that one opinion stays comparable over months. The others rotate through the whole list, the
 * longest unused first, so that load spreads and every server's state is known. A failing server rests, from
 * 5 s up to 10 min; while all rest, the one whose failure is longest ago is used anyway.
 */
export class StunServerList {
  readonly #entries: readonly Entry[];
  readonly #platform: Platform;
  /** Counts what was given, over all siblings. */
  readonly #sequence: { last: number };
  readonly #spreads: boolean;
  #anchor: Entry | undefined;

  constructor(options: StunServerListOptions & { readonly siblingOf?: StunServerList }) {
    const { siblingOf } = options;
    this.#platform = options.platform;
    this.#spreads = siblingOf !== undefined;
    this.#sequence = siblingOf === undefined ? { last: 0 } : siblingOf.#sequence;
    this.#entries = siblingOf === undefined ? StunServerList.#open(options) : siblingOf.#entries;
  }

  static #open({ specs, family, platform }: StunServerListOptions): readonly Entry[] {
    const distinct = new Map(specs.map((spec) => [formatEndpoint(spec), spec]));
    return [...distinct.values()].map((spec) => ({
      spec,
      addresses: new ServerAddresses({ spec, family, net: platform.net }),
      failures: 0,
      contradictions: 0,
      failedAtMs: -Infinity,
      restsUntilMs: -Infinity,
      takenAt: 0,
      rttMs: undefined,
    }));
  }

  /**
   * The same servers, and what is known of them, with an anchor of its own: hundreds of mappings must not lean on one
   * server. The anchors of siblings spread over the servers that are about as near as the nearest.
   */
  sibling(): StunServerList {
    return new StunServerList({ specs: [], family: 4, platform: this.#platform, siblingOf: this });
  }

  /** How many different servers there are. */
  get size(): number {
    return this.#entries.length;
  }

  /**
   * Gives up to `count` servers of distinct hosts, the healthiest first, resolving names where needed. Returns
   * with fewer as soon as one is there and the others would have to be waited for; with none only if nothing is
   * left to be given.
   *
   * @throws `signal.reason` if aborted.
   */
  async take(count: number, options: TakeOptions = {}): Promise<readonly StunServer[]> {
    options.signal?.throwIfAborted();
    const { exclude = [], mayRepeatHosts = true, signal } = options;
    const candidates = this.#rank(options).map((entry) => ({
      spec: entry.spec,
      addresses: entry.addresses,
      onUnresolved: (error: unknown): void => {
        this.#noteFailure(entry, error);
        options.onUnresolved?.(entry.spec, error);
      },
    }));
    const taken = await drawServers(candidates, {
      count,
      exclude,
      mayRepeatHosts,
      clock: this.#platform.clock,
      signal,
    });
    for (const { spec } of taken) {
      const entry = this.#entries.find((one) => one.spec === spec);
      if (entry) entry.takenAt = ++this.#sequence.last;
    }
    return taken;
  }

  /** Notes that a server answered. @param rttMs How long it took. */
  reportAnswer(server: StunServer, rttMs: number): void {
    const entry = this.#find(server);
    if (entry === undefined) return;
    entry.addresses.markGood(server.endpoint.address);
    entry.failures = 0;
    entry.restsUntilMs = -Infinity;
    entry.rttMs = entry.rttMs === undefined ? rttMs : entry.rttMs + (rttMs - entry.rttMs) / 8;
    this.#anchor ??= entry;
  }

  /** Notes that a server failed: it rests, and its next address is used from then on. */
  reportFailure(server: StunServer, error: unknown): void {
    const entry = this.#find(server);
    if (entry === undefined) return;
    entry.addresses.markFailed(server.endpoint.address);
    this.#noteFailure(entry, error);
  }

  /**
   * Notes that what a server answered was contradicted by two others: it rests for long, as a proxy on the way to
   * it or the server itself will hardly change soon.
   */
  distrust(endpoint: Endpoint): void {
    const entry = this.#entries.find(({ spec, addresses }) =>
      spec.port === endpoint.port && addresses.usable?.includes(endpoint.address)
    );
    if (entry === undefined) return;
    entry.contradictions++;
    const restMs = backoffMs(entry.contradictions, this.#platform.random, DISTRUST);
    this.#rest(entry, restMs, "two others contradict it");
  }

  #noteFailure(entry: Entry, error: unknown): void {
    entry.failures++;
    this.#rest(entry, backoffMs(entry.failures, this.#platform.random, REST), errorMessage(error));
  }

  #rest(entry: Entry, restMs: number, reason: string): void {
    const { clock, log } = this.#platform;
    entry.failedAtMs = clock.now();
    entry.restsUntilMs = entry.failedAtMs + restMs;
    entry.rttMs = undefined;
    if (this.#anchor === entry) this.#anchor = undefined;
    log.debug("STUN server rests", {
      server: formatEndpoint(entry.spec),
      restSeconds: Math.round(restMs / 1000),
      error: reason,
    });
  }

  #find(server: StunServer): Entry | undefined {
    const key = formatEndpoint(server.spec);
    return this.#entries.find(({ spec }) => formatEndpoint(spec) === key);
  }

  /** All servers in the order in which they should be asked. */
  #rank(options: TakeOptions): readonly Entry[] {
    const { exclude = [], mayRepeatHosts = true, skip } = options;
    const now = this.#platform.clock.now();
    const askedHosts = new Set(exclude.map(({ spec }) => spec.host));
    const anchor = this.#anchor ?? (this.#spreads ? this.#anyNearOne() : this.#fastest());
    function key(entry: Entry): readonly number[] {
      const isResting = entry.restsUntilMs > now;
      return [
        isResting ? 1 : 0,
        askedHosts.has(entry.spec.host) ? 1 : 0,
        isResting ? entry.failedAtMs : entry === anchor ? 0 : 1,
        isResting ? 0 : entry.takenAt,
      ];
    }
    return this.#entries
      .filter((entry) => !skip?.has(entry.spec) && (mayRepeatHosts || !askedHosts.has(entry.spec.host)))
      .map((entry, index) => ({ entry, key: [...key(entry), index] }))
      .sort((a, b) => compareKeys(a.key, b.key))
      .map(({ entry }) => entry);
  }

  /** The next anchor of a sibling: any of the servers about as near as the nearest. */
  #anyNearOne(): Entry | undefined {
    const nearestMs = this.#fastest()?.rttMs ?? NaN;
    const near = this.#entries.filter(({ rttMs = NaN }) => rttMs <= nearestMs * 2 + NEAR_MS);
    return near[Math.floor(this.#platform.random.fraction() * near.length)];
  }

  /** The next anchor: of the servers whose last exchange went well the nearest. */
  #fastest(): Entry | undefined {
    const good = this.#entries.filter(({ rttMs }) => rttMs !== undefined);
    return good.sort((a, b) => (a.rttMs ?? 0) - (b.rttMs ?? 0))[0];
  }
}

function compareKeys(a: readonly number[], b: readonly number[]): number {
  const differing = a.findIndex((value, i) => value !== b[i]);
  return differing < 0 ? 0 : (a[differing] ?? 0) - (b[differing] ?? 0);
}
