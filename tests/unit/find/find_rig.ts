/** A network in memory with a name server in it, and a source of answers without any network. */
import type { Endpoint } from "../../../src/core/endpoint.ts";
import type { RecordData, RecordType } from "../../../src/dns/record_data.ts";
import { DnsError, noSuchName } from "../../../src/find/dns/dns_error.ts";
import type { DnsAnswer, DnsSource } from "../../../src/find/dns/dns_source.ts";
import { DnsAnswers, type FakeRecord, messageOf } from "../../fakes/dns_server.ts";
import { type FakeWorld, openFakeWorld } from "../../fakes/fake_world.ts";

/** Where {@linkcode serveDns} serves unless told otherwise. */
export const SERVER: Endpoint = { address: "192.0.2.53", port: 53 };

/** A world whose only inhabitant is a name server. */
export async function openDnsWorld(
  zone: readonly FakeRecord[] = [],
): Promise<FakeWorld & { readonly dns: DnsAnswers }> {
  const world = openFakeWorld();
  return { ...world, dns: await serveDns(world, zone, SERVER) };
}

/** Serves a zone on a network in memory. */
export async function serveDns(
  { net, clock }: Pick<FakeWorld, "net" | "clock">,
  zone: readonly FakeRecord[],
  at: Endpoint,
): Promise<DnsAnswers> {
  const dns = new DnsAnswers(zone);
  const socket = await net.openDatagram({
    local: at,
    onDatagram: (data, from) => {
      const query = data.slice();
      for (let reply = dns.replyTo(query, "udp"); reply !== undefined; reply = reply.then) {
        const message = messageOf(query, reply);
        clock.schedule(reply.delayMs ?? 0, () => socket.send(message, from));
      }
    },
  });
  const received: number[] = [];
  await net.listenStream({
    local: at,
    onConnection: (stream) => ({
      onData: (data) => {
        received.push(...data);
        if (received.length < 2 || received.length < 2 + ((received[0] ?? 0) << 8 | (received[1] ?? 0))) {
          return;
        }
        const query = Uint8Array.from(received.splice(0)).subarray(2);
        const reply = dns.replyTo(query, "tcp");
        if (reply === undefined) return;
        const message = messageOf(query, reply);
        stream.write(Uint8Array.of(message.length >> 8, message.length & 0xff, ...message));
      },
      onEnd: () => stream.abort(),
    }),
  });
  return dns;
}

/** What a {@linkcode FakeDns} says to a question; a missing name does not exist. */
export type FakeAnswer = readonly RecordData[] | "failed" | "hang";

/** Answers from a table, keys as in `TXT example.com`. */
export class FakeDns implements DnsSource {
  /** Said from now on. */
  table: Readonly<Record<string, FakeAnswer>>;
  /** Said by {@linkcode FakeDns.fresh}. */
  freshTable: Readonly<Record<string, FakeAnswer>> | undefined;
  /** Everything asked, `fresh ` before those past caches. */
  readonly asked: string[] = [];
  readonly ttlSeconds: number;

  constructor(table: Readonly<Record<string, FakeAnswer>>, ttlSeconds = 60) {
    this.table = table;
    this.ttlSeconds = ttlSeconds;
  }

  ask(name: string, type: RecordType, signal: AbortSignal): Promise<DnsAnswer> {
    this.asked.push(`${type} ${name}`);
    return this.#answer(this.table, `${type} ${name}`, signal);
  }

  fresh(): DnsSource {
    return {
      ask: (name, type, signal) => {
        this.asked.push(`fresh ${type} ${name}`);
        return this.#answer(this.freshTable ?? this.table, `${type} ${name}`, signal);
      },
      fresh: () => this.fresh(),
    };
  }

  #answer(table: FakeDns["table"], question: string, signal: AbortSignal): Promise<DnsAnswer> {
    const answer = table[question];
    if (answer === "failed") {
      return Promise.reject(
        new DnsError(question, { failure: "server", reason: "192.0.2.53:53 answered SERVFAIL" }),
      );
    }
    if (answer === "hang") {
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
    }
    const name = question.split(" ")[1] ?? "";
    const isKnown = Object.keys(table).some((key) => key.endsWith(` ${name}`));
    if (answer === undefined && !isKnown) return Promise.reject(noSuchName(question));
    return Promise.resolve({ records: answer ?? [], ttlSeconds: this.ttlSeconds, isAuthoritative: false });
  }
}

/** A or AAAA. */
export function addressData(address: string): RecordData {
  return { type: address.includes(":") ? "AAAA" : "A", address };
}

/** TXT. */
export function txtData(...strings: readonly string[]): RecordData {
  return { type: "TXT", strings };
}

/** SRV with priority and weight 0. */
export function srvData(
  target: string,
  port: number,
  rank: { priority?: number; weight?: number } = {},
): RecordData {
  return { type: "SRV", priority: rank.priority ?? 0, weight: rank.weight ?? 0, port, target };
}
