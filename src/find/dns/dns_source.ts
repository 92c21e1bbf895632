import type { RecordData, RecordType } from "../../dns/record_data.ts";

/** What a name has of one type. */
export interface DnsAnswer {
  /** At the end of the chain of aliases, in the order of the answer. Empty: there are none. */
  readonly records: readonly RecordData[];
  /** The shortest on the way to them, in seconds; `undefined` where the runtime does not tell. */
  readonly ttlSeconds: number | undefined;
  /** A server of the zone itself said so: no cache is in between. */
  readonly isAuthoritative: boolean;
}

/** Where names are looked up. */
export interface DnsSource {
  /**
   * Looks up the records of one type. Aliases are followed, a few. Never takes longer than some seconds.
   *
   * @param name Canonical (core/domain_name.ts).
   * @throws {DnsError} If the name does not exist, or no server gave a usable answer in time.
   * @throws `signal.reason` if aborted.
   */
  ask(name: string, type: RecordType, signal: AbortSignal): Promise<DnsAnswer>;
  /** The same servers, but past their caches where that can be had. Good for a few questions that belong together. */
  fresh(): DnsSource;
}

/** Aliases followed for one question: one or two are usual, a circle has no end. */
export const MOST_ALIASES = 8;
