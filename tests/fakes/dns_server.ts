/**
 * A scripted DNS server on loopback, UDP and TCP on one port. It has a small encoder of its own, so that a fault of
 * src/dns cannot hide in both ends.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { addressBytes, type Endpoint } from "../../src/core/endpoint.ts";

/** Data of one record, encoded. */
export interface FakeData {
  readonly type: number;
  readonly rdata: Uint8Array;
}

/** One record of the zone. */
export interface FakeRecord extends FakeData {
  readonly name: string;
  /** @default {60} */
  readonly ttlSeconds?: number;
}

/** A question as it came. */
export interface FakeQuery {
  /** Lower case, without a final dot. */
  readonly name: string;
  readonly type: number;
  readonly via: "udp" | "tcp";
}

/** An answer; whatever is absent is right. */
export interface FakeReply {
  readonly rcode?: number;
  readonly answers?: readonly FakeRecord[];
  readonly isTruncated?: boolean;
  /** Another question than the one that came. */
  readonly question?: { readonly name: string; readonly type: number };
  /** Added to the ID that came. */
  readonly idOffset?: number;
  /** So many bytes are put behind the message, or cut off its end if negative. @default {0} */
  readonly padBytes?: number;
  /** Comes so late. */
  readonly delayMs?: number;
  /** These bytes instead of a message. */
  readonly raw?: Uint8Array;
  /** Said by a server of the zone itself. */
  readonly isAuthoritative?: boolean;
  readonly authorities?: readonly FakeRecord[];
  /** Sent right after it, over UDP only. */
  readonly then?: FakeReply;
}

/** What the server does with a question. */
export type FakeScript = (query: FakeQuery) => FakeReply | "silent" | undefined;

/** Numbers of the types. */
export const TYPES = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  SVCB: 64,
  HTTPS: 65,
} as const;

/** A or AAAA. */
export function address(text: string): FakeData {
  const rdata = addressBytes(text) ?? new Uint8Array();
  return { type: rdata.length === 4 ? TYPES.A : TYPES.AAAA, rdata };
}

/** CNAME. */
export function alias(target: string): FakeData {
  return { type: TYPES.CNAME, rdata: nameBytes(target) };
}

/** NS. */
export function nameServer(host: string): FakeData {
  return { type: TYPES.NS, rdata: nameBytes(host) };
}

/** SOA; nobody looks at what is in it. */
export function startOfAuthority(): FakeData {
  return {
    type: TYPES.SOA,
    rdata: joined([nameBytes("ns.test"), nameBytes("mail.test"), new Uint8Array(20)]),
  };
}

/** TXT, from its character strings. */
export function txt(...strings: readonly string[]): FakeData {
  const encoded = strings.map((text) => new TextEncoder().encode(text));
  return { type: TYPES.TXT, rdata: joined(encoded.flatMap((bytes) => [Uint8Array.of(bytes.length), bytes])) };
}

/** SRV. */
export function srv(priority: number, weight: number, at: { port: number; target: string }): FakeData {
  return { type: TYPES.SRV, rdata: joined([u16(priority), u16(weight), u16(at.port), nameBytes(at.target)]) };
}

/** HTTPS or SVCB, with port and ipv4hint. */
export function service(
  type: "HTTPS" | "SVCB",
  fields: { priority?: number; target?: string; port?: number; ipv4hint?: readonly string[] },
): FakeData {
  const { priority = 1, target = ".", port, ipv4hint = [] } = fields;
  const hints = joined(ipv4hint.map((text) => addressBytes(text) ?? new Uint8Array()));
  const params = [
    ...(port === undefined ? [] : [u16(3), u16(2), u16(port)]),
    ...(hints.length === 0 ? [] : [u16(4), u16(hints.length), hints]),
  ];
  return { type: TYPES[type], rdata: joined([u16(priority), nameBytes(target), ...params]) };
}

