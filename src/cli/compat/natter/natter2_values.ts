import { canonicalAddress, type HostPort } from "../../../core/endpoint.ts";
import { pythonInt } from "./argparse.ts";

/** A value Natter 2 refuses; its text is what Natter prints after `ValueError: `. */
export class Natter2ValueError extends Error {
  /** Name of the class. */
  override readonly name = "ValueError";
}

/**
 * Parses an IPv4 address as the C library's `inet_aton` does: `10.1` is 10.0.0.1, `0x7f.1` is 127.0.0.1.
 *
 * @returns Dotted-quad text; `undefined` if it is no address.
 */
export function parseShortIpv4(text: string): string | undefined {
  const parts = text.split(".").map(numberOf);
  const last = parts.pop();
  if (last === undefined || parts.length > 3) return undefined;
  const head: number[] = [];
  for (const part of parts) {
    if (part === undefined || part > 255) return undefined;
    head.push(part);
  }
  const tailBytes = 4 - head.length;
  if (last >= 256 ** tailBytes) return undefined;
  const tail = Array.from(
    { length: tailBytes },
    (_, i) => Math.floor(last / 256 ** (tailBytes - 1 - i)) % 256,
  );
  return [...head, ...tail].join(".");
}

function numberOf(text: string): number | undefined {
  if (/^0[xX][\da-fA-F]{1,8}$/.test(text)) return Number(text);
  if (/^0[0-7]{0,11}$/.test(text)) return parseInt(text, 8);
  return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
}

/** @throws {Natter2ValueError} If it is no IPv4 address, short forms included. */
export function readIpv4(text: string): string {
  const address = parseShortIpv4(text);
  if (address === undefined) throw new Natter2ValueError(`Invalid IP address: ${text}`);
  return address;
}

/** @throws {Natter2ValueError} If the number is no port; 0 is one. */
export function readPort(text: string): number {
  const port = pythonInt(text);
  if (port === undefined || port < 0 || port > 65535) {
    throw new Natter2ValueError(`Invalid port number: ${port ?? text}`);
  }
  return port;
}

/** @throws {Natter2ValueError} If the number is not above 0. */
export function readPositive(text: string): number {
  const value = pythonInt(text) ?? 0;
  if (value <= 0) throw new Natter2ValueError(`Not a positive integer: ${value}`);
  return value;
}

/**
 * `HOST[:PORT]` of `-s` and `-h`.
 *
 * @throws {Natter2ValueError} If the port is none, or the host cannot be one.
 */
export function readServer(text: string, defaultPort: number): HostPort {
  const colon = text.lastIndexOf(":");
  const host = colon < 0 ? text : text.slice(0, colon);
  const port = colon < 0 ? defaultPort : readPort(text.slice(colon + 1));
  if (port === 0) throw new Natter2ValueError("Invalid port number: 0");
  const isName = /^(?=.{1,253}$)[\p{L}\p{N}_][\p{L}\p{N}_-]*(\.[\p{L}\p{N}_][\p{L}\p{N}_-]*)*\.?$/u.test(
    host,
  );
  const address = /^[\d.]+$/.test(host) ? parseShortIpv4(host) : undefined;
  if (!isName || (address === undefined && /^[\d.]+$/.test(host))) {
    throw new Natter2ValueError(`Invalid server address: ${text}`);
  }
  return { host: canonicalAddress(address ?? "") ?? host, port };
}
