import type { ProviderSchema } from "../schema_parts.ts";
import type { RecordConfig } from "./record_config.ts";

/** dynv6. */
export interface Dynv6Config {
  readonly provider: "dynv6";
  readonly token: string;
  readonly zone: string;
  readonly records: readonly RecordConfig[];
  /** @default "https://dynv6.com/api/v2" */
  readonly api?: string | undefined;
}

/** Tencent Cloud DNSPod, and Alibaba Cloud DNS. */
export interface SignedDnsConfig {
  readonly provider: "tencentcloud" | "alidns";
  /** SecretId, or AccessKey id. */
  readonly id: string;
  /** SecretKey, or AccessKey secret. */
  readonly key: string;
  readonly zone: string;
  readonly records: readonly RecordConfig[];
  readonly api?: string | undefined;
}

/** Origin of a site at Tencent EdgeOne (China or international) or Alibaba ESA; TCP only. */
export interface OriginConfig {
  readonly provider: "edgeone" | "edgeone_intl" | "aliesa";
  readonly id: string;
  readonly key: string;
  readonly zone: string;
  /** The site, below the zone; has to exist there. */
  readonly host: string;
  /** aliesa: name of the origin rule. @default `host` as written */
  readonly rule?: string | undefined;
  readonly api?: string | undefined;
}

/** Providers of this file. */
export type SignedConfig = Dynv6Config | SignedDnsConfig | OriginConfig;

/** Schemas of {@linkcode SignedConfig}. */
export const signedSchemas: readonly ProviderSchema[] = [];
