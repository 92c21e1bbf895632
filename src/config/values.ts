import { scopeOf } from "../core/address_scope.ts";
import {
  addressBytes,
  canonicalAddress,
  type Endpoint,
  formatEndpoint,
  type HostPort,
  parseEndpoint,
  parseHostPort,
} from "../core/endpoint.ts";
import { formatCidr, parseCidr } from "../forward/cidr.ts";
import type { GatewayMode } from "../gateway/settings.ts";
import { formatPortSpec, parsePortSpec, type PortSpec } from "../keeper/port_spec.ts";

/** What `open` binds: a port choice, and the local address if one was given. */
export interface BindSpec {
  /** Canonical address. */
  readonly address?: string | undefined;
  readonly port: PortSpec;
}

/** `--interface`: a name for SO_BINDTODEVICE, or a local address. */
export type InterfaceSpec =
  | { readonly kind: "device"; readonly name: string }
  | { readonly kind: "address"; readonly address: string };

/** `--gateway`: when routers are asked, or which one. */
export type GatewayChoice =
  | { readonly kind: "mode"; readonly mode: GatewayMode }
  | { readonly kind: "router"; readonly address: string };

/**
 * Parses `off`, `auto`, `force` or the address of a router.
 *
 * @throws {SyntaxError} If it is something else.
 */
export function parseGatewayChoice(text: string): GatewayChoice {
  if (text === "off" || text === "auto" || text === "force") return { kind: "mode", mode: text };
  return { kind: "router", address: parseRouterAddress(text) };
}

/**
 * Parses `[IP:]PORT`, PORT in every form of {@linkcode parsePortSpec}.
 *
 * @throws {SyntaxError} If it is something else.
 */
export function parseBindSpec(spec: string): BindSpec {
  const split = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/.exec(spec);
  if (split === null) return { port: parsePortSpec(spec) };
  const address = canonicalAddress(split[1] ?? split[2] ?? "");
  if (address === undefined) throw new SyntaxError(`Cannot parse "${spec}": the address is malformed`);
  return { address, port: parsePortSpec(split[3] ?? "") };
}

/** Writes a {@linkcode BindSpec} as users do. */
export function formatBindSpec(spec: BindSpec): string {
  const port = formatPortSpec(spec.port);
  if (spec.address === undefined) return port;
  return spec.address.includes(":") ? `[${spec.address}]:${port}` : `${spec.address}:${port}`;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  "ms": 1,
  "s": 1000,
  "": 1000,
  "m": 60_000,
  "h": 3_600_000,
};

/**
 * Parses `15s`, `1500ms`, `2m`, `1h`; a bare number is seconds. Fractions are fine.
 *
 * @returns Milliseconds, from 100 to 3 600 000: less would be rude to servers, more holds no mapping.
 * @throws {SyntaxError} If it is something else.
 */
export function parseDurationMs(duration: string): number {
  return readDuration(duration, { leastMs: 100, mostMs: 3_600_000 });
}

/** Between keep-alives: milliseconds, or `auto` where it is to be measured. */
export type IntervalChoice = number | "auto";

/**
 * Parses `auto`, or a time in the spelling of {@linkcode parseDurationMs}.
 *
 * @throws {SyntaxError} If it is something else.
 */
export function parseInterval(text: string): IntervalChoice {
  return text === "auto" ? text : parseDurationMs(text);
}

/**
 * Parses an idle limit, in the spelling of {@linkcode parseDurationMs}.
 *
 * @returns Milliseconds, from one second to seven days.
 * @throws {SyntaxError} If it is something else.
 */
export function parseIdleMs(duration: string): number {
  return readDuration(duration, { leastMs: 1000, mostMs: 604_800_000 });
}

function readDuration(text: string, limits: { readonly leastMs: number; readonly mostMs: number }): number {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|)$/.exec(text);
  const ms = Math.round(Number(match?.[1]) * (UNIT_MS[match?.[2] ?? ""] ?? NaN));
  if (!(ms >= limits.leastMs && ms <= limits.mostMs)) throw new SyntaxError(`Cannot parse time "${text}"`);
  return ms;
}

/**
 * Parses a target: `HOST:PORT`, `[V6]:PORT`, or `PORT` alone for 127.0.0.1. Port 0 is the external port.
 *
 * @throws {SyntaxError} If it is something else.
 */
export function parseTarget(target: string): HostPort {
  return parseHostPort(/^\d+$/.test(target) ? `127.0.0.1:${target}` : target);
}

