import { openDeadline } from "../../core/deadline.ts";
import { type Endpoint, formatEndpoint } from "../../core/endpoint.ts";
import { TimeoutError } from "../../core/errors.ts";
import type { Platform } from "../../core/platform.ts";
import type { DnsMessage } from "../../dns/message.ts";
import type { RecordType } from "../../dns/record_data.ts";
import { DnsError, noSuchName } from "./dns_error.ts";
import { type DnsAnswer, type DnsSource, MOST_ALIASES } from "./dns_source.ts";
import { exchange } from "./exchange.ts";
import { queryMessage, questionFor, randomId } from "./query.ts";
import { readAnswer } from "./read_answer.ts";
import { ZoneDns } from "./zone_dns.ts";

/** Options for {@linkcode WireDns}. */
export interface WireDnsOptions {
  /** Sockets, timers, randomness for IDs. */
  readonly platform: Platform;
  /** Asked in turn; at least one. */
  readonly servers: readonly Endpoint[];
}

/** All servers together; what ssh users take for "hangs" begins later. */
const TOTAL_MS = 4500;
/** Even the last of many servers gets one resend. */
const SERVER_MS_MIN = 1500;

/**
 * Asks name servers over UDP and TCP (RFC 1035). Unlike `Deno.resolveDns` (2.9.5: hickory) it tells NXDOMAIN from
 * SERVFAIL, gives TTLs, knows HTTPS and SVCB, and does not print to stderr when a server lies.
 */
export class WireDns implements DnsSource {
  readonly #options: WireDnsOptions;
  /** Index of the server that answered last: one that is dead holds up the first question only. */
  #first = 0;

  /** Opens nothing. */
  constructor(options: WireDnsOptions) {
    this.#options = options;
  }

  async ask(name: string, type: RecordType, signal: AbortSignal): Promise<DnsAnswer> {
    let owner = name;
    let ttlSeconds = Infinity;
    const label = `${type} ${name}`;
    for (let hops = 0; hops <= MOST_ALIASES; hops++) {
      const { message, server } = await this.query(owner, type, signal);
      const reading = readAnswer(message, owner, type);
      if (reading.kind === "no-name") throw noSuchName(label);
      // query() has turned down what failed.
      if (reading.kind === "failed") throw failed(label, server, reading.rcode);
      ttlSeconds = Math.min(ttlSeconds, reading.ttlSeconds);
      if (reading.kind === "records") {
        return { records: reading.records, ttlSeconds, isAuthoritative: message.isAuthoritative };
      }
      owner = reading.target;
    }
    throw new DnsError(label, { failure: "malformed", reason: `more than ${MOST_ALIASES} aliases` });
  }

  /**
   * One question, put to the servers in turn, from the one that answered last, until one gives an answer.
   *
   * @param type A type of ours, or the number of another one.
   * @throws {DnsError} What the last server was about.
   */
  async query(
    name: string,
    type: RecordType | number,
    signal: AbortSignal,
  ): Promise<{ readonly message: DnsMessage; readonly server: Endpoint }> {
    const { servers } = this.#options;
    const serverMs = Math.max(SERVER_MS_MIN, TOTAL_MS / servers.length);
    const label = `${type} ${name}`;
    let last = new DnsError(label, { failure: "unreachable", reason: "no name server is known" });
    const turns = servers.map((server, index) => ({ server, index }));
    for (const { server, index } of [...turns.slice(this.#first), ...turns.slice(0, this.#first)]) {
      try {
        const message = await this.#askOne(server, { name, type, signal, serverMs });
        const reading = typeof type === "number" ? undefined : readAnswer(message, name, type);
        if (reading?.kind !== "failed") {
          this.#first = index;
          return { message, server };
        }
        last = failed(label, server, reading.rcode);
      } catch (error) {
        if (!(error instanceof DnsError)) throw error;
        last = error;
      }
    }
    throw last;
  }

  fresh(): DnsSource {
    return new ZoneDns(this, this.#options.platform);
  }

  async #askOne(
    server: Endpoint,
    ask: {
      readonly name: string;
      readonly type: RecordType | number;
      readonly signal: AbortSignal;
      readonly serverMs: number;
    },
  ): Promise<DnsMessage> {
    const { platform } = this.#options;
    const query = queryMessage(randomId(platform.random), questionFor(ask.name, ask.type), {
      recursionDesired: true,
    });
    const label = `${ask.type} ${ask.name}`;
    using deadline = openDeadline(ask.serverMs, { clock: platform.clock, signal: ask.signal });
    try {
      return await exchange(query, server, { platform, signal: deadline.signal, label });
    } catch (error) {
      if (ask.signal.aborted || !(error instanceof TimeoutError)) throw error;
      const reason = `${formatEndpoint(server)} gave no answer within ${ask.serverMs / 1000} s`;
      throw new DnsError(label, { failure: "timeout", reason }, { cause: error });
    }
  }
}

function failed(label: string, server: Endpoint, rcode: string): DnsError {
  return new DnsError(label, { failure: "server", reason: `${formatEndpoint(server)} answered ${rcode}` });
}
