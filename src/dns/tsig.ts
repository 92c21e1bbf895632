import { concatBytes, u16 } from "./byte_text.ts";
import { decodeMessage, type DnsRecord, encodeRecord, lastRecordOffset } from "./message.ts";
import { encodeName, readName } from "./name.ts";

/** Algorithms of a shared key (RFC 8945, section 6). */
export type TsigAlgorithm = "hmac-sha1" | "hmac-sha256" | "hmac-sha384" | "hmac-sha512";

/** A key that a name server shares with us. */
export interface TsigKey {
  /** Canonical. */
  readonly name: string;
  /** Which one its MACs are made with; both sides have to agree. */
  readonly algorithm: TsigAlgorithm;
  /** At least one byte. */
  readonly secret: Uint8Array<ArrayBuffer>;
}

/** Options for {@linkcode signMessage}. */
export interface SignOptions {
  /** Wall-clock time. */
  readonly now: Date;
  /** Of the request, when it is an answer that is signed. */
  readonly requestMac?: Uint8Array | undefined;
  /** How far off the other side's clock may be, in seconds (RFC 8945, section 10). @default {300} */
  readonly fudgeSeconds?: number | undefined;
}

/** A message with its TSIG record. */
export interface SignedMessage {
  /** Fit to be sent. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The answer is signed together with it. */
  readonly mac: Uint8Array<ArrayBuffer>;
}

/** Options for {@linkcode verifyAnswer}. */
export interface VerifyOptions {
  /** The one that signed the request. */
  readonly key: TsigKey;
  /** Of the request. */
  readonly requestMac: Uint8Array;
  /** Wall-clock time. */
  readonly now: Date;
}

/**
 * What an answer's TSIG says.
 *
 * - `valid`: the server has the key, and nobody changed the answer.
 * - `unsigned`: it has none, so it proves nothing.
 * - `refused`: the server did not accept the request's TSIG; `error` is its reason (RFC 8945, section 3). Only `BADTIME`
 *   is signed, and has the server's time.
 * - `wrong`: it is not what the server should have sent, or was changed on its way.
 */
export type TsigFinding =
  | { readonly kind: "valid" | "unsigned" }
  | {
    readonly kind: "refused";
    readonly error: "BADSIG" | "BADKEY" | "BADTIME" | "BADTRUNC" | `error ${number}`;
    /** With BADTIME: seconds since 1970 by the server's clock. */
    readonly serverSeconds?: number | undefined;
  }
  | { readonly kind: "wrong"; readonly part: "format" | "key" | "mac" | "time" };

/** What a TSIG record holds besides the key's name (RFC 8945, section 4.2). */
interface Tsig {
  readonly algorithm: string;
  readonly timeSeconds: number;
  readonly fudgeSeconds: number;
  readonly mac: Uint8Array;
  readonly originalId: number;
  readonly error: number;
  readonly other: Uint8Array;
}

const TYPE_TSIG = 250;
const CLASS_ANY = 255;
/** RFC 8945, section 10, recommends it. */
const FUDGE_SECONDS = 300;
const HASHES: Readonly<Record<TsigAlgorithm, string>> = {
  "hmac-sha1": "SHA-1",
  "hmac-sha256": "SHA-256",
  "hmac-sha384": "SHA-384",
  "hmac-sha512": "SHA-512",
};
/** Offset of the count of additional records. */
const ADDITIONAL_COUNT = 10;

/**
 * Signs an encoded message (RFC 8945, section 5.1): a TSIG record becomes its last one.
 *
 * @throws {DnsDecodeError} If it is no message.
 */
export async function signMessage(
  message: Uint8Array,
  options: SignOptions & { readonly key: TsigKey },
): Promise<SignedMessage> {
  const { key, now, requestMac, fudgeSeconds = FUDGE_SECONDS } = options;
  const { id, additionals } = decodeMessage(message);
  const unsigned = {
    ...{ algorithm: key.algorithm, timeSeconds: Math.floor(now.getTime() / 1000), fudgeSeconds },
    ...{ mac: new Uint8Array(), originalId: id, error: 0, other: new Uint8Array() },
  };
  const signed = digestInput(message, { key, tsig: unsigned, requestMac });
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", await importKey(key), signed));
  const bytes = concatBytes([message, encodeTsig(key.name, { ...unsigned, mac })]);
  bytes.set(u16(additionals.length + 1), ADDITIONAL_COUNT);
  return { bytes, mac };
}

/**
 * Checks the TSIG of an answer (RFC 8945, section 5.3): key, MAC over the request's and the whole message, then time. A
 * truncated MAC is not accepted. Total for every decoded message.
 *
 * @throws {DnsDecodeError} If it is no message.
 */
