import type { ApiHandler } from "../../../fakes/api_server.ts";
import { fakeTencent, hasOnly, type TencentAnswer } from "./fake_tencent.ts";

type Parameters = Readonly<Record<string, unknown>>;

/** A site at the fake. */
export interface FakeSite {
  readonly ZoneId: string;
  readonly DomainName: string;
  readonly DomainStatus: string;
  readonly OriginDetail: Readonly<Record<string, string>>;
  readonly HttpOriginPort: number;
  readonly HttpsOriginPort: number;
}

/** A site with an origin on port 80. */
export function fakeSite(DomainName: string, ZoneId: string, changes: Partial<FakeSite> = {}): FakeSite {
  const OriginDetail = { OriginType: "IP_DOMAIN", Origin: "203.0.113.99" };
  return {
    DomainName,
    ZoneId,
    DomainStatus: "online",
    OriginDetail,
    HttpOriginPort: 80,
    HttpsOriginPort: 443,
    ...changes,
  };
}

/** Tencent EdgeOne as its documentation has it (API 2022-09-01). */
export class FakeEdgeone {
  readonly handle: ApiHandler;
  /** Bodies of ModifyAccelerationDomain. */
  readonly writes: Parameters[] = [];
  zones: readonly { readonly ZoneId: string; readonly ZoneName: string }[] = [];
  sites: readonly FakeSite[] = [];
  /** Filters of lists are honoured. */
  filters = true;
  /** Items on a page at most. */
  mostOnPage = 100;

  constructor(now: () => Date) {
    this.handle = fakeTencent({
      ...{ service: "teo", version: "2022-09-01", now },
      act: (action, parameters) => this.#act(action, parameters),
    });
  }

  #act(action: string, parameters: Parameters): TencentAnswer | undefined {
    switch (action) {
      case "DescribeZones": {
        if (!hasOnly(parameters, ["Offset", "Limit", "Filters"])) return { fault: "UnknownParameter" };
        if (Number(parameters["Limit"]) > 100) return { fault: "InvalidParameter.LimitExceeded" };
        const name = this.#filter(parameters, "zone-name");
        const found = this.zones.filter(({ ZoneName }) => name === undefined || ZoneName === name);
        return { TotalCount: found.length, Zones: this.#page(found, parameters) };
      }
      case "DescribeAccelerationDomains": {
        if (!hasOnly(parameters, ["ZoneId", "Offset", "Limit", "Filters"])) {
          return { fault: "UnknownParameter" };
        }
        if (Number(parameters["Limit"]) > 200) return { fault: "InvalidParameter.LimitExceeded" };
        const name = this.#filter(parameters, "domain-name");
        const found = this.sites.filter(({ ZoneId, DomainName }) =>
          ZoneId === parameters["ZoneId"] && (name === undefined || DomainName === name)
        );
        return { TotalCount: found.length, AccelerationDomains: this.#page(found, parameters) };
      }
      case "ModifyAccelerationDomain":
        return this.#modify(parameters);
      default:
        return undefined;
    }
  }

  #filter({ Filters }: Parameters, name: string): unknown {
    const [filter] = Filters as readonly { readonly Name: string; readonly Values: readonly unknown[] }[];
    if (filter?.Name !== name) throw new TypeError(`Cannot filter by ${filter?.Name}`);
    return this.filters ? filter.Values[0] : undefined;
  }

  #page<T>(items: readonly T[], { Offset, Limit }: Parameters): readonly T[] {
    return items.slice(Number(Offset), Number(Offset) + Math.min(this.mostOnPage, Number(Limit)));
  }

  #modify(parameters: Parameters): TencentAnswer {
    this.writes.push(parameters);
    const names = ["ZoneId", "DomainName", "OriginInfo", "HttpOriginPort", "HttpsOriginPort"];
    if (!hasOnly(parameters, names)) return { fault: "UnknownParameter" };
    const { ZoneId, DomainName, OriginInfo, HttpOriginPort, HttpsOriginPort } = parameters;
    const isIt = (site: FakeSite): boolean => site.ZoneId === ZoneId && site.DomainName === DomainName;
    if (!this.sites.some(isIt)) return { fault: "ResourceUnavailable.DomainNotFound" };
    this.sites = this.sites.map((site) =>
      isIt(site)
        ? {
          ...site,
          OriginDetail: OriginInfo as FakeSite["OriginDetail"],
          HttpOriginPort: Number(HttpOriginPort),
          HttpsOriginPort: Number(HttpsOriginPort),
        }
        : site
    );
    return {};
  }
}
