import * as v from "valibot";
import type { PublisherParts } from "../open_publisher.ts";
import type { OriginOptions } from "../options.ts";
import { type Publisher, PublishError } from "../publisher.ts";
import { isName } from "../relative_owner.ts";
import { readPages } from "../read_pages.ts";
import { TencentApi } from "./tencent_api.ts";

/** The most that the API gives on a page, of zones and of domains. */
const MOST_ZONES = 100;
const MOST_DOMAINS = 200;
/** An origin that is an address or a name, and not a bucket or a group. */
const ORIGIN_TYPE = "IP_DOMAIN";

const text = v.optional(v.nullable(v.string()));
const zonesSchema = v.object({
  TotalCount: v.number(),
  Zones: v.array(v.object({ ZoneId: v.string(), ZoneName: v.string() })),
});
const domainSchema = v.object({
  DomainName: v.string(),
  DomainStatus: text,
  OriginDetail: v.optional(v.nullable(v.object({ OriginType: text, Origin: text, HostHeader: text }))),
  HttpOriginPort: v.optional(v.nullable(v.number())),
  HttpsOriginPort: v.optional(v.nullable(v.number())),
});
const domainsSchema = v.object({
  TotalCount: v.number(),
  AccelerationDomains: v.array(domainSchema),
});
const writtenSchema = v.object({ RequestId: v.optional(v.string()) });

type Domain = v.InferOutput<typeof domainSchema>;

/** Options for the steps. */
interface Step {
  readonly options: OriginOptions;
  readonly api: TencentApi;
  readonly signal: AbortSignal;
}

/**
 * A publisher that makes the external endpoint the origin of a site at Tencent EdgeOne (API 2022-09-01). The site has to
 * exist there; nothing is written where it has that origin already. A host header for the origin is kept.
 */
export function openEdgeone(options: OriginOptions, parts: PublisherParts): Publisher {
  const api = new TencentApi({ ...parts, ...options, service: "teo", version: "2022-09-01" });
  return {
    provider: options.provider,
    async publish({ external: { address, port } }, signal): Promise<void> {
      const step: Step = { options, api, signal };
      const { zoneId, domain } = await findDomain(step);
      if (hasOrigin(domain, address, port)) return;
      if (domain.DomainStatus === "process") {
        throw new PublishError(
          options.provider,
          `the last change of ${options.host} is still being deployed there`,
        );
      }
      const { OriginType, HostHeader } = domain.OriginDetail ?? {};
      const header = OriginType === ORIGIN_TYPE && (HostHeader ?? "") !== "" ? { HostHeader } : {};
      await api.call("ModifyAccelerationDomain", {
        ZoneId: zoneId,
        DomainName: domain.DomainName,
        OriginInfo: { OriginType: ORIGIN_TYPE, Origin: address, ...header },
        HttpOriginPort: port,
        HttpsOriginPort: port,
      }, { answer: writtenSchema, signal });
    },
  };
}

async function findDomain(
  step: Step,
): Promise<{ readonly zoneId: string; readonly domain: Domain }> {
  const { provider, zone, host } = step.options;
  const zoneIds = await findZones(step);
  // One account may have several zones of one name, told apart by an alias.
  for (const zoneId of zoneIds) {
    const domain = (await readDomains(step, zoneId)).find(({ DomainName }) => isName(DomainName, host));
    if (domain !== undefined) return { zoneId, domain };
  }
  const reason = zoneIds.length === 0
    ? `there is no zone ${zone} in this account`
    : `there is no site ${host} in the zone ${zone}: it has to be added there first`;
  throw new PublishError(provider, reason, { isPermanent: true });
}

async function findZones({ options: { provider, zone }, api, signal }: Step): Promise<readonly string[]> {
  const zones = await readPages(provider, async ({ offset }) => {
    const { Zones, TotalCount } = await api.call("DescribeZones", {
      ...{ Offset: offset, Limit: MOST_ZONES },
      Filters: [{ Name: "zone-name", Values: [zone] }],
    }, { answer: zonesSchema, signal });
    return { items: Zones, total: TotalCount };
  });
  return zones.filter(({ ZoneName }) => isName(ZoneName, zone)).map(({ ZoneId }) => ZoneId);
}

async function readDomains(
  { options: { provider, host }, api, signal }: Step,
  zoneId: string,
): Promise<readonly Domain[]> {
  return await readPages(provider, async ({ offset }) => {
    const { AccelerationDomains, TotalCount } = await api.call("DescribeAccelerationDomains", {
      ...{ ZoneId: zoneId, Offset: offset, Limit: MOST_DOMAINS },
      Filters: [{ Name: "domain-name", Values: [host] }],
    }, { answer: domainsSchema, signal });
    return { items: AccelerationDomains, total: TotalCount };
  });
}

function hasOrigin(
  { OriginDetail, HttpOriginPort, HttpsOriginPort }: Domain,
  address: string,
  port: number,
): boolean {
  return OriginDetail?.OriginType === ORIGIN_TYPE && OriginDetail.Origin === address &&
    HttpOriginPort === port && HttpsOriginPort === port;
}