/** A record of the zone. */
export function record(name: string, data: FakeData, ttlSeconds = 60): FakeRecord {
  return { name, ...data, ttlSeconds };
}

/** What a server answers: a script, or a zone. */
export class DnsAnswers {
  /** Answered from where no script does it; NXDOMAIN for names that are not in it. */
  zone: readonly FakeRecord[];
  /** Asked first; `undefined` leaves it to the zone. */
  script: FakeScript | undefined;
  /** Every question that came, in order. */
  readonly queries: FakeQuery[] = [];

  constructor(zone: readonly FakeRecord[] = []) {
    this.zone = zone;
  }

  /** What a message is answered with; `undefined` for silence. */
  replyTo(message: Uint8Array, via: FakeQuery["via"]): FakeReply | undefined {
    const query = { ...questionOf(message), via };
    this.queries.push(query);
    const reply = this.script?.(query) ?? this.fromZone(query);
    return reply === "silent" ? undefined : reply;
  }

  /** What the zone says. */
  fromZone({ name, type }: Omit<FakeQuery, "via">): FakeReply {
    const answers: FakeRecord[] = [];
    let owner = name;
    for (let hops = 0; hops < 20; hops++) {
      const here = this.zone.filter((one) => one.name.toLowerCase() === owner);
      const next = here.find((one) => one.type === TYPES.CNAME && type !== TYPES.CNAME);
      if (next === undefined) {
        answers.push(...here.filter((one) => one.type === type));
        return { rcode: here.length === 0 ? 3 : 0, answers };
      }
      answers.push(next);
      owner = nameOf(next.rdata, 0).name;
    }
    return { answers };
  }
}

/** The server on sockets of the system. Disposing closes it. */
export class DnsServer extends DnsAnswers implements AsyncDisposable {
  readonly endpoint: Endpoint;
  readonly #udp: Deno.DatagramConn;
  readonly #tcp: Deno.TcpListener;
  readonly #closing = new AbortController();
  readonly #tasks = new Set<Promise<void>>();

  private constructor(udp: Deno.DatagramConn, tcp: Deno.TcpListener, zone: readonly FakeRecord[]) {
    super(zone);
    this.#udp = udp;
    this.#tcp = tcp;
    const { hostname, port } = udp.addr as Deno.NetAddr;
    this.endpoint = { address: hostname, port };
    this.#track(this.#serveUdp());
    this.#track(this.#serveTcp());
  }

  /** Opens it on any port of 127.0.0.1. */
  static open(zone: readonly FakeRecord[] = []): DnsServer {
    for (let attempt = 0;; attempt++) {
      const udp = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
      try {
        const { port } = udp.addr as Deno.NetAddr;
        return new DnsServer(udp, Deno.listen({ hostname: "127.0.0.1", port }), zone);
      } catch (error) {
        udp.close();
        if (!(error instanceof Deno.errors.AddrInUse) || attempt === 20) throw error;
      }
    }
  }

