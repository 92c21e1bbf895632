import { AF_INET, AF_INET6, LITTLE_ENDIAN } from "./linux.ts";

/** An IP address and port as the kernel has them. */
export interface SocketAddress {
  /** 4 bytes (IPv4) or 16 (IPv6). */
  readonly bytes: Uint8Array;
  readonly port: number;
  /** Interface index of a link-local IPv6 address; 0 for none. */
  readonly scopeId: number;
}

/** Size of sockaddr_in6, the larger of both. */
export const SOCKADDR_BYTES = 28;

/** Size of sockaddr_in. */
const SOCKADDR_IN_BYTES = 16;

/**
 * Builds sockaddr_in (16 bytes) or sockaddr_in6 (28 bytes). Layout is the same on x86-64 and arm64: family in
 * host order (little-endian), port in network order.
 *
 * @throws {RangeError} If the address has neither 4 nor 16 bytes or the port is not 0 to 65535.
 */
export function encodeSockaddr(address: SocketAddress): Uint8Array<ArrayBuffer> {
  const { bytes, port, scopeId } = address;
  if (bytes.length !== 4 && bytes.length !== 16) {
    throw new RangeError(`Cannot encode socket address: ${bytes.length} address bytes`);
  }
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new RangeError(`Cannot encode socket address: port ${port} is not 0 to 65535`);
  }
  const isIpv4 = bytes.length === 4;
  const out = new Uint8Array(new ArrayBuffer(isIpv4 ? SOCKADDR_IN_BYTES : SOCKADDR_BYTES));
  const view = new DataView(out.buffer);
  view.setUint16(0, isIpv4 ? AF_INET : AF_INET6, LITTLE_ENDIAN);
  view.setUint16(2, port);
  out.set(bytes, isIpv4 ? 4 : 8); // sin6_flowinfo, bytes 4 to 7, stays 0
  if (!isIpv4) view.setUint32(24, scopeId, LITTLE_ENDIAN);
  return out;
}

/**
 * Reads sockaddr_in or sockaddr_in6; IPv4-mapped IPv6 addresses become IPv4. The bytes are a copy.
 *
 * @returns `undefined` if it is another family or too short.
 */
export function decodeSockaddr(data: Uint8Array, length: number = data.length): SocketAddress | undefined {
  const usable = Math.min(length, data.length);
  if (usable < SOCKADDR_IN_BYTES) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, usable);
  const family = view.getUint16(0, LITTLE_ENDIAN);
  const port = view.getUint16(2);
  if (family === AF_INET) return { bytes: data.slice(4, 8), port, scopeId: 0 };
  if (family !== AF_INET6 || usable < SOCKADDR_BYTES) return undefined;
  if (isIpv4Mapped(data.subarray(8, 24))) return { bytes: data.slice(20, 24), port, scopeId: 0 };
  return { bytes: data.slice(8, 24), port, scopeId: view.getUint32(24, LITTLE_ENDIAN) };
}

function isIpv4Mapped(bytes: Uint8Array): boolean {
  return bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((byte) => byte === 0);
}

/** Whether both are the same address, port and scope. */
export function isSameSocketAddress(a: SocketAddress, b: SocketAddress): boolean {
  return a.port === b.port && a.scopeId === b.scopeId && a.bytes.length === b.bytes.length &&
    a.bytes.every((byte, i) => byte === b.bytes[i]);
}
