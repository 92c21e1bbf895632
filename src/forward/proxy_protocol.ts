import type { Endpoint } from "../core/endpoint.ts";
import { formatAddress } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";
import { plainAddressBytes } from "./cidr.ts";

/** A connection or session as the target shall see it. */
export interface ProxyHeaderOptions {
  readonly version: "v1" | "v2";
  readonly protocol: Protocol;
  /** The client. */
  readonly source: Endpoint;
  /** What the client connected to. */
  readonly destination: Endpoint;
}

/** Starts every v2 header (section 2.2). */
const SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a] as const;
/** Version 2, command PROXY. */
const VERSION_COMMAND = 0x21;
/** AF_INET and AF_INET6 in the high half, STREAM and DGRAM in the low one; UNSPEC is zero. */
const FAMILY = { 4: 0x10, 6: 0x20 } as const;
const TRANSPORT = { tcp: 0x1, udp: 0x2 } as const;

/**
 * The header that goes before the first byte (UDP: before the payload of the first datagram), as "The PROXY
 * protocol, versions 1 & 2" has it. Where only one side is IPv4 it is written IPv4-mapped; what the version cannot
 * say (UDP in v1, or no IP address) is `UNKNOWN` and UNSPEC, by which the target takes the connection as it is.
 */
export function encodeProxyHeader(options: ProxyHeaderOptions): Uint8Array<ArrayBuffer> {
  const { version, protocol, source, destination } = options;
  const addresses = addressPair(source.address, destination.address);
  if (version === "v1") {
    if (addresses === undefined || protocol !== "tcp") return new TextEncoder().encode("PROXY UNKNOWN\r\n");
    const [from, to] = addresses.map(addressText);
    const family = addresses[0].length === 4 ? "TCP4" : "TCP6";
    return new TextEncoder().encode(`PROXY ${family} ${from} ${to} ${source.port} ${destination.port}\r\n`);
  }
  if (addresses === undefined) return Uint8Array.of(...SIGNATURE, VERSION_COMMAND, 0, 0, 0);
  const [from, to] = addresses;
  const kind = FAMILY[from.length === 4 ? 4 : 6] | TRANSPORT[protocol];
  const ports = [source.port >> 8, source.port & 0xff, destination.port >> 8, destination.port & 0xff];
  const length = from.length + to.length + ports.length;
  return Uint8Array.of(...SIGNATURE, VERSION_COMMAND, kind, 0, length, ...from, ...to, ...ports);
}

/** Both addresses in one family; `undefined` if one is no IP address. */
function addressPair(source: string, destination: string): readonly [Uint8Array, Uint8Array] | undefined {
  const from = plainAddressBytes(source);
  const to = plainAddressBytes(destination);
  if (from === undefined || to === undefined) return undefined;
  return from.length === to.length ? [from, to] : [mapped(from), mapped(to)];
}

function mapped(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 16) return bytes;
  return Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...bytes);
}

function addressText(bytes: Uint8Array): string {
  const text = formatAddress(bytes);
  return bytes.length === 16 && !text.includes(":") ? `::ffff:${text}` : text;
}
