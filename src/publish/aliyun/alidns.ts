import * as v from "valibot";
import { isSameRecordData, parseRecordData } from "../../dns/record_text.ts";
import { ApiRefusal } from "../api_refusal.ts";
import {
  openListedStore,
  type RecordApi,
  type RecordOwner,
  TtlRefusedError,
  type WrittenRecord,
} from "../listed_store.ts";
import type { PublisherParts } from "../open_publisher.ts";
import type { SignedDnsOptions } from "../options.ts";
import type { ListedRecord } from "../plan_edits.ts";
import { type Page, type PageRequest, readPages } from "../read_pages.ts";
import type { RecordStore } from "../record_store.ts";
import { formatRecordValue } from "../record_value.ts";
import { isRelative, spellRelative } from "../relative_owner.ts";
import { AliyunApi } from "./aliyun_api.ts";

/** The default line; records of other lines are answers for some resolvers only, and none of ours. */
const LINE = "default";
/** The most that the API gives on a page. */
const PAGE_SIZE = 500;
/** The least TTL of the free plan. */
const FREE_TTL_SECONDS = 600;
/** The longest TTL of all plans. */
const MOST_TTL_SECONDS = 86_400;

/** Codes of the API. */
const EXISTS = "DomainRecordDuplicate";
const NO_SUCH_RECORD = "DomainRecordNotBelongToUser";
/** `QuotaExceeded.TTL` and others. */
const TTL = /TTL/i;

const recordSchema = v.object({
  RecordId: v.string(),
  RR: v.string(),
  Type: v.string(),
  Value: v.string(),
  TTL: v.number(),
  Line: v.optional(v.nullable(v.string())),
  Status: v.optional(v.nullable(v.string())),
});
const listSchema = v.object({
  TotalCount: v.number(),
  DomainRecords: v.object({ Record: v.array(recordSchema) }),
});
const writtenSchema = v.object({ RequestId: v.optional(v.string()) });

type AlidnsRecord = v.InferOutput<typeof recordSchema>;

/**
 * Records at Alibaba Cloud DNS (API 2015-01-09). Only those of the default line are read and written. A TTL that the
 * zone's plan does not allow is raised to 600 s, which every plan allows.
 */
export function openAlidns(options: SignedDnsOptions, parts: PublisherParts): RecordStore {
  const { provider, zone = "" } = options;
  const api = new AliyunApi({ ...parts, ...options, version: "2015-01-09" });

  async function write(
    action: string,
    parameters: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await api.call(action, parameters, { answer: writtenSchema, signal });
    } catch (error) {
      if (error instanceof ApiRefusal && TTL.test(error.apiCode)) {
        throw new TtlRefusedError(provider, error.reason);
      }
      throw error;
    }
  }

  const records: RecordApi = {
    ...{ provider, zone },
    types: new Set(["A", "AAAA", "SRV", "TXT", "HTTPS", "SVCB"]),
    ttlSteps: [FREE_TTL_SECONDS],
    mostTtlSeconds: MOST_TTL_SECONDS,
    async list(owner, signal): Promise<readonly ListedRecord[]> {
      const all = await readPages(provider, (page) => readPage(api, { zone, owner, page, signal }));
      return all.filter((record) => isOurs(record, owner)).map((record) => listed(record, owner));
    },
    async create(record, signal): Promise<void> {
      try {
        await write("AddDomainRecord", { DomainName: zone, ...fieldsOf(record) }, signal);
      } catch (error) {
        // Somebody else was faster.
        if (!isCode(error, EXISTS)) throw error;
      }
    },
    async update(old, record, signal): Promise<void> {
      // The API refuses what changes nothing.
      if (isChange(old, record)) {
        await write(
          "UpdateDomainRecord",
          { DomainName: zone, RecordId: old.id, ...fieldsOf(record) },
          signal,
        );
      }
      if (old.isPaused === true) {
        await write("SetDomainRecordStatus", { RecordId: old.id, Status: "Enable" }, signal);
      }
    },
    async remove({ id }, _owner, signal): Promise<void> {
      try {
        await write("DeleteDomainRecord", { RecordId: id }, signal);
      } catch (error) {
        if (!isCode(error, NO_SUCH_RECORD)) throw error;
      }
    },
  };
  return openListedStore(records);
}

async function readPage(
  api: AliyunApi,
  { zone, owner: { relative, type }, page, signal }: {
    readonly zone: string;
    readonly owner: RecordOwner;
    readonly page: PageRequest;
    readonly signal: AbortSignal;
  },
): Promise<Page<AlidnsRecord>> {
  const { TotalCount, DomainRecords } = await api.call("DescribeDomainRecords", {
    DomainName: zone,
    RRKeyWord: spellRelative(relative),
    TypeKeyWord: type,
    PageNumber: `${page.number}`,
    PageSize: `${PAGE_SIZE}`,
  }, { answer: listSchema, signal });
  return { items: DomainRecords.Record, total: TotalCount };
}

function isOurs({ RR, Type, Line }: AlidnsRecord, { relative, type }: RecordOwner): boolean {
  return Type === type && (Line ?? LINE) === LINE && isRelative(RR, relative);
}

function listed(
  { RecordId, Value, TTL: ttlSeconds, Status }: AlidnsRecord,
  { type }: RecordOwner,
): ListedRecord {
  return {
    id: RecordId,
    data: parseRecordData(type, Value),
    ttlSeconds,
    isPaused: Status?.toUpperCase() === "DISABLE",
  };
}

function fieldsOf({ relative, type, data, ttlSeconds }: WrittenRecord): Readonly<Record<string, string>> {
  return {
    RR: spellRelative(relative),
    Type: type,
    Value: formatRecordValue(data, { endsNames: false }),
    TTL: `${ttlSeconds}`,
  };
}

function isChange({ data, ttlSeconds }: ListedRecord, record: WrittenRecord): boolean {
  return data === undefined || ttlSeconds !== record.ttlSeconds || !isSameRecordData(data, record.data);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof ApiRefusal && error.apiCode === code;
}
