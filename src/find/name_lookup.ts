import { orAborted } from "../core/aborting.ts";
import { scopeOf } from "../core/address_scope.ts";
import { type Clock, delay } from "../core/clock.ts";
import { type Family, familyOf } from "../core/endpoint.ts";
import { decodeIp4p } from "../core/ip4p.ts";
import type { RecordType } from "../dns/record_data.ts";
import { formatRecordData } from "../dns/record_text.ts";
import type { DnsAnswer, DnsSource } from "./dns/dns_source.ts";

/** The system's resolver, which knows /etc/hosts, search domains and the neighbours; it throws if there is none. */
export type SystemLookup = (host: string, family: Family, signal: AbortSignal) => Promise<readonly string[]>;

/** Options for {@linkcode NameLookup}. */
export interface NameLookupOptions {
  /** Asked first. */
  readonly dns: DnsSource;
  /** Timers. */
  readonly clock: Clock;
  /** IP versions that may be used. */
  readonly families: readonly Family[];
  /** Asked for addresses that the DNS does not have. */
  readonly system?: SystemLookup | undefined;
  /** Ends every question. */
  readonly signal: AbortSignal;
}

/** Addresses of a host. */
export interface HostAddresses {
  /** IPv4 first: it is their NAT that records with ports are about. */
  readonly addresses: readonly string[];
  /** In seconds; `undefined` where nobody said. */
  readonly ttlSeconds: number | undefined;
  /** The records. */
  readonly evidence: readonly string[];
}

/** A server that swallows AAAA questions must not hold up what is known already (RFC 8305, section 3, has 50 ms). */
const SECOND_FAMILY_MS = 300;

/** The questions of one search; each is asked once, whoever wants to know. */
export class NameLookup {
  readonly #options: NameLookupOptions;
  readonly #answers = new Map<string, Promise<DnsAnswer>>();
  readonly #hosts = new Map<string, Promise<HostAddresses>>();
  #hasFakeIp = false;

  /** Asks nothing yet. */
  constructor(options: NameLookupOptions) {
    this.#options = options;
  }

  /** Whether a made-up address (198.18.0.0/15) was among the answers. */
  get hasFakeIp(): boolean {
    return this.#hasFakeIp;
  }

  /** Records of one type. @throws {DnsError} As {@linkcode DnsSource.ask}. */
  records(name: string, type: RecordType): Promise<DnsAnswer> {
    const key = `${type} ${name}`;
    let answer = this.#answers.get(key);
    if (answer === undefined) {
      answer = this.#options.dns.ask(name, type, this.#options.signal);
      // Several may wait for it, or nobody any more.
      answer.catch(() => {});
      this.#answers.set(key, answer);
    }
    return answer;
  }

  /**
   * Addresses of a host that can be connected to: neither those that stand for something else (IP4P), nor those that
   * nobody has (0.0.0.0, multicast).
   *
   * @returns None if there are none.
   * @throws {DnsError} If no server told.
   */
  addresses(host: string): Promise<HostAddresses> {
    let found = this.#hosts.get(host);
    if (found === undefined) {
      found = this.#addresses(host);
      found.catch(() => {});
      this.#hosts.set(host, found);
    }
    return found;
  }

  async #addresses(host: string): Promise<HostAddresses> {
    const { families, clock, signal } = this.#options;
    const order = families.toSorted((a, b) => a - b);
    const lists: (HostAddresses | undefined)[] = [];
    let failure: unknown;
    const asks = order.map(async (family, i) => {
      try {
        lists[i] = await this.#ofFamily(host, family);
      } catch (error) {
        signal.throwIfAborted();
        failure ??= error;
      }
    });
    const rest = Promise.all(asks);
    rest.catch(() => {});
    await asks[0];
    const patience = (lists[0]?.addresses.length ?? 0) > 0
      ? Promise.race([rest, delay(clock, SECOND_FAMILY_MS, signal)])
      : rest;
    await orAborted(patience, signal);
    const known = lists.filter((list) => list !== undefined);
    const addresses = known.flatMap((list) => list.addresses);
    if (addresses.length > 0) {
      const ttlSeconds = shortest(known.map((list) => list.ttlSeconds));
      return { addresses, ttlSeconds, evidence: known.flatMap((list) => list.evidence) };
    }
    return await this.#fromSystem(host, failure);
  }

  async #ofFamily(host: string, family: Family): Promise<HostAddresses> {
    const type = family === 4 ? "A" : "AAAA";
    const { records, ttlSeconds } = await this.records(host, type);
    const addresses = records.flatMap((data) => data.type === type ? [data.address] : []).filter(isUsable);
    this.#note(addresses);
    const evidence = addresses.map((address) => `${type} ${host} ${address}`);
    return { addresses, ttlSeconds: addresses.length === 0 ? undefined : ttlSeconds, evidence };
  }

  async #fromSystem(host: string, failure: unknown): Promise<HostAddresses> {
    const { system, families, signal } = this.#options;
    const found = await Promise.allSettled(
      system === undefined ? [] : families.map((family) => system(host, family, signal)),
    );
    signal.throwIfAborted();
    const addresses = found.flatMap((one) => one.status === "fulfilled" ? one.value : [])
      .filter(isUsable)
      .toSorted((a, b) => familyOf(a) - familyOf(b));
    if (addresses.length === 0 && failure !== undefined) throw failure;
    this.#note(addresses);
    return {
      addresses,
      ttlSeconds: undefined,
      evidence: addresses.map((address) => `${host} ${address} (system)`),
    };
  }

  #note(addresses: readonly string[]): void {
    this.#hasFakeIp ||= addresses.some((address) => scopeOf(address) === "fake-ip");
  }
}

/** The shortest of what is known. Pure. */
export function shortest(ttls: readonly (number | undefined)[]): number | undefined {
  const known = ttls.filter((ttl) => ttl !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** Records as people read them, the owner name before. Pure. */
export function evidenceOf(owner: string, { records }: Pick<DnsAnswer, "records">): readonly string[] {
  return records.map((data) => `${data.type} ${owner} ${formatRecordData(data)}`);
}

/** Whether an address is a host's: neither nobody's (0.0.0.0, multicast) nor one that stands for something else (IP4P). */
export function isUsable(address: string): boolean {
  const scope = scopeOf(address);
  return scope !== "unspecified" && scope !== "multicast" && decodeIp4p(address) === undefined;
}
