/**
 * A name server on loopback, UDP and TCP on one port, with one zone: queries and UPDATE as RFC 2136, section 3, says,
 * signed by TSIG where it has a key. In the lab, BIND, Knot and PowerDNS take its place.
 */
import { canonicalName } from "../../../../src/core/domain_name.ts";
import type { Endpoint } from "../../../../src/core/endpoint.ts";
import { concatBytes, u16 } from "../../../../src/dns/byte_text.ts";
import {
  decodeMessage,
  type DnsMessage,
  type DnsRecord,
  encodeMessage,
  encodeRecord,
  lastRecordOffset,
} from "../../../../src/dns/message.ts";
import { encodeName } from "../../../../src/dns/name.ts";
import { signMessage, type TsigKey } from "../../../../src/dns/tsig.ts";

/** What it does with a request instead of answering; `bytes` gets the right answer, over TCP with its length. */
export type Trouble =
  | { readonly kind: "silent" | "closes" }
  | {
    readonly kind: "bytes";
    readonly bytes: (answer: Uint8Array, request: Uint8Array) => readonly Uint8Array[];
  }
  | { readonly kind: "rcode"; readonly rcode: number }
  | { readonly kind: "tsig"; readonly error: number; readonly other?: Uint8Array };

/** A request as it came. */
export interface SeenRequest {
  readonly via: "udp" | "tcp";
  readonly message: DnsMessage;
  readonly bytes: Uint8Array;
}

/** Options for {@linkcode UpdateServer.open}. */
export interface UpdateServerOptions {
  readonly zone: string;
  readonly key?: TsigKey | undefined;
  /** Wall-clock time, for signing. */
  readonly now: () => Date;
}

const TYPE = { CNAME: 5, SOA: 6, NS: 2, TSIG: 250 } as const;
const CLASS = { IN: 1, NONE: 254, ANY: 255 } as const;
const UDP_BYTES = 512;

/** The server. Disposing closes it. */
export class UpdateServer implements AsyncDisposable {
  readonly endpoint: Endpoint;
  /** Every record but SOA and NS. */
  records: readonly DnsRecord[] = [];
  /** One line for each update that changed something. */
  readonly writes: string[] = [];
  readonly seen: SeenRequest[] = [];
  /** Asked for each request. */
  trouble: (request: SeenRequest) => Trouble | undefined = () => undefined;
  readonly #options: UpdateServerOptions;
  readonly #udp: Deno.DatagramConn;
  readonly #tcp: Deno.TcpListener;
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #tasks = new Set<Promise<void>>();

  private constructor(
    options: UpdateServerOptions,
    sockets: { udp: Deno.DatagramConn; tcp: Deno.TcpListener },
  ) {
    this.#options = options;
    this.#udp = sockets.udp;
    this.#tcp = sockets.tcp;
    this.endpoint = { address: "127.0.0.1", port: sockets.tcp.addr.port };
    this.#start(this.#serveUdp());
    this.#start(this.#serveTcp());
  }

