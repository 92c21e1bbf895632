import { type Cidr, cidrHolds, parseCidr, plainAddressBytes } from "./cidr.ts";
import type { AccessOptions } from "./options.ts";
import { TokenBucket } from "./token_bucket.ts";

/** Why a client is turned away. */
export type Refusal =
  | "denied"
  | "not allowed"
  | "full"
  | "too many connections from this address"
  | "too fast";

/** Addresses remembered for their rate; beyond it the older half is forgotten, as spoofed datagrams can be many. */
const MAX_REMEMBERED = 16_384;

/**
 * Decides who may come in. IPv6 clients are counted by /64, which is what one host has. What it remembers is
 * bounded by the sessions that are open, and for rates by {@linkcode MAX_REMEMBERED} addresses twice.
 */
export class AccessGuard {
  readonly #allow: readonly Cidr[];
  readonly #deny: readonly Cidr[];
  readonly #options: AccessOptions;
  readonly #active = new Map<string, number>();
  #total = 0;
  #rates = new Map<string, TokenBucket>();
  /** Not asked for since the last turn: a bucket that leaves from here is full again, so nothing is lost. */
  #olderRates = new Map<string, TokenBucket>();
  #turnedAtMs = -Infinity;

  /** @throws {SyntaxError} If a CIDR is malformed. */
  constructor(options: AccessOptions) {
    this.#allow = options.allow.map(parseCidr);
    this.#deny = options.deny.map(parseCidr);
    this.#options = options;
  }

  /** Admitted and not released yet. */
  get active(): number {
    return this.#total;
  }

  /**
   * Asks for one connection or session; admitted ones are counted until {@linkcode AccessGuard.release}.
   *
   * @param client Address without port, in any spelling.
   * @returns Why it is refused; `undefined` if it is admitted.
   */
  admit(client: string, nowMs: number): Refusal | undefined {
    const { perClient, perClientPerSecond, maxSessions } = this.#options;
    const listed = this.#checkLists(client);
    if (listed !== undefined) return listed;
    if (maxSessions !== undefined && this.#total >= maxSessions) return "full";
    if (perClient === undefined && perClientPerSecond === undefined) {
      this.#total++;
      return undefined;
    }
    const key = hostKey(client);
    const count = this.#active.get(key) ?? 0;
    if (perClient !== undefined && count >= perClient) return "too many connections from this address";
    if (perClientPerSecond !== undefined && this.#rate(key, perClientPerSecond, nowMs).take(1, nowMs) === 0) {
      return "too fast";
    }
    if (perClient !== undefined) this.#active.set(key, count + 1);
    this.#total++;
    return undefined;
  }

  /** A client that was admitted has gone. */
  release(client: string): void {
    if (this.#total > 0) this.#total--;
    if (this.#options.perClient === undefined) return;
    const key = hostKey(client);
    const count = this.#active.get(key) ?? 0;
    if (count > 1) this.#active.set(key, count - 1);
    else this.#active.delete(key);
  }

  #checkLists(client: string): Refusal | undefined {
    if (this.#allow.length === 0 && this.#deny.length === 0) return undefined;
    const bytes = plainAddressBytes(client);
    if (bytes === undefined) return "not allowed";
    if (this.#deny.some((cidr) => cidrHolds(cidr, bytes))) return "denied";
    return this.#allow.length === 0 || this.#allow.some((cidr) => cidrHolds(cidr, bytes))
      ? undefined
      : "not allowed";
  }

  #rate(key: string, perSecond: number, nowMs: number): TokenBucket {
    const burst = Math.max(1, perSecond);
    const refillMs = (burst / perSecond) * 1000;
    if (nowMs - this.#turnedAtMs >= refillMs || this.#rates.size >= MAX_REMEMBERED) {
      // After two quiet turns of time both generations are full buckets.
      this.#olderRates = nowMs - this.#turnedAtMs >= 2 * refillMs ? new Map() : this.#rates;
      this.#rates = new Map();
      this.#turnedAtMs = nowMs;
    }
    let bucket = this.#rates.get(key);
    if (bucket === undefined) {
      bucket = this.#olderRates.get(key) ?? new TokenBucket(perSecond, nowMs, burst);
      this.#rates.set(key, bucket);
    }
    return bucket;
  }
}

/** What clients are counted by: the IPv4 address, or the /64 of an IPv6 one. */
function hostKey(client: string): string {
  if (!client.includes(":")) return client;
  const bytes = plainAddressBytes(client);
  if (bytes === undefined) return client;
  return bytes.length === 4 ? bytes.join(".") : bytes.toHex().slice(0, 16);
}
