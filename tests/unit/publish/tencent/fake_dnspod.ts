import type { RecordType } from "../../../../src/dns/record_data.ts";
import type { ApiHandler } from "../../../fakes/api_server.ts";
import { type FakeRecord, FakeRecords } from "../fake_records.ts";
import { fakeTencent, hasOnly, type TencentAnswer } from "./fake_tencent.ts";

type Parameters = Readonly<Record<string, unknown>>;

const FIELDS = ["Domain", "SubDomain", "RecordType", "RecordLine", "Value", "TTL"] as const;
const TYPES: readonly unknown[] = ["A", "AAAA", "SRV", "TXT", "HTTPS", "SVCB"];

/** DNSPod as its documentation has it (API 2021-03-23), with one zone. */
export class FakeDnspod {
  readonly records: FakeRecords = new FakeRecords();
  readonly handle: ApiHandler;
  /** Actions and their parameters, refused ones too. */
  readonly asked: { readonly action: string; readonly parameters: Parameters }[] = [];
  /** The least TTL of the zone's plan. */
  leastTtlSeconds = 1;
  /** Records on a page at most, whatever is asked for. */
  mostOnPage = 3000;
  /** Filters of the list are honoured. */
  filters = true;
  /** The newest record is not listed yet. */
  hidesNewest = false;
  readonly #zone: string;

  constructor(zone: string, now: () => Date) {
    this.#zone = zone;
    this.handle = fakeTencent({
      ...{ service: "dnspod", version: "2021-03-23", now },
      act: (action, parameters) => {
        this.asked.push({ action, parameters });
        return this.#act(action, parameters);
      },
    });
  }

  #act(action: string, parameters: Parameters): TencentAnswer | undefined {
    if (parameters["Domain"] !== this.#zone) return { fault: "InvalidParameterValue.DomainNotExists" };
    switch (action) {
      case "DescribeRecordList":
        return this.#list(parameters);
      case "CreateRecord":
        return hasOnly(parameters, FIELDS) ? this.#create(parameters) : { fault: "UnknownParameter" };
      case "ModifyRecord":
        return hasOnly(parameters, [...FIELDS, "RecordId", "Status?"])
          ? this.#modify(parameters)
          : { fault: "UnknownParameter" };
      case "DeleteRecord":
        if (!hasOnly(parameters, ["Domain", "RecordId"])) return { fault: "UnknownParameter" };
        return this.records.remove(Number(parameters["RecordId"]))
          ? {}
          : { fault: "InvalidParameter.RecordIdInvalid" };
      default:
        return undefined;
    }
  }

  #list(parameters: Parameters): TencentAnswer {
    if (!hasOnly(parameters, ["Domain", "Subdomain", "RecordType", "Offset", "Limit"])) {
      return { fault: "UnknownParameter" };
    }
    const fits = (record: FakeRecord): boolean =>
      !this.filters || record.name === parameters["Subdomain"] && record.type === parameters["RecordType"];
    const found = this.records.all.slice(0, this.hidesNewest ? -1 : undefined).filter(fits);
    const offset = Number(parameters["Offset"]);
    const page = found.slice(offset, offset + Math.min(this.mostOnPage, Number(parameters["Limit"])));
    if (page.length === 0) return { fault: "ResourceNotFound.NoDataOfRecord" };
    return {
      RecordCountInfo: { SubdomainCount: 1, ListCount: page.length, TotalCount: found.length },
      RecordList: page.map((record) => ({
        ...{ RecordId: record.id, Name: record.name, Type: record.type, Value: record.value },
        ...{ Line: record.line || "默认", LineId: record.line === "" ? "0" : "10=1" },
        ...{ TTL: record.ttlSeconds, Status: record.isPaused ? "DISABLE" : "ENABLE", Weight: null, MX: 0 },
      })),
    };
  }

  #create(parameters: Parameters): TencentAnswer {
    const record = this.#recordOf(parameters);
    if ("fault" in record) return record;
    if (this.records.hasTwin(record)) return { fault: "InvalidParameter.DomainRecordExist" };
    return { RecordId: this.records.create(record) };
  }

  #modify(parameters: Parameters): TencentAnswer {
    const record = this.#recordOf(parameters);
    if ("fault" in record) return record;
    const RecordId = Number(parameters["RecordId"]);
    if (this.records.hasTwin(record, RecordId)) return { fault: "InvalidParameter.DomainRecordExist" };
    const status = "Status" in parameters ? { isPaused: parameters["Status"] === "DISABLE" } : {};
    if (!this.records.update(RecordId, { ...record, ...status })) {
      return { fault: "InvalidParameter.RecordIdInvalid" };
    }
    return { RecordId };
  }

  #recordOf(
    parameters: Parameters,
  ): Pick<FakeRecord, "name" | "type" | "value" | "ttlSeconds"> | { readonly fault: string } {
    const { SubDomain, RecordType, RecordLine, Value, TTL } = parameters;
    if (RecordLine !== "默认") return { fault: "InvalidParameter.RecordLineInvalid" };
    if (!TYPES.includes(RecordType)) return { fault: "InvalidParameter.RecordTypeInvalid" };
    if (typeof SubDomain !== "string" || SubDomain === "") {
      return { fault: "InvalidParameter.SubdomainInvalid" };
    }
    if (typeof Value !== "string" || RecordType === "SRV" && !Value.endsWith(".")) {
      return { fault: "InvalidParameter.RecordValueInvalid" };
    }
    if (typeof TTL !== "number" || TTL < this.leastTtlSeconds) {
      return { fault: "LimitExceeded.RecordTtlLimit" };
    }
    return { name: SubDomain, type: RecordType as RecordType, value: Value, ttlSeconds: TTL };
  }
}
