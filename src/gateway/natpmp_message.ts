import { formatAddress } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";

/** Port of NAT-PMP and PCP servers (RFC 6886, section 3.1; RFC 6887, section 19). */
export const GATEWAY_PORT = 5351;

/** What a NAT-PMP client asks. */
export type NatPmpRequest =
  /** RFC 6886, section 3.2. */
  | { readonly kind: "external-address" }
  /** RFC 6886, section 3.3; a lifetime of 0 deletes. */
  | {
    readonly kind: "map";
    readonly protocol: Protocol;
    readonly internalPort: number;
    /** As wished for; 0 when deleting. */
    readonly externalPort: number;
    readonly lifetimeSeconds: number;
  };

/** What every answer has. */
interface NatPmpHeader {
  /** 0 is success (RFC 6886, section 3.5). */
  readonly result: number;
  /** Seconds since the router's table of mappings was last empty. */
  readonly epochSeconds: number;
}

/** What a NAT-PMP server says; `refusal` is every answer that is no success. */
export type NatPmpAnswer =
  | (NatPmpHeader & { readonly kind: "external-address"; readonly address: string })
  | (NatPmpHeader & {
    readonly kind: "map";
    readonly protocol: Protocol;
    readonly internalPort: number;
    readonly externalPort: number;
    readonly lifetimeSeconds: number;
  })
  | (NatPmpHeader & { readonly kind: "refusal"; readonly opcode: number });

const OPCODES = { udp: 1, tcp: 2 } as const;
const ANSWER_BIT = 0x80;

/**
 * Encodes a request; the version is 0.
 *
 * @throws {RangeError} If a port or the lifetime does not fit.
 */
export function encodeNatPmpRequest(request: NatPmpRequest): Uint8Array {
  if (request.kind === "external-address") return new Uint8Array(2);
  const { protocol, internalPort, externalPort, lifetimeSeconds } = request;
  for (const port of [internalPort, externalPort]) {
    if (!Number.isInteger(port) || port < 0 || port > 0xffff) {
      throw new RangeError(`Cannot ask for port ${port}: not 0 to 65535`);
    }
  }
  if (!Number.isInteger(lifetimeSeconds) || lifetimeSeconds < 0 || lifetimeSeconds > 0xffff_ffff) {
    throw new RangeError(`Cannot ask for a lifetime of ${lifetimeSeconds} s`);
  }
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint8(1, OPCODES[protocol]);
  view.setUint16(4, internalPort);
  view.setUint16(6, externalPort);
  view.setUint32(8, lifetimeSeconds);
  return bytes;
}

/** Decodes an answer; `undefined` for whatever is none of version 0. Never throws. */
export function decodeNatPmpAnswer(bytes: Uint8Array): NatPmpAnswer | undefined {
  if (bytes.length < 8 || bytes[0] !== 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const code = view.getUint8(1);
  if (code < ANSWER_BIT) return undefined;
  const opcode = code - ANSWER_BIT;
  const header: NatPmpHeader = { result: view.getUint16(2), epochSeconds: view.getUint32(4) };
  // A refusal may end after the header (RFC 6886, section 3.5).
  if (header.result !== 0) return { ...header, kind: "refusal", opcode };
  if (opcode === 0) {
    if (bytes.length < 12) return undefined;
    return { ...header, kind: "external-address", address: formatAddress(bytes.subarray(8, 12)) };
  }
  if (opcode > 2 || bytes.length < 16) return undefined;
  return {
    ...header,
    kind: "map",
    protocol: opcode === OPCODES.tcp ? "tcp" : "udp",
    internalPort: view.getUint16(8),
    externalPort: view.getUint16(10),
    lifetimeSeconds: view.getUint32(12),
  };
}

/** Words for a result code (RFC 6886, section 3.5). */
export function describeNatPmpResult(result: number): string {
  switch (result) {
    case 1:
      return "it does not know this version";
    case 2:
      return "it is not allowed there";
    case 3:
      return "it has no usable external address itself";
    case 4:
      return "it is out of resources";
    case 5:
      return "it does not know this request";
    default:
      return `result code ${result}`;
  }
}
