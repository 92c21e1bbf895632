import type { ProviderSchema } from "../schema_parts.ts";
import type { RecordConfig } from "./record_config.ts";

/** DNS UPDATE to a name server of the user's (RFC 2136). */
export interface Rfc2136Config {
  readonly provider: "rfc2136";
  /** HOST or HOST:PORT; port 53. */
  readonly server: string;
  readonly zone: string;
  /** TSIG key: its name; with `secret`. */
  readonly key?: string | undefined;
  /** Base64. */
  readonly secret?: string | undefined;
  /** @default "hmac-sha256" */
  readonly algorithm?: "hmac-sha256" | "hmac-sha384" | "hmac-sha512" | "hmac-sha1" | undefined;
  /** @default "auto" */
  readonly transport?: "auto" | "udp" | "tcp" | undefined;
  readonly records: readonly RecordConfig[];
}

/** HTTP API of PowerDNS. */
export interface PowerdnsConfig {
  readonly provider: "powerdns";
  /** As in `http://127.0.0.1:8081`. */
  readonly url: string;
  /** X-API-Key. */
  readonly key: string;
  /** @default "localhost" */
  readonly server?: string | undefined;
  readonly zone: string;
  readonly records: readonly RecordConfig[];
}

/** Providers of this file. */
export type ServerConfig = Rfc2136Config | PowerdnsConfig;

/** Schemas of {@linkcode ServerConfig}. */
export const serverSchemas: readonly ProviderSchema[] = [];
