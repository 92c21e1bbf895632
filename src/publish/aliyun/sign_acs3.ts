import type { Secret } from "../../core/secret.ts";
import { hmacSha256, sha256Hex } from "../sha256.ts";

/** A request to Alibaba Cloud, as it is signed: all parameters in the query, no body. */
export interface Acs3Request {
  /** Some actions take one of them only. */
  readonly method: "GET" | "POST";
  /** As the header `Host` has it, port included. */
  readonly host: string;
  /** Path of the URL; `/` at Alibaba's own servers. */
  readonly path: string;
  /** Which action, as in `DescribeDomainRecords`. */
  readonly action: string;
  /** Of the API, as in `2015-01-09`. */
  readonly version: string;
  /** When it is sent; whole seconds count. */
  readonly date: Date;
  /** Never the same twice. */
  readonly nonce: string;
  /** Of the action; unescaped. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Both halves of an Alibaba Cloud access key. */
export interface Acs3Credentials {
  /** AccessKey id. */
  readonly id: Secret;
  /** AccessKey secret. */
  readonly key: Secret;
}

/** How Alibaba's documentation calls the algorithm. */
const ALGORITHM = "ACS3-HMAC-SHA256";

/** The query that is sent and signed: sorted by name, escaped as RFC 3986, section 2.1 has it. Pure. */
export function acs3Query(parameters: Readonly<Record<string, string>>): string {
  return Object.keys(parameters).sort()
    .map((name) => `${escapeUri(name)}=${escapeUri(parameters[name] ?? "")}`)
    .join("&");
}

/** The text whose hash is signed. Pure. */
export async function acs3CanonicalRequest(request: Acs3Request): Promise<string> {
  const { method, path, parameters } = request;
  const headers = await signedHeaders(request);
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  const names = Object.keys(headers).join(";");
  const bodyHash = headers["x-acs-content-sha256"];
  return [method, path, acs3Query(parameters), lines.join(""), names, bodyHash].join("\n");
}

/**
 * The headers of a request signed by ACS3-HMAC-SHA256 (Alibaba Cloud, "V3 request structure & signature"); `host`, which
 * the network sets, is signed and left out. Depends on nothing but its arguments.
 */
export async function signAcs3(
  request: Acs3Request,
  { id, key }: Acs3Credentials,
): Promise<Readonly<Record<string, string>>> {
  const canonicalHash = await sha256Hex(await acs3CanonicalRequest(request));
  const signature = await hmacSha256(key.reveal(), `${ALGORITHM}\n${canonicalHash}`);
  const { host, ...headers } = await signedHeaders(request);
  const names = Object.keys({ host, ...headers }).join(";");
  return {
    ...headers,
    authorization:
      `${ALGORITHM} Credential=${id.reveal()},SignedHeaders=${names},Signature=${signature.toHex()}`,
  };
}

/** In the order in which they are signed. */
async function signedHeaders(
  { host, action, version, date, nonce }: Acs3Request,
): Promise<Readonly<Record<string, string>>> {
  return {
    host,
    "x-acs-action": action,
    "x-acs-content-sha256": await sha256Hex(""),
    "x-acs-date": date.toISOString().replace(/\.\d+Z$/, "Z"),
    "x-acs-signature-nonce": nonce,
    "x-acs-version": version,
  };
}

/** What encodeURIComponent leaves alone is more than RFC 3986 calls unreserved. */
function escapeUri(text: string): string {
  const hex = (char: string): string => `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, hex);
}
