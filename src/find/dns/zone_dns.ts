import { orAborted } from "../../core/aborting.ts";
import { openDeadline } from "../../core/deadline.ts";
import { isWithin } from "../../core/domain_name.ts";
import type { Endpoint } from "../../core/endpoint.ts";
import { TimeoutError } from "../../core/errors.ts";
import type { Platform } from "../../core/platform.ts";
import type { DnsMessage } from "../../dns/message.ts";
import type { RecordType } from "../../dns/record_data.ts";
import { DnsError, isNoName, noSuchName } from "./dns_error.ts";
import type { DnsAnswer, DnsSource } from "./dns_source.ts";
import { exchange } from "./exchange.ts";
import { queryMessage, questionFor, randomId } from "./query.ts";
import { nameInRdata, readAnswer } from "./read_answer.ts";

/** What {@linkcode ZoneDns} asks where the zone's own servers are. */
export interface Resolver extends DnsSource {
  /** One question, type by number too. */
  query(
    name: string,
    type: RecordType | number,
    signal: AbortSignal,
  ): Promise<{ readonly message: DnsMessage }>;
}

const NS = 2;
const SOA = 6;
/** Finding and asking the zone's servers; if they take longer the resolver is asked once more instead. */
const LIMIT_MS = 2000;
/** Tried of a zone that has more. */
const MOST_SERVERS = 2;

interface Zone {
  readonly name: string;
  readonly servers: readonly Endpoint[];
}

/**
 * Asks the servers of the zone itself, past every cache: a mapping that moved is there at once. Where they cannot be
 * found or asked (split zones, firewalls) the resolver is asked again.
 */
export class ZoneDns implements DnsSource {
  readonly #resolver: Resolver;
  readonly #platform: Platform;
  #zone: Promise<Zone> | undefined;

  /** Opens nothing. */
  constructor(resolver: Resolver, platform: Platform) {
    this.#resolver = resolver;
    this.#platform = platform;
  }

  async ask(name: string, type: RecordType, signal: AbortSignal): Promise<DnsAnswer> {
    using deadline = openDeadline(LIMIT_MS, { clock: this.#platform.clock, signal });
    try {
      const answer = await this.#askZone(name, type, deadline.signal);
      if (answer !== undefined) return answer;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof DnsError && error.failure === "no-name") throw error;
      if (!(error instanceof DnsError) && !(error instanceof TimeoutError)) throw error;
    }
    signal.throwIfAborted();
    return await this.#resolver.ask(name, type, signal);
  }

  fresh(): DnsSource {
    return this;
  }

  /** `undefined` where the zone's servers do not answer for it, or the name is an alias to elsewhere. */
  async #askZone(name: string, type: RecordType, signal: AbortSignal): Promise<DnsAnswer | undefined> {
    const zone = await orAborted(this.#zone ??= this.#find(name, signal), signal);
    if (!isWithin(name, zone.name)) return undefined;
    const over = new AbortController();
    const limit = AbortSignal.any([signal, over.signal]);
    // All at once: one that is down must not use up the time of the others.
    const asked = zone.servers.map((server) => this.#askServer(server, { name, type, signal: limit }));
    try {
      return await firstUsable(asked);
    } finally {
      over.abort(new DOMException("Another server was quicker", "AbortError"));
      await Promise.allSettled(asked);
    }
  }

  /** `undefined` where it does not serve the name. */
  async #askServer(
    server: Endpoint,
    { name, type, signal }: {
      readonly name: string;
      readonly type: RecordType;
      readonly signal: AbortSignal;
    },
  ): Promise<DnsAnswer | undefined> {
    const platform = this.#platform;
    const label = `${type} ${name}`;
    const query = queryMessage(randomId(platform.random), questionFor(name, type), {
      recursionDesired: false,
    });
    const message = await exchange(query, server, { platform, signal, label });
    if (!message.isAuthoritative) return undefined;
    const reading = readAnswer(message, name, type);
    if (reading.kind === "no-name") throw noSuchName(label);
    if (reading.kind !== "records") return undefined;
    return { records: reading.records, ttlSeconds: reading.ttlSeconds, isAuthoritative: true };
  }

  async #find(name: string, signal: AbortSignal): Promise<Zone> {
    const { message } = await this.#resolver.query(name, SOA, signal);
    // The SOA of the zone stands in the answer, or beside one that is empty (RFC 2308, section 3).
    const soa = [...message.answers, ...message.authorities].find((record) => record.type === SOA);
    if (soa === undefined || !isWithin(name, soa.name)) return { name, servers: [] };
    const { message: listed } = await this.#resolver.query(soa.name, NS, signal);
    const hosts = listed.answers
      .filter((record) => record.type === NS && record.name === soa.name)
      .flatMap((record) => nameInRdata(record.rdata) ?? []);
    const addresses = hosts.slice(0, MOST_SERVERS).map((host) => this.#resolver.ask(host, "A", signal));
    const servers = (await Promise.allSettled(addresses)).flatMap((one) =>
      one.status === "rejected" ? [] : one.value.records.slice(0, 1)
    );
    return {
      name: soa.name,
      servers: servers.flatMap((data) =>
        data.type === "A" ? [{ address: data.address, port: DNS_PORT }] : []
      ),
    };
  }
}

/** IANA's. */
const DNS_PORT = 53;

/**
 * What the quickest server told, be it that there is no such name; `undefined` if none tells.
 *
 * @throws {DnsError} There is no such name.
 */
async function firstUsable(asked: readonly Promise<DnsAnswer | undefined>[]): Promise<DnsAnswer | undefined> {
  const usable = asked.map(async (one) => {
    const told = await one.catch((error: unknown) => {
      if (isNoName(error)) return error;
      throw error;
    });
    if (told === undefined) throw new TypeError("It does not serve the name");
    return told;
  });
  const told = await Promise.any(usable).catch(() => undefined); // the resolver tells in their stead
  if (told instanceof DnsError) throw told;
  return told;
}