  /** Opens it on a port that is free for both. */
  static open(options: UpdateServerOptions): UpdateServer {
    for (let tries = 0;; tries++) {
      const tcp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      try {
        const udp = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: tcp.addr.port });
        return new UpdateServer(options, { udp, tcp });
      } catch (error) {
        tcp.close();
        if (tries === 20) throw error;
      }
    }
  }

  async #serveUdp(): Promise<void> {
    try {
      for await (const [data, from] of this.#udp) {
        const { pieces } = await this.#answers(data, "udp");
        for (const piece of pieces) await this.#udp.send(piece, from);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  async #serveTcp(): Promise<void> {
    for await (const connection of this.#tcp) {
      this.#connections.add(connection);
      this.#start(this.#serveConnection(connection));
    }
  }

  async #serveConnection(connection: Deno.TcpConn): Promise<void> {
    try {
      for (;;) {
        const head = await readExactly(connection, 2);
        const request = head && await readExactly(connection, (head[0] ?? 0) << 8 | (head[1] ?? 0));
        if (request === undefined) break;
        const { pieces, isLast } = await this.#answers(request, "tcp");
        for (const piece of pieces) await connection.write(piece);
        if (isLast) break;
      }
    } catch {
      // The client went away, or the server is closed.
    }
    this.#connections.delete(connection);
    try {
      connection.close();
    } catch {
      // Closed by disposing.
    }
  }

  /** What goes over the wire, over TCP with its length; `isLast`: it closes the connection then. */
  async #answers(
    bytes: Uint8Array,
    via: "udp" | "tcp",
  ): Promise<{ readonly pieces: readonly Uint8Array[]; readonly isLast: boolean }> {
    const request: SeenRequest = { via, message: decodeMessage(bytes), bytes };
    this.seen.push(request);
    const trouble = this.trouble(request);
    if (trouble?.kind === "silent" || trouble?.kind === "closes") {
      return { pieces: [], isLast: trouble.kind === "closes" };
    }
    const answer = await this.#answer(request, trouble);
    const framed = via === "tcp" ? concatBytes([u16(answer.length), answer]) : answer;
    return trouble?.kind === "bytes"
      ? { pieces: trouble.bytes(framed, bytes), isLast: true }
      : { pieces: [framed], isLast: false };
  }

  async #answer({ via, message, bytes }: SeenRequest, trouble: Trouble | undefined): Promise<Uint8Array> {
    const tsig = message.additionals.find(({ type }) => type === TYPE.TSIG);
    const wrong = trouble?.kind === "tsig" ? trouble : await this.#tsigFault(bytes, tsig);
    const blank = { ...message, isResponse: true, answers: [], authorities: [], additionals: [] };
    if (wrong !== undefined) {
      const plain = encodeMessage({ ...blank, rcode: 9 });
      return tsig === undefined ? plain : await this.#refuseTsig(plain, { tsig, bytes, ...wrong });
    }
    const found = trouble?.kind === "rcode"
      ? { rcode: trouble.rcode }
      : message.opcode === 5
      ? { rcode: this.#update(message) }
      : this.#query(message);
    const answer = { ...blank, isAuthoritative: found.rcode !== 5, ...found };
    return await this.#fitted(answer, { via, requestMac: tsig && macOf(tsig) });
  }

  async #fitted(
    answer: DnsMessage,
    { via, requestMac }: { readonly via: "udp" | "tcp"; readonly requestMac: Uint8Array | undefined },
  ): Promise<Uint8Array> {
    const whole = await this.#signed(encodeMessage(answer), requestMac);
    if (via === "tcp" || whole.length <= UDP_BYTES) return whole;
    return await this.#signed(encodeMessage({ ...answer, isTruncated: true, answers: [] }), requestMac);
  }

  async #signed(answer: Uint8Array, requestMac: Uint8Array | undefined): Promise<Uint8Array> {
    const { key, now } = this.#options;
    if (key === undefined || requestMac === undefined) return answer;
    return (await signMessage(answer, { key, now: now(), requestMac })).bytes;
  }

  async #tsigFault(bytes: Uint8Array, tsig: DnsRecord | undefined): Promise<{ error: number } | undefined> {
    const { key } = this.#options;
    if (key === undefined) return undefined;
    if (tsig?.name !== key.name) return { error: 17 };
    const plain = bytes.slice(0, lastRecordOffset(bytes));
    plain.set(u16(decodeMessage(bytes).additionals.length - 1), 10);
    const again = await signMessage(plain, { key, now: timeOf(tsig) });
    return again.bytes.toHex() === bytes.toHex() ? undefined : { error: 16 };
  }

  /** RFC 8945, section 5.2: BADTIME is signed, the others have no MAC. */
  async #refuseTsig(
    plain: Uint8Array,
    options: {
      readonly tsig: DnsRecord;
      readonly bytes: Uint8Array;
      readonly error: number;
      readonly other?: Uint8Array;
    },
  ): Promise<Uint8Array> {
    const { tsig, error, other = new Uint8Array() } = options;
    const { key } = this.#options;
    const algorithm = encodeName(key?.algorithm ?? "hmac-sha256");
    const time = tsig.rdata.subarray(algorithm.length, algorithm.length + 6);
    const variables = [u16(300), u16(error), u16(other.length), other];
    let mac: Uint8Array = new Uint8Array();
    if (error === 18 && key !== undefined) {
      const requestMac = macOf(tsig);
      const input = concatBytes([
        ...[u16(requestMac.length), requestMac, plain, encodeName(key.name), u16(CLASS.ANY), u16(0), u16(0)],
        ...[algorithm, time, ...variables],
      ]);
      const usages: KeyUsage[] = ["sign"];
      const format = { name: "HMAC", hash: "SHA-256" };
      const isExtractable = false;
      const imported = await crypto.subtle.importKey("raw", key.secret, format, isExtractable, usages);
      mac = new Uint8Array(await crypto.subtle.sign("HMAC", imported, input));
    }
    const [fudge, ...rest] = variables as [Uint8Array, ...Uint8Array[]];
    const rdata = concatBytes([algorithm, time, fudge, u16(mac.length), mac, plain.subarray(0, 2), ...rest]);
    const answer = concatBytes([plain, encodeRecord({ ...tsig, rdata })]);
    answer.set(u16(1), 10);
    return answer;
  }

  #query(
    { questions }: DnsMessage,
  ): { rcode: number; answers?: readonly DnsRecord[]; isAuthoritative?: boolean } {
    const { zone } = this.#options;
    const [question] = questions;
    if (question === undefined || !isBelow(question.name, zone)) return { rcode: 5, isAuthoritative: false };
    const { name, type } = question;
    if (name === zone && type === TYPE.SOA) {
      const rdata = concatBytes([encodeName(`ns.${zone}`), encodeName(zone), new Uint8Array(20)]);
      return { rcode: 0, answers: [{ name, type, class: CLASS.IN, ttlSeconds: 60, rdata }] };
    }
    const own = this.records.filter((one) => one.name === name);
    const wild = `*.${name.slice(name.indexOf(".") + 1)}`;
    const there = own.length > 0
      ? own
      : this.records.filter((one) => one.name === wild).map((one) => ({ ...one, name }));
    const answers = there.filter((one) => one.type === type || one.type === TYPE.CNAME);
    return { rcode: there.length === 0 && name !== zone ? 3 : 0, answers };
  }

  #update({ questions, answers: prerequisites, authorities: updates }: DnsMessage): number {
    const { zone } = this.#options;
    const [question] = questions;
    if (question?.name !== zone || question.type !== TYPE.SOA) return 9;
    if ([...prerequisites, ...updates].some(({ name }) => !isBelow(name, zone))) return 10;
    const unmet = this.#unmet(prerequisites);
    if (unmet !== 0) return unmet;
    let records = this.records;
    for (const update of updates) records = applied(records, update);
    if (!isSameList(records, this.records)) {
      this.writes.push(updates.map(({ name, type, class: kind }) => `${kind} ${name} ${type}`).join(", "));
    }
    this.records = records;
    return 0;
  }

  #unmet(prerequisites: readonly DnsRecord[]): number {
    const valued = prerequisites.filter((one) => one.class === CLASS.IN);
    for (const { name, type, class: kind, ttlSeconds, rdata } of prerequisites) {
      if (ttlSeconds !== 0) return 1;
      const there = this.records.filter((one) => one.name === name && one.type === type);
      if (kind === CLASS.NONE && (rdata.length > 0)) return 1;
      if (kind === CLASS.NONE && there.length > 0) return 7;
      if (kind === CLASS.ANY && there.length === 0) return 8;
      const wanted = valued.filter((one) => one.name === name && one.type === type);
      if (kind === CLASS.IN && !isSameRdata(wanted, there)) return 8;
    }
    return 0;
  }

  #start(task: Promise<void>): void {
    this.#tasks.add(task);
    void task.finally(() => this.#tasks.delete(task));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#udp.close();
    this.#tcp.close();
    for (const connection of this.#connections) connection.close();
    this.#connections.clear();
    await Promise.all(this.#tasks);
  }
}

/** RFC 2136, section 3.4.2. */
function applied(records: readonly DnsRecord[], update: DnsRecord): readonly DnsRecord[] {
  const isOfSet = (one: DnsRecord): boolean => one.name === update.name && one.type === update.type;
  if (update.class === CLASS.ANY) return records.filter((one) => !isOfSet(one));
  // Beside an alias, nothing else is added, and nobody is told.
  if (records.some((one) => one.name === update.name && one.type === TYPE.CNAME)) return records;
  const others = records.filter((one) => !(isOfSet(one) && one.rdata.toHex() === update.rdata.toHex()));
  return [...others, update];
}

function isSameRdata(a: readonly DnsRecord[], b: readonly DnsRecord[]): boolean {
  const lines = (list: readonly DnsRecord[]): string => list.map(({ rdata }) => rdata.toHex()).sort().join();
  return lines(a) === lines(b);
}

function isSameList(a: readonly DnsRecord[], b: readonly DnsRecord[]): boolean {
  const lines = (list: readonly DnsRecord[]): string =>
    list.map((one) => encodeRecord(one).toHex()).sort().join();
  return lines(a) === lines(b);
}

function isBelow(name: string, zone: string): boolean {
  return name === canonicalName(zone) || name.endsWith(`.${zone}`);
}

/** The MAC in a TSIG record's data: behind the algorithm's name, time and fudge. */
function macOf({ rdata }: DnsRecord): Uint8Array {
  const start = rdata.indexOf(0) + 1 + 8;
  const length = (rdata[start] ?? 0) << 8 | (rdata[start + 1] ?? 0);
  return rdata.slice(start + 2, start + 2 + length);
}

/** When it was signed. */
function timeOf({ rdata }: DnsRecord): Date {
  const start = rdata.indexOf(0) + 1;
  return new Date(rdata.subarray(start, start + 6).reduce((sum, byte) => sum * 256 + byte, 0) * 1000);
}

async function readExactly(connection: Deno.TcpConn, length: number): Promise<Uint8Array | undefined> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await connection.read(bytes.subarray(at));
    if (count === null) return undefined;
    at += count;
  }
  return bytes;
}
