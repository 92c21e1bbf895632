/** An IP address and a port; texts are kept in one canonical spelling so that `===` compares them. */
export interface Endpoint {
  /** Canonical IPv4 or IPv6 text (RFC 5952), without brackets; IPv6 may carry a `%zone`. */
  readonly address: string;
  /** 0 to 65535. */
  readonly port: number;
}

/** IP version of an address. */
export type Family = 4 | 6;

/** Parses dotted-quad IPv4 text; `undefined` if it is not exactly four decimal bytes. */
export function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (const [i, part] of parts.entries()) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    bytes[i] = Number(part);
  }
  return bytes;
}

/** Parses IPv6 text without zone (RFC 4291, section 2.2), dotted tails included; `undefined` if malformed. */
export function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = groupBytes(halves[0] ?? "", { mayEndDotted: halves.length === 1 });
  const tail = halves.length === 2 ? groupBytes(halves[1] ?? "", { mayEndDotted: true }) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 2 ? missing < 2 : missing !== 0) return undefined;
  return Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

function groupBytes(text: string, options: { mayEndDotted: boolean }): number[] | undefined {
  if (text === "") return [];
  const out: number[] = [];
  const groups = text.split(":");
  for (const [i, group] of groups.entries()) {
    if (options.mayEndDotted && i === groups.length - 1 && group.includes(".")) {
      const quad = parseIpv4(group);
      if (quad === undefined) return undefined;
      out.push(...quad);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
      const value = parseInt(group, 16);
      out.push(value >> 8, value & 0xff);
    }
  }
  return out;
}

/**
 * Formats 4 or 16 address bytes in canonical form (RFC 5952). IPv4-mapped IPv6 addresses become IPv4.
 *
 * @throws {RangeError} If there are neither 4 nor 16 bytes.
 */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) throw new RangeError(`Cannot format address: ${bytes.length} bytes`);
  if (bytes.subarray(0, 10).every((b) => b === 0) && bytes[10] === 0xff && bytes[11] === 0xff) {
    return bytes.subarray(12).join(".");
  }
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16));
  let best = { start: -1, length: 1 };
  for (let i = 0; i < 8; i++) {
    let n = 0;
    while (i + n < 8 && groups[i + n] === "0") n++;
    if (n > best.length) best = { start: i, length: n };
    i += n;
  }
  if (best.start < 0) return groups.join(":");
  return `${groups.slice(0, best.start).join(":")}::${groups.slice(best.start + best.length).join(":")}`;
}

/** Bytes of an IP address text (zone ignored); `undefined` if it is not one. */
export function addressBytes(text: string): Uint8Array | undefined {
  return text.includes(":") ? parseIpv6(text.split("%")[0] ?? "") : parseIpv4(text);
}

/** The canonical spelling of an IP address text; `undefined` if it is not one. */
export function canonicalAddress(text: string): string | undefined {
  const bytes = addressBytes(text);
  if (bytes === undefined) return undefined;
  const zone = text.includes("%") ? text.slice(text.indexOf("%")) : "";
  const address = formatAddress(bytes);
  // Only IPv6 has zones (RFC 4007, section 11), so an IPv4-mapped address must not keep one; RFC 6874 spells them.
  if (zone !== "" && (!/^%[\p{L}\p{N}._~-]+$/u.test(zone) || !address.includes(":"))) return undefined;
  return address + zone;
}

/** Family of a canonical address. */
export function familyOf(address: string): Family {
  return address.includes(":") ? 6 : 4;
}

/** The address every interface answers to, of one family. */
export function unspecifiedAddress(family: Family): string {
  return family === 6 ? "::" : "0.0.0.0";
}

/** Parses a decimal port; `undefined` unless it is 0 to 65535 written without sign or leading zeros. */
export function parsePort(text: string): number | undefined {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65535 ? Number(text) : undefined;
}

/** A host name or address with a port, as users write servers. */
export interface HostPort {
  /** Host name, or canonical address without brackets. */
  readonly host: string;
  /** 1 to 65535 for servers, 0 where any may be taken. */
  readonly port: number;
}

/**
 * Parses `HOST`, `HOST:PORT`, `[V6]:PORT` or a bare IPv6 address.
 *
 * @param defaultPort Used where the text has none; without it a port is required.
 * @throws {SyntaxError} If the text is none of these.
 */
export function parseHostPort(text: string, defaultPort?: number): HostPort {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text);
  const isBareIpv6 = !bracketed && addressBytes(text) !== undefined && text.includes(":");
  const colon = isBareIpv6 || bracketed ? -1 : text.lastIndexOf(":");
  const host = bracketed?.[1] ?? (colon < 0 ? text : text.slice(0, colon));
  const portText = bracketed ? bracketed[2] : colon < 0 ? undefined : text.slice(colon + 1);
  const port = portText === undefined ? defaultPort : parsePort(portText);
  if (port === undefined) {
    const reason = portText === undefined ? "the port is missing" : `port ${portText} is not 0 to 65535`;
    throw new SyntaxError(`Cannot parse endpoint "${text}": ${reason}`);
  }
  const address = canonicalAddress(host);
  const isName = /^(?=.{1,253}$)[\p{L}\p{N}_]([\p{L}\p{N}_-]*)(\.[\p{L}\p{N}_]([\p{L}\p{N}_-]*))*\.?$/u.test(
    host,
  );
  if (address === undefined && (bracketed || !isName || /^[\d.]+$/.test(host))) {
    throw new SyntaxError(`Cannot parse endpoint "${text}": "${host}" is neither a host name nor an address`);
  }
  return { host: address ?? host, port };
}

/**
 * Parses `ADDRESS:PORT` or `[V6]:PORT`.
 *
 * @throws {SyntaxError} If the host is not an address or the port is missing or out of range.
 */
export function parseEndpoint(text: string, defaultPort?: number): Endpoint {
  const { host, port } = parseHostPort(text, defaultPort);
  if (addressBytes(host) === undefined) {
    throw new SyntaxError(`Cannot parse endpoint "${text}": "${host}" is not an IP address`);
  }
  return { address: host, port };
}

/** `ADDRESS:PORT`, IPv6 in brackets. Works for host names too. */
export function formatEndpoint(endpoint: Endpoint | HostPort): string {
  const host = "address" in endpoint ? endpoint.address : endpoint.host;
  return host.includes(":") ? `[${host}]:${endpoint.port}` : `${host}:${endpoint.port}`;
}

/** Whether both are the same address and port. */
export function isSameEndpoint(a: Endpoint | undefined, b: Endpoint | undefined): boolean {
  return a?.address === b?.address && a?.port === b?.port;
}
