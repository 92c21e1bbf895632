import { addressBytes, formatAddress } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";

/** What a PCP client asks. */
export type PcpRequest =
  /** RFC 6887, section 14.1: nothing but whether it is there, and since when. */
  | { readonly kind: "announce"; readonly client: string }
  /** RFC 6887, section 11; a lifetime of 0 deletes. */
  | {
    readonly kind: "map";
    /** Our address as the server sees it. */
    readonly client: string;
    /** 12 bytes that stay the same as long as the mapping lives. */
    readonly nonce: Uint8Array;
    readonly protocol: Protocol;
    readonly internalPort: number;
    /** As wished for; 0 when deleting. */
    readonly externalPort: number;
    /** As wished for; absent: any. */
    readonly externalAddress?: string | undefined;
    readonly lifetimeSeconds: number;
  };

/** The part of an answer about a mapping. */
export interface PcpMapping {
  /** As in the request. */
  readonly nonce: Uint8Array;
  /** As in the request. */
  readonly protocol: Protocol;
  /** As in the request. */
  readonly internalPort: number;
  /** As given. */
  readonly externalPort: number;
  /** As given. */
  readonly externalAddress: string;
}

/** What a PCP server says. */
export interface PcpAnswer {
  /** 0 announce, 1 map, 2 peer. */
  readonly opcode: number;
  /** 0 is success (RFC 6887, section 7.4). */
  readonly result: number;
  /** Of the mapping; of a refusal, how long it will last. */
  readonly lifetimeSeconds: number;
  /** Seconds since the server's table of mappings was last empty. */
  readonly epochSeconds: number;
  /** Present if the answer is about a mapping and complete. */
  readonly mapping?: PcpMapping | undefined;
}

/** Bytes of a nonce (RFC 6887, section 11.1). */
export const PCP_NONCE_BYTES = 12;

const VERSION = 2;
const HEADER_BYTES = 24;
const MAP_BYTES = 60;
/** RFC 6887, section 7. */
const MOST_BYTES = 1100;
const ANSWER_BIT = 0x80;
const OPCODE_MAP = 1;
/** IANA protocol numbers. */
const PROTOCOLS = { tcp: 6, udp: 17 } as const;

/**
 * Encodes a request; IPv4 addresses are written as IPv4-mapped ones (RFC 6887, section 5).
 *
 * @throws {RangeError} If the nonce, a port or the lifetime does not fit.
 * @throws {TypeError} If an address is none.
 */
export function encodePcpRequest(request: PcpRequest): Uint8Array {
  const isMap = request.kind === "map";
  const bytes = new Uint8Array(isMap ? MAP_BYTES : HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, VERSION);
  view.setUint8(1, isMap ? OPCODE_MAP : 0);
  bytes.set(wideAddress(request.client), 8);
  if (!isMap) return bytes;
  const { nonce, protocol, internalPort, externalPort, lifetimeSeconds } = request;
  if (nonce.length !== PCP_NONCE_BYTES) {
    throw new RangeError(`Cannot use a nonce of ${nonce.length} bytes`);
  }
  for (const port of [internalPort, externalPort]) {
    if (!Number.isInteger(port) || port < 0 || port > 0xffff) {
      throw new RangeError(`Cannot ask for port ${port}: not 0 to 65535`);
    }
  }
  if (!Number.isInteger(lifetimeSeconds) || lifetimeSeconds < 0 || lifetimeSeconds > 0xffff_ffff) {
    throw new RangeError(`Cannot ask for a lifetime of ${lifetimeSeconds} s`);
  }
  view.setUint32(4, lifetimeSeconds);
  bytes.set(nonce, 24);
  view.setUint8(36, PROTOCOLS[protocol]);
  view.setUint16(40, internalPort);
  view.setUint16(42, externalPort);
  // All zeros of the wanted family mean any address (RFC 6887, section 11.1).
  bytes.set(wideAddress(request.externalAddress ?? (request.client.includes(":") ? "::" : "0.0.0.0")), 44);
  return bytes;
}

/** Decodes an answer; `undefined` for whatever is none of version 2. Never throws. */
export function decodePcpAnswer(bytes: Uint8Array): PcpAnswer | undefined {
  const { length } = bytes;
  if (length < HEADER_BYTES || length > MOST_BYTES || length % 4 !== 0 || bytes[0] !== VERSION) {
    return undefined;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  const code = view.getUint8(1);
  if (code < ANSWER_BIT) return undefined;
  const opcode = code - ANSWER_BIT;
  const answer: PcpAnswer = {
    opcode,
    result: view.getUint8(3),
    lifetimeSeconds: view.getUint32(4),
    epochSeconds: view.getUint32(8),
  };
  const protocol = length < MAP_BYTES ? undefined : protocolOf(view.getUint8(36));
  if (opcode !== OPCODE_MAP || protocol === undefined) return answer;
  return {
    ...answer,
    mapping: {
      nonce: bytes.slice(24, 36),
      protocol,
      internalPort: view.getUint16(40),
      externalPort: view.getUint16(42),
      externalAddress: formatAddress(bytes.subarray(44, 60)),
    },
  };
}

/** Whether a server that knows NAT-PMP only says that PCP is beyond it (RFC 6887, section 9). */
export function isNatPmpRefusal(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0 && (bytes[1] ?? 0) >= ANSWER_BIT && bytes[2] === 0 &&
    bytes[3] === 1;
}

/** Words for a result code (RFC 6887, section 7.4). */
export function describePcpResult(result: number): string {
  return RESULTS[result] ?? `result code ${result}`;
}

/** The port belongs to somebody else (RFC 6887, section 7.4). */
export const PCP_CANNOT_PROVIDE_EXTERNAL = 11;

const RESULTS: Readonly<Record<number, string>> = {
  1: "it does not know this version",
  2: "it is not allowed there, or the port is still held for an earlier run",
  3: "it calls the request malformed",
  4: "it does not know this request",
  5: "it does not know this option",
  6: "it calls the option malformed",
  7: "it has no usable external address itself",
  8: "it is out of resources",
  9: "it does not know this protocol",
  10: "it gives no more ports to this host",
  11: "the external port belongs to somebody else",
  12: "another NAT stands between this host and the router",
  13: "it gives no more peers to this host",
};

function protocolOf(number: number): Protocol | undefined {
  if (number === PROTOCOLS.tcp) return "tcp";
  return number === PROTOCOLS.udp ? "udp" : undefined;
}

/** 16 bytes; the zone of a link-local address is left out. */
function wideAddress(address: string): Uint8Array {
  const bytes = addressBytes(address);
  if (bytes === undefined) throw new TypeError(`Cannot use "${address}": not an IP address`);
  if (bytes.length === 16) return bytes;
  const wide = new Uint8Array(16);
  wide.set([0xff, 0xff], 10);
  wide.set(bytes, 12);
  return wide;
}