/**
 * Parses a CIDR or a single address.
 *
 * @returns Its canonical spelling.
 * @throws {SyntaxError} If it is something else.
 */
export function parseCidrText(cidr: string): string {
  return formatCidr(parseCidr(cidr));
}

/**
 * Parses how many of something there may be.
 *
 * @returns 1 to 1 000 000.
 * @throws {SyntaxError} If it is something else.
 */
export function parseCount(count: string): number {
  const value = /^[1-9]\d{0,6}$/.test(count) ? Number(count) : NaN;
  if (!(value <= 1_000_000)) throw new SyntaxError(`Cannot parse count "${count}"`);
  return value;
}

const BYTES: Readonly<Record<string, number>> = { "": 1, "k": 1000, "m": 1_000_000, "g": 1_000_000_000 };

/**
 * Parses bytes per second: `500k`, `2M`, `1.5M`, `1G`; powers of 1000.
 *
 * @returns Bytes per second, from 1000: less would not carry a handshake in time.
 * @throws {SyntaxError} If it is something else.
 */
export function parseByteRate(rate: string): number {
  const match = /^(\d{1,12}(?:\.\d{1,3})?)([kmg]?)$/i.exec(rate);
  const bytes = Math.round(Number(match?.[1]) * (BYTES[match?.[2]?.toLowerCase() ?? ""] ?? NaN));
  if (!(bytes >= 1000 && bytes <= 1e12)) throw new SyntaxError(`Cannot parse rate "${rate}"`);
  return bytes;
}

/**
 * Takes the name of a congestion control algorithm.
 *
 * @throws {SyntaxError} If it is longer than the kernel allows (TCP_CA_NAME_MAX - 1), or no word.
 */
export function parseCongestion(name: string): string {
  if (!/^[\w-]{1,15}$/.test(name)) throw new SyntaxError(`Cannot use congestion control "${name}"`);
  return name;
}

/**
 * Parses a firewall mark, decimal or with `0x`.
 *
 * @throws {SyntaxError} If it is not an unsigned 32-bit number.
 */
export function parseMark(mark: string): number {
  const value = /^(0x[\da-f]{1,8}|\d{1,10})$/i.test(mark) ? Number(mark) : NaN;
  if (!(value <= 0xffff_ffff)) throw new SyntaxError(`Cannot parse mark "${mark}"`);
  return value;
}

/**
 * Takes a tunnel's name as it is.
 *
 * @throws {SyntaxError} If it is empty, longer than 64 characters or holds control characters.
 */
export function parseTunnelName(name: string): string {
  if (!/^\P{Cc}{1,64}$/u.test(name)) throw new SyntaxError("Cannot use name: 1 to 64 printable characters");
  return name;
}

/**
 * Tells a local address from an interface name.
 *
 * @throws {SyntaxError} If the text is empty or longer than a Linux interface name (IFNAMSIZ - 1 bytes).
 */
export function parseInterface(spec: string): InterfaceSpec {
  const address = addressBytes(spec) === undefined ? undefined : canonicalAddress(spec);
  if (address !== undefined) return { kind: "address", address };
  if (!/^[^\s/\p{Cc}]{1,15}$/u.test(spec)) throw new SyntaxError(`Cannot use interface "${spec}"`);
  return { kind: "device", name: spec };
}

/**
 * Takes the address of a router.
 *
 * @returns Its canonical spelling.
 * @throws {SyntaxError} If it is no IP address, or none that a machine can have.
 */
export function parseRouterAddress(text: string): string {
  const address = canonicalAddress(text);
  const scope = address === undefined ? "unspecified" : scopeOf(address);
  if (address === undefined || ["unspecified", "multicast", "loopback"].includes(scope)) {
    throw new SyntaxError(`Cannot use router "${text}"`);
  }
  return address;
}

/** {@linkcode parseHostPort} with a default port, refusing port 0. */
export function hostPortReader(defaultPort: number): (spec: string) => HostPort {
  return (spec) => nonZero(parseHostPort(spec, defaultPort), spec);
}

/** {@linkcode parseEndpoint}, without a default port unless one is given. */
export function endpointReader(defaultPort?: number): (spec: string) => Endpoint {
  return (spec) => parseEndpoint(spec, defaultPort);
}

function nonZero(server: HostPort, spec: string): HostPort {
  if (server.port === 0) throw new SyntaxError(`Cannot use "${spec}": port 0 is nobody's`);
  return server;
}

/** Writes a server as users do. */
export function formatServer(server: HostPort | Endpoint): string {
  return formatEndpoint(server);
}
