import * as v from "valibot";
import {
  described,
  option,
  plainText,
  type ProviderSchema,
  providerSchema,
  secretText,
} from "../schema_parts.ts";
import { apiSchema, type RecordConfig, recordsSchema, zoneSchema } from "./record_config.ts";

/** dynv6. */
export interface Dynv6Config {
  /** Which kind of publisher. */
  readonly provider: "dynv6";
  /** HTTP token: itself, `env:NAME` or `file:PATH`. */
  readonly token: string;
  /** The zone, as in `example.com`. */
  readonly zone: string;
  /** What to keep there. */
  readonly records: readonly RecordConfig[];
  /** Base URL. @default "https://dynv6.com/api/v2" */
  readonly api?: string | undefined;
}

/** Tencent Cloud DNSPod, and Alibaba Cloud DNS. */
export interface SignedDnsConfig {
  /** Which kind of publisher. */
  readonly provider: "tencentcloud" | "alidns";
  /** SecretId, or AccessKey id: itself, `env:NAME` or `file:PATH`. */
  readonly id: string;
  /** SecretKey, or AccessKey secret, in the same ways. */
  readonly key: string;
  /** The zone, as in `example.com`. */
  readonly zone: string;
  /** What to keep there. */
  readonly records: readonly RecordConfig[];
  /** Base URL. @default "https://dnspod.tencentcloudapi.com", or "https://alidns.aliyuncs.com" */
  readonly api?: string | undefined;
}

/** Origin of a site at Tencent EdgeOne (China or international) or Alibaba ESA; TCP only. */
export interface OriginConfig {
  /** Which kind of publisher. */
  readonly provider: "edgeone" | "edgeone_intl" | "aliesa";
  /** SecretId, or AccessKey id: itself, `env:NAME` or `file:PATH`. */
  readonly id: string;
  /** SecretKey, or AccessKey secret, in the same ways. */
  readonly key: string;
  /** The zone, as in `example.com`. */
  readonly zone: string;
  /** The site, below the zone; has to exist there. */
  readonly host: string;
  /** aliesa: name of the origin rule. @default `host` as written */
  readonly rule?: string | undefined;
  /**
   * Base URL.
   *
   * @default "https://teo.tencentcloudapi.com", "https://teo.intl.tencentcloudapi.com", or
   * "https://esa.cn-hangzhou.aliyuncs.com"
   */
  readonly api?: string | undefined;
}

/** Providers of this file. */
export type SignedConfig = Dynv6Config | SignedDnsConfig | OriginConfig;

const tencentKey = {
  id: described(secretText, "SecretId of an API key."),
  key: described(secretText, "SecretKey of it."),
};
const aliyunKey = {
  id: described(secretText, "AccessKey id."),
  key: described(secretText, "AccessKey secret."),
};
const dns = { zone: zoneSchema, records: described(recordsSchema, "Records to keep.") };

const dynv6 = providerSchema<Dynv6Config>(v.pipe(
  v.strictObject({
    provider: v.literal("dynv6"),
    token: described(secretText, "HTTP token."),
    ...dns,
    api: option(apiSchema, "Instead of dynv6's own."),
  }),
  v.title("dynv6"),
));

const tencentcloud = providerSchema<SignedDnsConfig>(v.pipe(
  v.strictObject({
    provider: v.literal("tencentcloud"),
    ...tencentKey,
    ...dns,
    api: option(apiSchema, "Instead of Tencent Cloud's own."),
  }),
  v.title("Tencent Cloud DNSPod"),
));

const alidns = providerSchema<SignedDnsConfig>(v.pipe(
  v.strictObject({
    provider: v.literal("alidns"),
    ...aliyunKey,
    ...dns,
    api: option(apiSchema, "Instead of Alibaba Cloud's own."),
  }),
  v.title("Alibaba Cloud DNS"),
));

const site = {
  zone: zoneSchema,
  host: described(plainText, "The site whose origin it is, below the zone; has to exist there."),
};

const edgeones = (["edgeone", "edgeone_intl"] as const).map((provider) =>
  providerSchema<OriginConfig>(v.pipe(
    v.strictObject({
      provider: v.literal(provider),
      ...tencentKey,
      ...site,
      api: option(apiSchema, "Instead of Tencent Cloud's own."),
    }),
    v.title(provider === "edgeone" ? "Tencent EdgeOne" : "Tencent EdgeOne, international"),
  ))
);

const aliesa = providerSchema<OriginConfig>(v.pipe(
  v.strictObject({
    provider: v.literal("aliesa"),
    ...aliyunKey,
    ...site,
    rule: option(plainText, "Name of the site's origin rule that has the port. Default the host as written."),
    api: option(apiSchema, "Instead of Alibaba Cloud's own."),
  }),
  v.title("Alibaba Cloud ESA"),
));

/** Schemas of {@linkcode SignedConfig}. */
export const signedSchemas: readonly ProviderSchema[] = [dynv6, tencentcloud, alidns, ...edgeones, aliesa];
