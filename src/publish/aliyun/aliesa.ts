import * as v from "valibot";
import type { PublisherParts } from "../open_publisher.ts";
import type { OriginOptions } from "../options.ts";
import { type Publisher, PublishError } from "../publisher.ts";
import { readPages } from "../read_pages.ts";
import { isName } from "../relative_owner.ts";
import { AliyunApi } from "./aliyun_api.ts";

/** The most that the API gives on a page. */
const PAGE_SIZE = "500";
/** What ESA calls a record of addresses of both families. */
const ADDRESSES = "A/AAAA";

const idSchema = v.union([v.string(), v.pipe(v.number(), v.safeInteger(), v.transform((id) => `${id}`))]);
const sitesSchema = v.object({
  TotalCount: v.number(),
  Sites: v.array(v.object({ SiteId: idSchema, SiteName: v.string() })),
});
const recordSchema = v.object({
  RecordId: idSchema,
  RecordName: v.string(),
  RecordType: v.string(),
  Data: v.optional(v.nullable(v.object({ Value: v.optional(v.nullable(v.string())) }))),
});
const recordsSchema = v.object({ TotalCount: v.number(), Records: v.array(recordSchema) });
const port = v.optional(
  v.nullable(v.union([v.string(), v.pipe(v.number(), v.transform((port) => `${port}`))])),
);
const ruleSchema = v.object({
  ConfigId: idSchema,
  RuleName: v.optional(v.nullable(v.string())),
  OriginHttpPort: port,
  OriginHttpsPort: port,
});
const rulesSchema = v.object({ TotalCount: v.number(), Configs: v.array(ruleSchema) });
const writtenSchema = v.object({ RequestId: v.optional(v.string()) });

type EsaRecord = v.InferOutput<typeof recordSchema>;
type EsaRule = v.InferOutput<typeof ruleSchema>;

/** Options for the steps. */
interface Step {
  readonly options: OriginOptions;
  readonly api: AliyunApi;
  readonly signal: AbortSignal;
}

/**
 * A publisher that makes the external endpoint the origin of a site at Alibaba Cloud ESA (API 2024-09-10): the address by
 * the site's A/AAAA record, the port by an origin rule. Both have to exist there; nothing is written where they are
 * right already.
 */
export function openAliesa(options: OriginOptions, parts: PublisherParts): Publisher {
  const api = new AliyunApi({ ...parts, ...options, version: "2024-09-10" });
  return {
    provider: options.provider,
    async publish({ external }, signal): Promise<void> {
      const step: Step = { options, api, signal };
      const siteId = await findSite(step);
      // Both are looked for before anything is written.
      const [record, rule] = [await findRecord(step, siteId), await findRule(step, siteId)];
      if (record.Data?.Value !== external.address) {
        const fields = { RecordId: record.RecordId, Data: JSON.stringify({ Value: external.address }) };
        await api.call("UpdateRecord", fields, { answer: writtenSchema, signal });
      }
      const ports = { OriginHttpPort: `${external.port}`, OriginHttpsPort: `${external.port}` };
      if (rule.OriginHttpPort !== ports.OriginHttpPort || rule.OriginHttpsPort !== ports.OriginHttpsPort) {
        const fields = { SiteId: siteId, ConfigId: rule.ConfigId, ...ports };
        await api.call("UpdateOriginRule", fields, { answer: writtenSchema, signal });
      }
    },
  };
}

async function findSite({ options: { provider, zone }, api, signal }: Step): Promise<string> {
  const sites = await readPages(provider, async ({ number }) => {
    const parameters = {
      SiteName: zone,
      SiteSearchType: "exact",
      PageNumber: `${number}`,
      PageSize: PAGE_SIZE,
    };
    const answer = await api.call("ListSites", parameters, { method: "GET", answer: sitesSchema, signal });
    return { items: answer.Sites, total: answer.TotalCount };
  });
  const site = sites.find(({ SiteName }) => isName(SiteName, zone));
  if (site !== undefined) return site.SiteId;
  throw new PublishError(provider, `there is no site ${zone} in this account`, { isPermanent: true });
}

async function findRecord(
  { options: { provider, zone, host }, api, signal }: Step,
  siteId: string,
): Promise<EsaRecord> {
  const records = await readPages(provider, async ({ number }) => {
    const parameters = {
      ...{ SiteId: siteId, RecordName: host, RecordMatchType: "exact", Type: ADDRESSES },
      ...{ PageNumber: `${number}`, PageSize: PAGE_SIZE },
    };
    const answer = await api.call("ListRecords", parameters, {
      method: "GET",
      answer: recordsSchema,
      signal,
    });
    return { items: answer.Records, total: answer.TotalCount };
  });
  const [record, ...others] = records.filter(({ RecordName, RecordType }) =>
    RecordType === ADDRESSES && isName(RecordName, host)
  );
  if (record !== undefined && others.length === 0) return record;
  const reason = record === undefined
    ? `there is no A/AAAA record ${host} in the site ${zone}: it has to be added there first`
    : `there are ${others.length + 1} A/AAAA records ${host} in the site ${zone}: it has to be one`;
  throw new PublishError(provider, reason, { isPermanent: true });
}

async function findRule(
  { options: { provider, zone, rule: name }, api, signal }: Step,
  siteId: string,
): Promise<EsaRule> {
  const rules = await readPages(provider, async ({ number }) => {
    const parameters = { SiteId: siteId, RuleName: name, PageNumber: `${number}`, PageSize: PAGE_SIZE };
    const answer = await api.call("ListOriginRules", parameters, {
      method: "GET",
      answer: rulesSchema,
      signal,
    });
    return { items: answer.Configs, total: answer.TotalCount };
  });
  const rule = rules.find(({ RuleName }) => RuleName === name);
  if (rule !== undefined) return rule;
  const reason = `there is no origin rule "${name}" in the site ${zone}: it has to be added there first`;
  throw new PublishError(provider, reason, { isPermanent: true });
}
