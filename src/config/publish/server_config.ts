import * as v from "valibot";
import {
  choice,
  described,
  option,
  plainText,
  type ProviderSchema,
  providerSchema,
  readable,
  secretText,
} from "../schema_parts.ts";
import { hostPortReader } from "../values.ts";
import { apiSchema, type RecordConfig, recordsSchema, zoneSchema } from "./record_config.ts";

/** DNS UPDATE to a name server of the user's (RFC 2136). */
export interface Rfc2136Config {
  /** Which kind of publisher. */
  readonly provider: "rfc2136";
  /** HOST or HOST:PORT; port 53. */
  readonly server: string;
  /** As in `example.com`; the server has to be in charge of it. */
  readonly zone: string;
  /** TSIG key: its name; with `secret`. */
  readonly key?: string | undefined;
  /** Secret of the TSIG key in base64: itself, `env:NAME` or `file:PATH`. */
  readonly secret?: string | undefined;
  /** Of the TSIG key. @default "hmac-sha256" */
  readonly algorithm?: "hmac-sha256" | "hmac-sha384" | "hmac-sha512" | "hmac-sha1" | undefined;
  /** `auto`: UDP, and TCP where a message is too long. @default "auto" */
  readonly transport?: "auto" | "udp" | "tcp" | undefined;
  /** Records to keep. */
  readonly records: readonly RecordConfig[];
}

/** HTTP API of PowerDNS. */
export interface PowerdnsConfig {
  /** Which kind of publisher. */
  readonly provider: "powerdns";
  /** As in `http://127.0.0.1:8081`. */
  readonly url: string;
  /** API key (`X-API-Key`): itself, `env:NAME` or `file:PATH`. */
  readonly key: string;
  /** Server id. @default "localhost" */
  readonly server?: string | undefined;
  /** As in `example.com`. */
  readonly zone: string;
  /** Records to keep. */
  readonly records: readonly RecordConfig[];
}

/** Providers of this file. */
export type ServerConfig = Rfc2136Config | PowerdnsConfig;

/** Where DNS is served. */
const DNS_PORT = 53;
/** Reads `server` of {@linkcode Rfc2136Config}. @throws {SyntaxError} */
export const parseNameServer: ReturnType<typeof hostPortReader> = hostPortReader(DNS_PORT);

const dns = { zone: zoneSchema, records: described(recordsSchema, "Records to keep.") };

const rfc2136 = providerSchema<Rfc2136Config>(v.pipe(
  v.strictObject({
    provider: v.literal("rfc2136"),
    server: described(
      readable(parseNameServer, "HOST or HOST:PORT"),
      "The zone's primary name server. Default port 53.",
    ),
    ...dns,
    key: option(plainText, "Name of the TSIG key, with secret. Default none: updates are not signed."),
    secret: option(secretText, "Secret of the TSIG key, in base64."),
    algorithm: option(
      choice(["hmac-sha256", "hmac-sha384", "hmac-sha512", "hmac-sha1"]),
      "Of the TSIG key. Default hmac-sha256.",
    ),
    transport: option(
      choice(["auto", "udp", "tcp"]),
      "UDP, and TCP where a message is too long; or one of them. Default auto.",
    ),
  }),
  v.title("DNS UPDATE (RFC 2136)"),
));

const powerdns = providerSchema<PowerdnsConfig>(v.pipe(
  v.strictObject({
    provider: v.literal("powerdns"),
    url: described(apiSchema, "Of the server's HTTP API, as in http://127.0.0.1:8081."),
    key: described(secretText, "API key."),
    server: option(plainText, "Server id. Default localhost."),
    ...dns,
  }),
  v.title("PowerDNS (HTTP API)"),
));

/** Schemas of {@linkcode ServerConfig}. */
export const serverSchemas: readonly ProviderSchema[] = [rfc2136, powerdns];