export async function verifyAnswer(answer: Uint8Array, options: VerifyOptions): Promise<TsigFinding> {
  const { key, requestMac, now } = options;
  const record = decodeMessage(answer).additionals.at(-1);
  const offset = lastRecordOffset(answer);
  if (record?.type !== TYPE_TSIG || offset === undefined) return { kind: "unsigned" };
  const tsig = decodeTsig(record.rdata);
  if (tsig === undefined) return { kind: "wrong", part: "format" };
  if (tsig.mac.length === 0 && tsig.error !== 0) return refusal(tsig);
  if (record.name !== key.name || tsig.algorithm !== key.algorithm) return { kind: "wrong", part: "key" };
  const message = answer.slice(0, offset);
  message.set(u16(decodeMessage(answer).additionals.length - 1), ADDITIONAL_COUNT);
  message.set(u16(tsig.originalId), 0);
  const signed = digestInput(message, { key, tsig, requestMac });
  const isTrue = await crypto.subtle.verify("HMAC", await importKey(key), new Uint8Array(tsig.mac), signed);
  if (!isTrue) return { kind: "wrong", part: "mac" };
  if (tsig.error !== 0) return refusal(tsig);
  const isOnTime = Math.abs(now.getTime() / 1000 - tsig.timeSeconds) <= tsig.fudgeSeconds + 1;
  return isOnTime ? { kind: "valid" } : { kind: "wrong", part: "time" };
}

function refusal({ error, other }: Tsig): TsigFinding {
  const names = { 16: "BADSIG", 17: "BADKEY", 18: "BADTIME", 22: "BADTRUNC" } as const;
  const serverSeconds = error === 18 && other.length === 6 ? readTime(other, 0) : undefined;
  return {
    kind: "refused",
    error: error in names ? names[error as keyof typeof names] : `error ${error}`,
    serverSeconds,
  };
}

/** What the MAC is made over (RFC 8945, section 4.3). */
function digestInput(
  message: Uint8Array,
  options: { readonly key: TsigKey; readonly tsig: Tsig; readonly requestMac: Uint8Array | undefined },
): Uint8Array<ArrayBuffer> {
  const { key, tsig, requestMac } = options;
  return concatBytes([
    ...(requestMac === undefined ? [] : [u16(requestMac.length), requestMac]),
    message,
    ...[encodeName(key.name), u16(CLASS_ANY), u16(0), u16(0)],
    ...[encodeName(key.algorithm), timeBytes(tsig.timeSeconds), u16(tsig.fudgeSeconds)],
    ...[u16(tsig.error), u16(tsig.other.length), tsig.other],
  ]);
}

function encodeTsig(name: string, tsig: Tsig): Uint8Array {
  const rdata = concatBytes([
    ...[encodeName(tsig.algorithm), timeBytes(tsig.timeSeconds), u16(tsig.fudgeSeconds)],
    ...[u16(tsig.mac.length), tsig.mac, u16(tsig.originalId)],
    ...[u16(tsig.error), u16(tsig.other.length), tsig.other],
  ]);
  const record: DnsRecord = { name, type: TYPE_TSIG, class: CLASS_ANY, ttlSeconds: 0, rdata };
  return encodeRecord(record);
}

function decodeTsig(rdata: Uint8Array): Tsig | undefined {
  const algorithm = readName(rdata, 0);
  if (algorithm === undefined) return undefined;
  const view = new DataView(rdata.buffer, rdata.byteOffset, rdata.byteLength);
  const { end } = algorithm;
  // Time, fudge and the length of the MAC; then the MAC; then ID, error and the length of the rest.
  if (end + 10 > rdata.length) return undefined;
  const afterMac = end + 10 + view.getUint16(end + 8);
  if (afterMac + 6 > rdata.length) return undefined;
  const other = rdata.subarray(afterMac + 6);
  if (other.length !== view.getUint16(afterMac + 4)) return undefined;
  return {
    algorithm: algorithm.name,
    timeSeconds: readTime(rdata, end),
    fudgeSeconds: view.getUint16(end + 6),
    mac: rdata.subarray(end + 10, afterMac),
    originalId: view.getUint16(afterMac),
    error: view.getUint16(afterMac + 2),
    other,
  };
}

/** 48 bits. */
function timeBytes(seconds: number): Uint8Array {
  return concatBytes([u16(Math.floor(seconds / 2 ** 32)), u16(seconds / 2 ** 16), u16(seconds)]);
}

function readTime(bytes: Uint8Array, offset: number): number {
  return bytes.subarray(offset, offset + 6).reduce((sum, byte) => sum * 256 + byte, 0);
}

function importKey({ algorithm, secret }: TsigKey): Promise<CryptoKey> {
  const format = { name: "HMAC", hash: HASHES[algorithm] };
  const isExtractable = false;
  return crypto.subtle.importKey("raw", secret, format, isExtractable, ["sign", "verify"]);
}