  /** For `--server`. */
  get text(): string {
    return `${this.endpoint.address}:${this.endpoint.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#udp.close();
    this.#tcp.close();
    await Promise.all(this.#tasks);
  }

  #track(task: Promise<void>): void {
    const done = task.finally(() => this.#tasks.delete(done));
    this.#tasks.add(done);
  }

  async #serveUdp(): Promise<void> {
    for await (const [data, from] of this.#udp) this.#track(this.#answerDatagram(data, from));
  }

  async #answerDatagram(data: Uint8Array, from: Deno.Addr): Promise<void> {
    for (let reply = this.replyTo(data, "udp"); reply !== undefined; reply = reply.then) {
      if (!await this.#wait(reply)) return;
      await this.#udp.send(messageOf(data, reply), from).catch(() => {});
    }
  }

  async #serveTcp(): Promise<void> {
    for await (const conn of this.#tcp) this.#track(this.#answerStream(conn));
  }

  async #answerStream(conn: Deno.TcpConn): Promise<void> {
    using _conn = conn;
    const stop = (): void => {
      try {
        conn.close();
      } catch {
        // Closed by the client already.
      }
    };
    this.#closing.signal.addEventListener("abort", stop, { once: true });
    try {
      const data = await readFramed(conn);
      const reply = data && this.replyTo(data, "tcp");
      if (data === undefined || reply === undefined) return await untilClosed(conn);
      if (!await this.#wait(reply)) return;
      const message = messageOf(data, reply);
      await writeAll(conn, joined([u16(message.length), message]));
    } catch {
      // The client went away.
    } finally {
      this.#closing.signal.removeEventListener("abort", stop);
    }
  }

  async #wait({ delayMs = 0 }: FakeReply): Promise<boolean> {
    const { signal } = this.#closing;
    if (delayMs > 0) await sleep(delayMs, undefined, { signal }).catch(() => {});
    return !signal.aborted;
  }
}

/** The DNS message that answers one. */
export function messageOf(query: Uint8Array, reply: FakeReply): Uint8Array {
  if (reply.raw !== undefined) return reply.raw;
  const { rcode = 0, answers = [], authorities = [], idOffset = 0, padBytes = 0 } = reply;
  const view = new DataView(query.buffer, query.byteOffset, query.byteLength);
  const asked = reply.question ?? questionOf(query);
  const flags = 0x8180 | (reply.isAuthoritative ? 0x0400 : 0) | (reply.isTruncated ? 0x0200 : 0) | rcode;
  const message = joined([
    ...[u16(view.getUint16(0) + idOffset), u16(flags), u16(1), u16(answers.length), u16(authorities.length)],
    ...[u16(0), nameBytes(asked.name), u16(asked.type), u16(1)],
    ...[...answers, ...authorities].flatMap(recordBytes),
    new Uint8Array(Math.max(0, padBytes)),
  ]);
  return message.subarray(0, message.length + Math.min(0, padBytes));
}

function recordBytes({ name, type, ttlSeconds = 60, rdata }: FakeRecord): readonly Uint8Array[] {
  const ttl = [u16(ttlSeconds >>> 16), u16(ttlSeconds)];
  return [nameBytes(name), u16(type), u16(1), ...ttl, u16(rdata.length), rdata];
}

/** The question of a message. */
export function questionOf(message: Uint8Array): { readonly name: string; readonly type: number } {
  const { name, next } = nameOf(message, 12);
  return { name, type: ((message[next] ?? 0) << 8) | (message[next + 1] ?? 0) };
}

function nameOf(bytes: Uint8Array, at: number): { readonly name: string; readonly next: number } {
  const labels: string[] = [];
  let next = at;
  for (let length = bytes[next] ?? 0; length !== 0; length = bytes[next] ?? 0) {
    labels.push(new TextDecoder().decode(bytes.subarray(next + 1, next + 1 + length)));
    next += 1 + length;
  }
  return { name: labels.join(".").toLowerCase(), next: next + 1 };
}

function nameBytes(name: string): Uint8Array {
  const labels = name.split(".").filter((label) => label !== "").map((label) =>
    new TextEncoder().encode(label)
  );
  return joined([...labels.flatMap((label) => [Uint8Array.of(label.length), label]), Uint8Array.of(0)]);
}

function u16(value: number): Uint8Array {
  return Uint8Array.of((value >> 8) & 0xff, value & 0xff);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

async function readFramed(conn: Deno.TcpConn): Promise<Uint8Array | undefined> {
  const head = await readExactly(conn, 2);
  return head && await readExactly(conn, ((head[0] ?? 0) << 8) | (head[1] ?? 0));
}

async function readExactly(conn: Deno.TcpConn, length: number): Promise<Uint8Array | undefined> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await conn.read(bytes.subarray(at));
    if (count === null) return undefined;
    at += count;
  }
  return bytes;
}

async function untilClosed(conn: Deno.TcpConn): Promise<void> {
  while (await conn.read(new Uint8Array(64)) !== null);
}

async function writeAll(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
}
