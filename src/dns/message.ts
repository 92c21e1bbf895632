import { PortholeError } from "../core/errors.ts";
import { concatBytes, u16 } from "./byte_text.ts";
import { encodeName, readName } from "./name.ts";

/** One question of a message (RFC 1035, section 4.1.2). */
export interface DnsQuestion {
  /** Canonical name (core/domain_name.ts), bytes that host names do not have escaped; empty for the root. */
  readonly name: string;
  /** Number of the type. */
  readonly type: number;
  /** 1 is IN. */
  readonly class: number;
}

/** One resource record as on the wire (RFC 1035, section 4.1.3). */
export interface DnsRecord extends DnsQuestion {
  /** 0 to 4,294,967,295. */
  readonly ttlSeconds: number;
  /** Names in it are not compressed. */
  readonly rdata: Uint8Array;
}

/** A message; sections as they are called in queries (RFC 2136 calls them zone, prerequisite, update). */
export interface DnsMessage {
  /** 0 to 65,535. */
  readonly id: number;
  /** QR. */
  readonly isResponse: boolean;
  /** 0 QUERY, 5 UPDATE. */
  readonly opcode: number;
  /** AA. */
  readonly isAuthoritative: boolean;
  /** TC. */
  readonly isTruncated: boolean;
  /** RD. */
  readonly recursionDesired: boolean;
  /** RA. */
  readonly recursionAvailable: boolean;
  /** 0 NOERROR, 3 NXDOMAIN, …; without the extension of EDNS. */
  readonly rcode: number;
  /** As a rule one. */
  readonly questions: readonly DnsQuestion[];
  /** In the order of the message, as in the other sections. */
  readonly answers: readonly DnsRecord[];
  /** NS and SOA records as a rule. */
  readonly authorities: readonly DnsRecord[];
  /** OPT (RFC 6891) and TSIG (RFC 8945) included. */
  readonly additionals: readonly DnsRecord[];
}

/** Bytes that are no DNS message. */
export class DnsDecodeError extends PortholeError {
  /** Name of the class. */
  override readonly name = "DnsDecodeError";
  /** What to match on. */
  override readonly code = "dns_decode";

  /** Says what is wrong with them. */
  constructor(reason: string) {
    super(`Cannot decode DNS message: ${reason}`);
  }
}

/** What a length of two bytes can tell, over TCP (RFC 1035, section 4.2.2). */
const MOST_MESSAGE_BYTES = 65_535;
const HEADER_BYTES = 12;
/** The counts of the three sections behind the questions. */
const RECORD_COUNTS_OFFSET = 6;

/**
 * Types whose data has names that senders may compress (RFC 3597, section 4), by how many other bytes stand before the
 * names, and how many names there are.
 */
const COMPRESSIBLE: ReadonlyMap<number, { readonly before: number; readonly names: number }> = new Map([
  [2, { before: 0, names: 1 }], // NS
  [5, { before: 0, names: 1 }], // CNAME
  [6, { before: 0, names: 2 }], // SOA
  [12, { before: 0, names: 1 }], // PTR
  [15, { before: 2, names: 1 }], // MX
  [33, { before: 6, names: 1 }], // SRV, which may not (RFC 2782), but some do
  [39, { before: 0, names: 1 }], // DNAME
]);

/**
 * Encodes a message, names without compression.
 *
 * @throws {RangeError} If a name is none, or it is longer than 65,535 bytes.
 */
export function encodeMessage(message: DnsMessage): Uint8Array<ArrayBuffer> {
  const { id, questions, answers, authorities, additionals } = message;
  const sections = [questions, answers, authorities, additionals];
  const bytes = concatBytes([
    ...[id, flagsOf(message), ...sections.map(({ length }) => length)].map(u16),
    ...questions.flatMap(encodeQuestion),
    ...[answers, authorities, additionals].flat().map(encodeRecord),
  ]);
  if (bytes.length > MOST_MESSAGE_BYTES) {
    throw new RangeError(
      `Cannot encode DNS message: ${bytes.length} bytes, ${MOST_MESSAGE_BYTES} are possible`,
    );
  }
  return bytes;
}

/**
 * Decodes a message. Bytes behind its end are passed over: some home routers put padding there. Total: any bytes give a
 * message or the error.
 *
 * @throws {DnsDecodeError}
 */
export function decodeMessage(bytes: Uint8Array): DnsMessage {
  return walk(bytes).message;
}

/**
 * Decodes header and questions alone, and takes the records for absent: an answer that did not fit may be cut off in the
 * middle of one (RFC 2181, section 9).
 *
 * @throws {DnsDecodeError}
 */
export function decodeHead(bytes: Uint8Array): DnsMessage {
  const head = bytes.slice();
  head.fill(0, RECORD_COUNTS_OFFSET, HEADER_BYTES);
  return walk(head).message;
}

