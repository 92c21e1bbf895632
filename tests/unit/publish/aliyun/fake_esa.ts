import type { ApiHandler } from "../../../fakes/api_server.ts";
import { hasOnly } from "../tencent/fake_tencent.ts";
import { type AliyunAnswer, type AliyunCall, fakeAliyun } from "./fake_aliyun.ts";

type Parameters = AliyunCall["parameters"];

/** A DNS record at the fake. */
export interface EsaRecord {
  readonly RecordId: number;
  readonly RecordName: string;
  readonly RecordType: string;
  readonly Data: { readonly Value: string };
}

/** An origin rule at the fake. */
export interface EsaRule {
  readonly ConfigId: number;
  readonly RuleName?: string;
  readonly OriginHttpPort?: string;
  readonly OriginHttpsPort?: string;
}

/** Reading wants GET there, writing POST. */
const READS = ["ListSites", "ListRecords", "ListOriginRules"];

/** Alibaba Cloud ESA as its documentation has it (API 2024-09-10). */
export class FakeEsa {
  readonly handle: ApiHandler;
  /** Calls that change something. */
  readonly writes: AliyunCall[] = [];
  sites: readonly { readonly SiteId: number; readonly SiteName: string }[] = [];
  records: readonly EsaRecord[] = [];
  rules: readonly EsaRule[] = [];
  /** Filters of lists are honoured. */
  filters = true;
  /** Items on a page at most. */
  mostOnPage = 500;

  constructor(now: () => Date) {
    this.handle = fakeAliyun({
      ...{ version: "2024-09-10", now },
      act: (call) => {
        const isRead = READS.includes(call.action);
        if (call.method !== (isRead ? "GET" : "POST")) return { fault: "UnsupportedHTTPMethod", status: 405 };
        if (!isRead) this.writes.push(call);
        return this.#act(call);
      },
    });
  }

  #act({ action, parameters }: AliyunCall): AliyunAnswer | undefined {
    switch (action) {
      case "ListSites":
        return this.#list("Sites", parameters, {
          items: this.sites.filter(({ SiteName }) => !this.filters || SiteName === parameters["SiteName"]),
          names: ["SiteName", "SiteSearchType"],
        });
      case "ListRecords":
        return this.#list("Records", parameters, {
          items: this.records.filter(({ RecordName }) =>
            !this.filters || RecordName === parameters["RecordName"]
          ),
          names: ["SiteId", "RecordName", "RecordMatchType", "Type"],
        });
      case "ListOriginRules":
        return this.#list("Configs", parameters, {
          items: this.rules.filter(({ RuleName }) => !this.filters || RuleName === parameters["RuleName"]),
          names: ["SiteId", "RuleName"],
        });
      case "UpdateRecord":
        return this.#updateRecord(parameters);
      case "UpdateOriginRule":
        return this.#updateRule(parameters);
      default:
        return undefined;
    }
  }

  #list(
    key: string,
    parameters: Parameters,
    { items, names }: { readonly items: readonly unknown[]; readonly names: readonly string[] },
  ): AliyunAnswer {
    if (!hasOnly(parameters, [...names, "PageNumber", "PageSize"])) return { fault: "InvalidParameter" };
    const size = Math.min(this.mostOnPage, Number(parameters["PageSize"]));
    const start = (Number(parameters["PageNumber"]) - 1) * size;
    return { [key]: items.slice(start, start + size), TotalCount: items.length, PageSize: size };
  }

  #updateRecord(parameters: Parameters): AliyunAnswer {
    const { RecordId, Data = "" } = parameters;
    if (!hasOnly(parameters, ["RecordId", "Data"])) return { fault: "InvalidParameter" };
    const isIt = (record: EsaRecord): boolean => `${record.RecordId}` === RecordId;
    if (!this.records.some(isIt)) return { fault: "RecordNotFound", status: 404 };
    this.records = this.records.map((record) =>
      isIt(record) ? { ...record, Data: JSON.parse(Data) } : record
    );
    return {};
  }

  #updateRule(parameters: Parameters): AliyunAnswer {
    const { SiteId, ConfigId, ...ports } = parameters;
    if (!hasOnly(parameters, ["SiteId", "ConfigId", "OriginHttpPort", "OriginHttpsPort"])) {
      return { fault: "InvalidParameter" };
    }
    const isIt = (rule: EsaRule): boolean => `${rule.ConfigId}` === ConfigId;
    if (!this.sites.some((site) => `${site.SiteId}` === SiteId) || !this.rules.some(isIt)) {
      return { fault: "ConfigNotFound", status: 404 };
    }
    this.rules = this.rules.map((rule) => isIt(rule) ? { ...rule, ...ports } : rule);
    return { ConfigId: Number(ConfigId) };
  }
}
