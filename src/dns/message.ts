/** One question of a message (RFC 1035, section 4.1.2). */
export interface DnsQuestion {
  /** Canonical name (core/domain_name.ts); empty for the root. */
  readonly name: string;
  /** Number of the type. */
  readonly type: number;
  /** 1 is IN. */
  readonly class: number;
}

/** One resource record as on the wire (RFC 1035, section 4.1.3). */
export interface DnsRecord extends DnsQuestion {
  readonly ttlSeconds: number;
  /** Names in it are not compressed. */
  readonly rdata: Uint8Array;
}

/** A message; sections as they are called in queries (RFC 2136 calls them zone, prerequisite, update). */
export interface DnsMessage {
  readonly id: number;
  readonly isResponse: boolean;
  /** 0 QUERY, 5 UPDATE. */
  readonly opcode: number;
  readonly isAuthoritative: boolean;
  readonly isTruncated: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  /** 0 NOERROR, 3 NXDOMAIN, …; without the extension of EDNS. */
  readonly rcode: number;
  readonly questions: readonly DnsQuestion[];
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

/** Encodes a message, names without compression. */
export function encodeMessage(_message: DnsMessage): Uint8Array<ArrayBuffer> {
  throw new TypeError("Cannot encode DNS message: not built yet");
}

/**
 * Decodes a message. Total: any bytes give a message or the error.
 *
 * @throws {DnsDecodeError}
 */
export function decodeMessage(_bytes: Uint8Array): DnsMessage {
  throw new TypeError("Cannot decode DNS message: not built yet");
}