/**
 * Where the last record of a message starts; `undefined` if it has none. TSIG needs it (RFC 8945, section 5.3).
 *
 * @throws {DnsDecodeError}
 */
export function lastRecordOffset(bytes: Uint8Array): number | undefined {
  return walk(bytes).lastOffset;
}

function walk(bytes: Uint8Array): { readonly message: DnsMessage; readonly lastOffset: number | undefined } {
  if (bytes.length < HEADER_BYTES) throw new DnsDecodeError(`${bytes.length} bytes are too few`);
  const reader = new Reader(bytes);
  const [id = 0, flags = 0, questionCount = 0, ...counts] = Array.from(countTo(6), () => reader.u16());
  const questions = Array.from(countTo(questionCount), () => reader.question());
  let lastOffset: number | undefined;
  const [answers = [], authorities = [], additionals = []] = counts.map((count) =>
    Array.from(countTo(count), () => {
      lastOffset = reader.offset;
      return reader.record();
    })
  );
  const sections = { questions, answers, authorities, additionals };
  return { message: { id, ...flagsFrom(flags), ...sections }, lastOffset };
}

/** One after the other, so that a count that lies costs nothing before the bytes run out. */
function* countTo(count: number): Generator<number> {
  for (let i = 0; i < count; i++) yield i;
}

function flagsOf(message: DnsMessage): number {
  return (message.isResponse ? 0x8000 : 0) | (message.opcode & 0xf) << 11 |
    (message.isAuthoritative ? 0x0400 : 0) | (message.isTruncated ? 0x0200 : 0) |
    (message.recursionDesired ? 0x0100 : 0) | (message.recursionAvailable ? 0x0080 : 0) |
    message.rcode & 0xf;
}

function flagsFrom(
  flags: number,
): Omit<DnsMessage, "id" | "questions" | "answers" | "authorities" | "additionals"> {
  return {
    isResponse: (flags & 0x8000) !== 0,
    opcode: flags >> 11 & 0xf,
    isAuthoritative: (flags & 0x0400) !== 0,
    isTruncated: (flags & 0x0200) !== 0,
    recursionDesired: (flags & 0x0100) !== 0,
    recursionAvailable: (flags & 0x0080) !== 0,
    rcode: flags & 0xf,
  };
}

function encodeQuestion(question: DnsQuestion): readonly Uint8Array[] {
  return [encodeName(question.name), u16(question.type), u16(question.class)];
}

/** One record as {@linkcode encodeMessage} writes it. @throws {RangeError} If its name is none. */
export function encodeRecord(record: DnsRecord): Uint8Array<ArrayBuffer> {
  const { ttlSeconds, rdata } = record;
  const ttl = [u16(ttlSeconds >>> 16), u16(ttlSeconds & 0xffff)];
  return concatBytes([...encodeQuestion(record), ...ttl, u16(rdata.length), rdata]);
}

/** Reads a message from its start to its end. */
class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  question(): DnsQuestion {
    return { name: this.#name(), type: this.u16(), class: this.u16() };
  }

  record(): DnsRecord {
    const question = this.question();
    const ttlSeconds = this.#view.getUint32(this.#take(4));
    const length = this.u16();
    const start = this.#take(length);
    return { ...question, ttlSeconds, rdata: this.#rdata(question.type, start) };
  }

  #name(): string {
    const read = readName(this.#bytes, this.offset);
    if (read === undefined) throw new DnsDecodeError(`the name at byte ${this.offset} is malformed`);
    this.offset = read.end;
    return read.name;
  }

  /** Moves on, and gives where it was. */
  #take(length: number): number {
    const at = this.offset;
    if (at + length > this.#bytes.length) throw new DnsDecodeError("it ends too early");
    this.offset = at + length;
    return at;
  }

  /** The data up to here, its names written out. */
  #rdata(type: number, start: number): Uint8Array {
    const end = this.offset;
    const shape = COMPRESSIBLE.get(type);
    // No data at all: the class is ANY or NONE (RFC 2136, sections 2.4 and 2.5).
    if (shape === undefined || start === end) return this.#bytes.slice(start, end);
    const parts: Uint8Array[] = [this.#bytes.subarray(start, start + shape.before)];
    let at = start + shape.before;
    for (let i = 0; i < shape.names; i++) {
      const read = at < end ? readName(this.#bytes, at) : undefined;
      if (read === undefined || read.end > end) {
        throw new DnsDecodeError(`the data at byte ${start} is malformed`);
      }
      parts.push(encodeName(read.name));
      at = read.end;
    }
    return concatBytes([...parts, this.#bytes.subarray(at, end)]);
  }
}
