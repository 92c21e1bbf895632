import { canonicalAddress, type HostPort } from "../../../core/endpoint.ts";
import { expandIpv4 } from "../../../config/import/short_ipv4.ts";
import { pythonInt } from "./argparse.ts";

/** A value Natter 2 refuses; its text is what Natter prints after `ValueError: `. */
export class Natter2ValueError extends Error {
  /** Name of the class. */
  override readonly name = "ValueError";
}

/** @throws {Natter2ValueError} If it is no IPv4 address, short forms included. */
export function readIpv4(text: string): string {
  const address = expandIpv4(text);
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
  const address = /^[\d.]+$/.test(host) ? expandIpv4(host) : undefined;
  if (!isName || (address === undefined && /^[\d.]+$/.test(host))) {
    throw new Natter2ValueError(`Invalid server address: ${text}`);
  }
  return { host: canonicalAddress(address ?? "") ?? host, port };
}
