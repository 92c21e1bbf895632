import * as v from "valibot";
import { parseRecordData } from "../../dns/record_text.ts";
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
import { readPages } from "../read_pages.ts";
import type { RecordStore } from "../record_store.ts";
import { formatRecordValue } from "../record_value.ts";
import { isRelative, spellRelative } from "../relative_owner.ts";
import { FreshRecords } from "./fresh_records.ts";
import { TencentApi } from "./tencent_api.ts";

/** The default line; records of other lines are answers for some resolvers only, and none of ours. */
const LINE = "默认";
/** Its id, the same where it is called Default. */
const LINE_ID = "0";
/** Of a page; the API gives up to 3000. */
const LIMIT = 500;
/** The least of its plans, shortest first. */
const TTL_STEPS = [60, 120, 600] as const;

/** Codes of the API. */
const NO_RECORDS = "ResourceNotFound.NoDataOfRecord";
const EXISTS = "InvalidParameter.DomainRecordExist";
const NO_SUCH_RECORD = "InvalidParameter.RecordIdInvalid";
const TTL = "LimitExceeded.RecordTtlLimit";

const idSchema = v.pipe(v.number(), v.safeInteger());
const recordSchema = v.object({
  RecordId: idSchema,
  Name: v.string(),
  Type: v.string(),
  Value: v.string(),
  TTL: v.number(),
  Line: v.optional(v.nullable(v.string())),
  LineId: v.optional(v.nullable(v.string())),
  Status: v.optional(v.nullable(v.string())),
});
const listSchema = v.object({
  RecordCountInfo: v.object({ TotalCount: v.number() }),
  RecordList: v.array(recordSchema),
});
const writtenSchema = v.object({ RecordId: v.optional(v.nullable(idSchema)) });

type DnspodRecord = v.InferOutput<typeof recordSchema>;

/**
 * Records at Tencent Cloud's DNSPod (API 2021-03-23). Only those of the default line are read and written. A TTL that
 * the zone's plan does not allow is raised to the least that it allows.
 */
export function openDnspod(options: SignedDnsOptions, parts: PublisherParts): RecordStore {
  const { provider, zone = "" } = options;
  const api = new TencentApi({ ...parts, ...options, service: "dnspod", version: "2021-03-23" });

  const fresh = new FreshRecords(parts.clock);

  async function write(action: string, parameters: object, signal: AbortSignal): Promise<string | undefined> {
    try {
      const { RecordId } = await api.call(action, { Domain: zone, ...parameters }, {
        answer: writtenSchema,
        signal,
      });
      return RecordId?.toString();
    } catch (error) {
      if (isCode(error, TTL)) throw new TtlRefusedError(provider, error.reason);
      throw error;
    }
  }

  const records: RecordApi = {
    ...{ provider, zone },
    types: new Set(["A", "AAAA", "SRV", "TXT", "HTTPS", "SVCB"]),
    ttlSteps: TTL_STEPS,
    async list(owner, signal): Promise<readonly ListedRecord[]> {
      const all = await readPages(provider, ({ offset }) => readPage(api, { zone, owner, offset, signal }));
      const ours = all.filter((record) => isOurs(record, owner)).map((record) => listed(record, owner));
      return fresh.complete(owner, ours);
    },
    async create(record, signal): Promise<void> {
      try {
        const id = await write("CreateRecord", fieldsOf(record), signal);
        if (id !== undefined) fresh.add(record, { id, data: record.data, ttlSeconds: record.ttlSeconds });
      } catch (error) {
        // Somebody else was faster.
        if (!isCode(error, EXISTS)) throw error;
      }
    },
    async update({ id, isPaused }, record, signal): Promise<void> {
      const status = isPaused === true ? { Status: "ENABLE" } : {};
      const parameters = { ...fieldsOf(record), RecordId: Number(id), ...status };
      await write("ModifyRecord", parameters, signal).catch((error: unknown) => {
        if (isCode(error, NO_SUCH_RECORD)) fresh.forget(id);
        throw error;
      });
      if (fresh.has(id)) fresh.add(record, { id, data: record.data, ttlSeconds: record.ttlSeconds });
    },
    async remove({ id }, _owner, signal): Promise<void> {
      fresh.forget(id);
      try {
        await write("DeleteRecord", { RecordId: Number(id) }, signal);
      } catch (error) {
        if (!isCode(error, NO_SUCH_RECORD)) throw error;
      }
    },
  };
  return openListedStore(records);
}

async function readPage(
  api: TencentApi,
  { zone, owner: { relative, type }, offset, signal }: {
    readonly zone: string;
    readonly owner: RecordOwner;
    readonly offset: number;
    readonly signal: AbortSignal;
  },
): Promise<{ readonly items: readonly DnspodRecord[]; readonly total: number }> {
  const asked = {
    Domain: zone,
    Subdomain: spellRelative(relative),
    RecordType: type,
    Offset: offset,
    Limit: LIMIT,
  };
  try {
    const page = await api.call("DescribeRecordList", asked, { answer: listSchema, signal });
    return { items: page.RecordList, total: page.RecordCountInfo.TotalCount };
  } catch (error) {
    // An empty list is a fault there.
    if (isCode(error, NO_RECORDS)) return { items: [], total: 0 };
    throw error;
  }
}

function isOurs({ Name, Type, Line, LineId }: DnspodRecord, { relative, type }: RecordOwner): boolean {
  const isDefaultLine = LineId === LINE_ID || (LineId ?? "") === "" && (Line ?? LINE) === LINE;
  return Type === type && isDefaultLine && isRelative(Name, relative);
}

function listed(
  { RecordId, Value, TTL: ttlSeconds, Status }: DnspodRecord,
  { type }: RecordOwner,
): ListedRecord {
  return {
    id: `${RecordId}`,
    data: parseRecordData(type, Value),
    ttlSeconds,
    isPaused: Status?.toUpperCase() === "DISABLE",
  };
}

function fieldsOf({ relative, type, data, ttlSeconds }: WrittenRecord): object {
  return {
    SubDomain: spellRelative(relative),
    RecordType: type,
    RecordLine: LINE,
    Value: formatRecordValue(data, { endsNames: true }),
    TTL: ttlSeconds,
  };
}

function isCode(error: unknown, code: string): error is ApiRefusal {
  return error instanceof ApiRefusal && error.apiCode === code;
}
