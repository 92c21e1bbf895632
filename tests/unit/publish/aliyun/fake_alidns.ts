import type { RecordType } from "../../../../src/dns/record_data.ts";
import type { ApiHandler } from "../../../fakes/api_server.ts";
import { type FakeRecord, FakeRecords } from "../fake_records.ts";
import { hasOnly } from "../tencent/fake_tencent.ts";
import { type AliyunAnswer, type AliyunCall, fakeAliyun } from "./fake_aliyun.ts";

type Parameters = AliyunCall["parameters"];

const FIELDS = ["DomainName", "RR", "Type", "Value", "TTL"] as const;
const TYPES: readonly unknown[] = ["A", "AAAA", "SRV", "TXT", "HTTPS", "SVCB"];

/** Alibaba Cloud DNS as its documentation has it (API 2015-01-09), with one zone. */
export class FakeAlidns {
  readonly records: FakeRecords = new FakeRecords();
  readonly handle: ApiHandler;
  /** Every call with a good signature, refused ones too. */
  readonly asked: AliyunCall[] = [];
  /** The least TTL of the zone's plan. */
  leastTtlSeconds = 1;
  /** Records on a page at most, whatever is asked for. */
  mostOnPage = 500;
  /** Filters of the list are honoured. */
  filters = true;
  readonly #zone: string;

  constructor(zone: string, now: () => Date) {
    this.#zone = zone;
    this.handle = fakeAliyun({
      ...{ version: "2015-01-09", now },
      act: (call) => {
        this.asked.push(call);
        return call.method === "POST" ? this.#act(call) : { fault: "UnsupportedHTTPMethod" };
      },
    });
  }

  #act({ action, parameters }: AliyunCall): AliyunAnswer | undefined {
    if ((parameters["DomainName"] ?? this.#zone) !== this.#zone) {
      return { fault: "InvalidDomainName.NoExist" };
    }
    switch (action) {
      case "DescribeDomainRecords":
        return this.#list(parameters);
      case "AddDomainRecord":
        return hasOnly(parameters, FIELDS) ? this.#create(parameters) : { fault: "MissingParameter" };
      case "UpdateDomainRecord":
        return hasOnly(parameters, [...FIELDS, "RecordId"])
          ? this.#update(parameters)
          : { fault: "MissingParameter" };
      case "SetDomainRecordStatus":
        return this.#setStatus(parameters);
      case "DeleteDomainRecord":
        return this.records.remove(Number(parameters["RecordId"]))
          ? {}
          : { fault: "DomainRecordNotBelongToUser" };
      default:
        return undefined;
    }
  }

  #list(parameters: Parameters): AliyunAnswer {
    if (!hasOnly(parameters, ["DomainName", "RRKeyWord", "TypeKeyWord", "PageNumber", "PageSize"])) {
      return { fault: "InvalidParameter" };
    }
    const { RRKeyWord = "", TypeKeyWord, PageNumber, PageSize } = parameters;
    // "%RRKeyWord%", says the documentation.
    const fits = (record: FakeRecord): boolean =>
      !this.filters || record.name.includes(RRKeyWord) && record.type === TypeKeyWord;
    const found = this.records.all.filter(fits);
    const size = Math.min(this.mostOnPage, Number(PageSize));
    const page = found.slice((Number(PageNumber) - 1) * size, Number(PageNumber) * size);
    return {
      ...{ TotalCount: found.length, PageNumber: Number(PageNumber), PageSize: size },
      DomainRecords: {
        Record: page.map((record) => ({
          ...{ RecordId: `${record.id}`, DomainName: this.#zone, RR: record.name, Type: record.type },
          ...{ Value: record.value, TTL: record.ttlSeconds, Line: record.line || "default" },
          ...{ Status: record.isPaused ? "DISABLE" : "ENABLE", Locked: false },
        })),
      },
    };
  }

  #create(parameters: Parameters): AliyunAnswer {
    const record = this.#recordOf(parameters);
    if ("fault" in record) return record;
    if (this.records.hasTwin(record)) return { fault: "DomainRecordDuplicate" };
    return { RecordId: `${this.records.create(record)}` };
  }

  #update(parameters: Parameters): AliyunAnswer {
    const record = this.#recordOf(parameters);
    if ("fault" in record) return record;
    const id = Number(parameters["RecordId"]);
    const old = this.records.all.find((other) => other.id === id);
    if (old === undefined) return { fault: "DomainRecordNotBelongToUser" };
    const isIdle = old.value === record.value && old.ttlSeconds === record.ttlSeconds;
    if (isIdle || this.records.hasTwin(record, id)) return { fault: "DomainRecordDuplicate" };
    this.records.update(id, record);
    return { RecordId: `${id}` };
  }

  #setStatus(parameters: Parameters): AliyunAnswer {
    if (!hasOnly(parameters, ["RecordId", "Status"])) return { fault: "MissingParameter" };
    const isPaused = parameters["Status"] !== "Enable";
    if (!this.records.update(Number(parameters["RecordId"]), { isPaused })) {
      return { fault: "DomainRecordNotBelongToUser" };
    }
    return { Status: parameters["Status"] };
  }

  #recordOf(
    { RR = "", Type, Value = "", TTL }: Parameters,
  ): Pick<FakeRecord, "name" | "type" | "value" | "ttlSeconds"> | { readonly fault: string } {
    if (RR === "") return { fault: "InvalidRR.Format" };
    if (!TYPES.includes(Type)) return { fault: "SubDomainInvalid.Type" };
    if (Value === "" || Type === "SRV" && /[^ ]\.$/.test(Value)) return { fault: "SubDomainInvalid.Value" };
    const ttlSeconds = Number(TTL);
    if (!(ttlSeconds >= this.leastTtlSeconds && ttlSeconds <= 86_400)) return { fault: "QuotaExceeded.TTL" };
    return { name: RR, type: Type as RecordType, value: Value, ttlSeconds };
  }
}
