import { canonicalAddress } from "../core/endpoint.ts";

/** A place at a router. */
export interface GatewayUrl {
  /** Of the HTTP server. */
  readonly port: number;
  /** Path with its query, as sent in a request. */
  readonly path: string;
}

/**
 * Reads a URL that a device gave.
 *
 * @param base What it may be relative to.
 * @returns `undefined` unless it is plain HTTP at exactly the router's IPv4 address: no other place is ever asked.
 */
export function readGatewayUrl(text: string, router: string, base?: GatewayUrl): GatewayUrl | undefined {
  const start = base === undefined ? undefined : `http://${router}:${base.port}${base.path}`;
  const url = URL.parse(text, start);
  if (url === null || url.protocol !== "http:" || url.username !== "" || url.password !== "") {
    return undefined;
  }
  if (canonicalAddress(url.hostname) !== router) return undefined;
  const port = url.port === "" ? 80 : Number(url.port);
  return port === 0 ? undefined : { port, path: `${url.pathname}${url.search}` };
}
