import type { Secret } from "../../core/secret.ts";
import { hmacSha256, sha256Hex } from "../sha256.ts";

/** A request to Tencent Cloud, as it is signed: always a POST of JSON. */
export interface Tc3Request {
  /** As the header `Host` has it, port included. */
  readonly host: string;
  /** Path of the URL; `/` at Tencent's own servers. */
  readonly path: string;
  /** Which product: `dnspod`, `teo`. */
  readonly service: string;
  /** Which action, as in `DescribeRecordList`. */
  readonly action: string;
  /** Of the API, as in `2021-03-23`. */
  readonly version: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** JSON, exactly as it is sent. */
  readonly body: string;
}

/** Both halves of a Tencent Cloud API key. */
export interface Tc3Credentials {
  /** SecretId. */
  readonly id: Secret;
  /** SecretKey. */
  readonly key: Secret;
}

/** How Tencent's documentation calls the algorithm. */
const ALGORITHM = "TC3-HMAC-SHA256";

/** The text whose hash is signed: header values in lower case, an empty line behind the last one. Pure. */
export async function tc3CanonicalRequest(request: Tc3Request): Promise<string> {
  const { path, body } = request;
  const headers = Object.entries(signedHeaders(request));
  const lines = headers.map(([name, value]) => `${name}:${value.toLowerCase()}\n`);
  const names = headers.map(([name]) => name).join(";");
  return ["POST", path, "", lines.join(""), names, await sha256Hex(body)].join("\n");
}

/**
 * The headers of a request signed by TC3-HMAC-SHA256 (Tencent Cloud, "Signature v3"); `host`, which the network sets, is
 * signed and left out. Depends on nothing but its arguments.
 */
export async function signTc3(
  request: Tc3Request,
  { id, key }: Tc3Credentials,
): Promise<Readonly<Record<string, string>>> {
  const { service, timestamp } = request;
  const date = new Date(timestamp * 1000).toISOString().slice(0, 10);
  const scope = `${date}/${service}/tc3_request`;
  const canonicalHash = await sha256Hex(await tc3CanonicalRequest(request));
  let signing = await hmacSha256(`TC3${key.reveal()}`, date);
  for (const part of [service, "tc3_request"]) signing = await hmacSha256(signing, part);
  const signature = await hmacSha256(signing, [ALGORITHM, timestamp, scope, canonicalHash].join("\n"));
  const { host: _, ...headers } = signedHeaders(request);
  const names = Object.keys(signedHeaders(request)).join(";");
  return {
    ...headers,
    authorization:
      `${ALGORITHM} Credential=${id.reveal()}/${scope}, SignedHeaders=${names}, Signature=${signature.toHex()}`,
  };
}

/** In the order in which they are signed. */
function signedHeaders({ host, action, timestamp, version }: Tc3Request): Readonly<Record<string, string>> {
  return {
    "content-type": "application/json",
    host,
    "x-tc-action": action,
    "x-tc-timestamp": `${timestamp}`,
    "x-tc-version": version,
  };
}
