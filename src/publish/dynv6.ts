import * as v from "valibot";
import { relativeName } from "../core/domain_name.ts";
import { splitText } from "../dns/character_string.ts";
import type { RecordData, RecordType } from "../dns/record_data.ts";
import { parseRecordData } from "../dns/record_text.ts";
import { Dynv6Api } from "./dynv6_api.ts";
import { openListedStore, type RecordApi, type RecordOwner, type WrittenRecord } from "./listed_store.ts";
import type { PublisherParts } from "./open_publisher.ts";
import type { Dynv6Options } from "./options.ts";
import type { ListedRecord } from "./plan_edits.ts";
import { PublishError } from "./publisher.ts";
import type { RecordStore } from "./record_store.ts";
import { isRelative } from "./relative_owner.ts";

const idSchema = v.pipe(v.number(), v.safeInteger());
const zoneSchema = v.object({
  id: idSchema,
  ipv4address: v.optional(v.nullable(v.string())),
  ipv6prefix: v.optional(v.nullable(v.string())),
});
const optionalNumber = v.optional(v.nullable(v.number()));
const recordSchema = v.object({
  id: idSchema,
  type: v.string(),
  name: v.string(),
  data: v.string(),
  expandedData: v.optional(v.nullable(v.string())),
  ...{ priority: optionalNumber, weight: optionalNumber, port: optionalNumber },
});

type Dynv6Zone = v.InferOutput<typeof zoneSchema>;
type Dynv6Record = v.InferOutput<typeof recordSchema>;

/** Stands for the address in the zone itself, which is no record there. */
const ZONE_ID = "zone";
/** Where the zone has the addresses of its own name. */
const ZONE_FIELDS: Readonly<Partial<Record<RecordType, "ipv4address" | "ipv6prefix">>> = {
  A: "ipv4address",
  AAAA: "ipv6prefix",
};

/**
 * Records at dynv6 (REST API 0.2.0). It keeps no TTLs, so that any is the right one. The addresses of the zone's own
 * name are a field of the zone there.
 */
export function openDynv6(options: Dynv6Options, { fetch, clock }: PublisherParts): RecordStore {
  const { provider, zone = "", token, api: base } = options;
  const api = new Dynv6Api({ provider, token, base, fetch, clock });

  async function findZone(signal: AbortSignal): Promise<Dynv6Zone> {
    const missing = `there is no zone ${zone} that this token may change`;
    return await api.request("GET", `/zones/by-name/${zone}`, { answer: zoneSchema, missing, signal });
  }

  async function setZoneAddress(
    { id }: Dynv6Zone,
    { type, address }: { readonly type: RecordType; readonly address: string },
    signal: AbortSignal,
  ): Promise<void> {
    await api.request("PATCH", `/zones/${id}`, { body: { [ZONE_FIELDS[type] ?? ""]: address }, signal });
  }

  const records: RecordApi = {
    ...{ provider, zone },
    types: new Set(["A", "AAAA", "SRV", "TXT"]),
    async list(owner, signal): Promise<readonly ListedRecord[]> {
      const found = await findZone(signal);
      const all = await api.request("GET", `/zones/${found.id}/records`, {
        answer: v.array(recordSchema),
        signal,
      });
      const ours = all.filter(({ type, name }) => type === owner.type && isRelative(name, owner.relative));
      const records = ours.map((record): ListedRecord => ({
        id: `${record.id}`,
        data: readData(record, { zone, type: owner.type }),
        ttlSeconds: undefined,
      }));
      return [...zoneAddress(found, owner, provider), ...records];
    },
    async create(record, signal): Promise<void> {
      const found = await findZone(signal);
      const { relative, type, data } = record;
      const isFree = relative === "" && ZONE_FIELDS[type] !== undefined &&
        zoneAddress(found, record, provider).length === 0;
      if (isFree && "address" in data) return await setZoneAddress(found, data, signal);
      await api.request("POST", `/zones/${found.id}/records`, { body: fieldsOf(record, zone), signal });
    },
    async update({ id }, record, signal): Promise<void> {
      const found = await findZone(signal);
      const { data } = record;
      if (id === ZONE_ID && "address" in data) return await setZoneAddress(found, data, signal);
      const body = { ...fieldsOf(record, zone), id: Number(id), zoneID: found.id };
      await api.request("PATCH", `/zones/${found.id}/records/${id}`, { body, signal });
    },
    async remove({ id }, { type }, signal): Promise<void> {
      const found = await findZone(signal);
      if (id === ZONE_ID) return await setZoneAddress(found, { type, address: "" }, signal);
      await api.request("DELETE", `/zones/${found.id}/records/${id}`, { isGoneFine: true, signal });
    },
  };
  return openListedStore(records);
}

/** The address that is a field of the zone, as a record. */
function zoneAddress(
  zone: Dynv6Zone,
  { relative, type }: RecordOwner,
  provider: string,
): readonly ListedRecord[] {
  const field = ZONE_FIELDS[type];
  const address = field === undefined || relative !== "" ? "" : zone[field] ?? "";
  if (address === "") return [];
  if (address.includes("/")) {
    const reason =
      "the zone's own AAAA record follows its IPv6 prefix there, which others use too: take a name below it";
    throw new PublishError(provider, reason, { isPermanent: true });
  }
  return [{ id: ZONE_ID, data: parseRecordData(type, address), ttlSeconds: undefined }];
}

function readData(
  record: Dynv6Record,
  { zone, type }: { readonly zone: string; readonly type: RecordType },
): RecordData | undefined {
  const { data, expandedData, priority, weight, port } = record;
  switch (type) {
    case "TXT":
      return { type, strings: splitText(data) };
    case "SRV": {
      const target = data.endsWith(".") ? data : data === "" || data === "@" ? zone : `${data}.${zone}`;
      return parseRecordData(type, `${priority ?? 0} ${weight ?? 0} ${port ?? 0} ${target}`);
    }
    default:
      return parseRecordData(type, expandedData ?? data);
  }
}

function fieldsOf({ relative: name, type, data }: WrittenRecord, zone: string): object {
  switch (data.type) {
    case "A":
    case "AAAA":
      return { name, data: data.address, type };
    case "TXT":
      return { name, data: data.strings.join(""), type };
    case "SRV": {
      const { priority, weight, port } = data;
      return { name, data: spellTarget(data.target, zone), type, priority, weight, port };
    }
    default:
      return { name, data: "", type };
  }
}

/** Names without a final dot are below the zone there. */
function spellTarget(target: string, zone: string): string {
  if (target === ".") return target;
  return target.endsWith(`.${zone}`) ? relativeName(target, zone) : `${target}.`;
}
