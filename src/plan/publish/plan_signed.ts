import type {
  Dynv6Config,
  OriginConfig,
  SignedConfig,
  SignedDnsConfig,
} from "../../config/publish/signed_config.ts";
import type { Secret } from "../../core/secret.ts";
import type {
  Dynv6Options,
  OriginOptions,
  PublisherOptions,
  RecordsOptions,
  SignedDnsOptions,
} from "../../publish/options.ts";
import { nameInZone, planRecords } from "./plan_records.ts";
import { nameAt, type PlanPublishOptions, secretAt } from "./publish_planning.ts";

/** The providers' own APIs. */
const APIS: Readonly<Record<SignedConfig["provider"], string>> = {
  dynv6: "https://dynv6.com/api/v2",
  tencentcloud: "https://dnspod.tencentcloudapi.com",
  alidns: "https://alidns.aliyuncs.com",
  edgeone: "https://teo.tencentcloudapi.com",
  edgeone_intl: "https://teo.intl.tencentcloudapi.com",
  aliesa: "https://esa.cn-hangzhou.aliyuncs.com",
};

/** Plans one entry; `undefined` if it is refused. */
export function planSigned(entry: SignedConfig, options: PlanPublishOptions): PublisherOptions | undefined {
  switch (entry.provider) {
    case "dynv6":
      return planDynv6(entry, options);
    case "tencentcloud":
    case "alidns":
      return planDns(entry, options);
    default:
      return planOrigin(entry, options);
  }
}

function planDynv6(entry: Dynv6Config, options: PlanPublishOptions): Dynv6Options | undefined {
  const { path, refusals } = options;
  const { provider, api = APIS[provider] } = entry;
  const token = secretAt([...path, "token"], entry.token, options);
  for (const [i, { type }] of entry.records.entries()) {
    if (type !== "HTTPS" && type !== "SVCB") continue;
    refusals.refuse([...path, "records", i, "type"], `dynv6 has no ${type} records`);
  }
  const zoned = planZone(entry, options);
  return token === undefined || zoned === undefined ? undefined : { provider, token, ...zoned, api };
}

function planDns(entry: SignedDnsConfig, options: PlanPublishOptions): SignedDnsOptions | undefined {
  const { provider, api = APIS[provider] } = entry;
  const account = keyOf(entry, options);
  const zoned = planZone(entry, options);
  return account === undefined || zoned === undefined ? undefined : { provider, ...account, ...zoned, api };
}

function planOrigin(entry: OriginConfig, options: PlanPublishOptions): OriginOptions | undefined {
  const { protocol, path, refusals } = options;
  const { provider, rule = entry.host, api = APIS[provider] } = entry;
  if (protocol !== "tcp") refusals.refuse([...path, "provider"], `${provider} is for TCP tunnels only`);
  const account = keyOf(entry, options);
  const zone = nameAt([...path, "zone"], entry.zone, options);
  if (zone === undefined) return undefined;
  const host = nameInZone([...path, "host"], entry.host, { zone, refusals });
  return account === undefined || host === undefined
    ? undefined
    : { provider, ...account, zone, host, rule, api };
}

/** Nothing can be said about records of a zone that is none. */
function planZone(
  entry: Pick<SignedDnsConfig, "zone" | "records">,
  options: PlanPublishOptions,
): RecordsOptions | undefined {
  const zone = nameAt([...options.path, "zone"], entry.zone, options);
  return zone === undefined ? undefined : { zone, records: planRecords(entry.records, { ...options, zone }) };
}

function keyOf(
  { id: idText, key: keyText }: Pick<OriginConfig, "id" | "key">,
  options: PlanPublishOptions,
): { readonly id: Secret; readonly key: Secret } | undefined {
  const id = secretAt([...options.path, "id"], idText, options);
  const key = secretAt([...options.path, "key"], keyText, options);
  return id === undefined || key === undefined ? undefined : { id, key };
}
