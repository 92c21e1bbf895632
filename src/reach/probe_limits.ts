import { addressBytes, familyOf } from "../core/endpoint.ts";
import { RateLimit } from "./rate_limit.ts";

/** Options for {@linkcode ProbeLimits}. */
export interface ProbeLimitsOptions {
  /** Requests of one source, refused ones included. @default {20 at once, then one every second} */
  readonly requests?: RateLimit | undefined;
  /** Probes of all sources. @default {60 at once, then 10 a second} */
  readonly probes?: RateLimit | undefined;
  /** Probes of one source at a time. @default {4} */
  readonly mostOfSource?: number | undefined;
  /** Probes at a time. @default {64} */
  readonly mostInAll?: number | undefined;
}

/** A request that has to come later. */
export interface ProbeRefusal {
  /** Tag. */
  readonly kind: "refused";
  /** When it may, in milliseconds. */
  readonly retryAfterMs: number;
}

/** Leave to go on; disposing gives the place back. */
export interface ProbeTurn extends Disposable {
  /** Tag. */
  readonly kind: "granted";
}

/** A place is free again by then: no probe takes longer. */
const PLACE_MS = 5_000;

/** Keeps a reflector from being a burden: to those it probes, and to its own host. */
export class ProbeLimits {
  readonly #requests: RateLimit;
  readonly #probes: RateLimit;
  readonly #mostOfSource: number;
  readonly #mostInAll: number;
  /** Probes under way, by source. */
  readonly #running = new Map<string, number>();
  #inAll = 0;

  /** All places are free. */
  constructor(options: ProbeLimitsOptions = {}) {
    // A visit of `reach` is two requests; `check` makes a handful.
    const { requests = new RateLimit({ burst: 20, perSecond: 1 }) } = options;
    const { probes = new RateLimit({ burst: 60, perSecond: 10 }), mostOfSource = 4, mostInAll = 64 } =
      options;
    this.#requests = requests;
    this.#probes = probes;
    this.#mostOfSource = mostOfSource;
    this.#mostInAll = mostInAll;
  }

  /** Whether a source may ask at all now; guesses at the token count too. */
  admit(address: string, nowMs: number): ProbeRefusal | { readonly kind: "granted" } {
    const retryAfterMs = this.#requests.take(sourceOf(address), nowMs);
    return retryAfterMs === 0 ? { kind: "granted" } : { kind: "refused", retryAfterMs };
  }

  /** Whether a probe may start now. */
  enter(address: string, nowMs: number): ProbeRefusal | ProbeTurn {
    const source = sourceOf(address);
    const running = this.#running.get(source) ?? 0;
    if (running >= this.#mostOfSource || this.#inAll >= this.#mostInAll) {
      return { kind: "refused", retryAfterMs: PLACE_MS };
    }
    const retryAfterMs = this.#probes.take("", nowMs);
    if (retryAfterMs > 0) return { kind: "refused", retryAfterMs };
    this.#running.set(source, running + 1);
    this.#inAll++;
    return { kind: "granted", [Symbol.dispose]: () => this.#leave(source) };
  }

  #leave(source: string): void {
    const running = (this.#running.get(source) ?? 1) - 1;
    if (running === 0) this.#running.delete(source);
    else this.#running.set(source, running);
    this.#inAll--;
  }
}

/** Whoever has one IPv6 address has the /64 around it (RFC 6177). */
export function sourceOf(address: string): string {
  if (familyOf(address) === 4) return address;
  return (addressBytes(address) ?? new Uint8Array(8)).subarray(0, 8).toHex();
}
