import type { RecordType } from "../../dns/record_data.ts";
import { memberOf } from "../answer_words.ts";
import { ApiRefusal } from "../api_refusal.ts";
import { openListedStore, type RecordOwner, type WrittenRecord } from "../listed_store.ts";
import type { RecordsOptions } from "../options.ts";
import type { ListedRecord } from "../plan_edits.ts";
import { PublishError } from "../publisher.ts";
import type { RecordSet } from "../record_set.ts";
import type { RecordStore } from "../record_store.ts";
import { isName } from "../relative_owner.ts";
import type { CloudflareApi } from "./cloudflare_api.ts";
import type { CloudflareZone, ZoneFinder } from "./find_zone.ts";
import { formatRecordBody, parseRecordBody } from "./record_body.ts";

/** What a {@linkcode openCloudflareStore} works with. */
export interface CloudflareStoreParts {
  /** Signed in. */
  readonly api: CloudflareApi;
  /** May be shared. */
  readonly zones: ZoneFinder;
}

const TYPES: ReadonlySet<RecordType> = new Set(["A", "AAAA", "SRV", "TXT", "HTTPS", "SVCB"]);
/** Fewer pages; the API allows more, but answers slowly then. */
const PER_PAGE = 100;
/** Automatic; means five minutes. */
const AUTO_TTL = 1;
const AUTO_TTL_SECONDS = 300;
/** Of every plan but the largest. */
const LEAST_TTL_SECONDS = 60;
const MOST_TTL_SECONDS = 86_400;

/**
 * Records at Cloudflare. A TTL of 1 is automatic there; others become 60 s to one day. Addresses go through its proxy
 * where a plan of `records` says so, and not through it anywhere else.
 *
 * Records are changed one by one (PATCH, so that comments and tags stay): the API can neither compare nor swap.
 */
export function openCloudflareStore(
  { records }: Pick<RecordsOptions, "records">,
  { api, zones }: CloudflareStoreParts,
): RecordStore {
  const { provider } = api;
  const proxied = new Set(
    records.flatMap((plan) => plan.type === "A" && plan.proxied === true ? plan.name : []),
  );
  const stores = new Map<string, RecordStore>();

  /** Works on the store of the name's zone; after a failure the zone is looked up again. */
  async function within<T>(
    { name, signal }: { readonly name: string; readonly signal: AbortSignal },
    work: (store: RecordStore) => Promise<T>,
  ): Promise<T> {
    try {
      const zone = await zones.find(name, signal);
      const store = stores.get(zone.id) ?? openZoneStore(zone, { api, proxied });
      stores.set(zone.id, store);
      return await work(store);
    } catch (error) {
      if (error instanceof PublishError) {
        zones.forget();
        stores.clear();
      }
      throw error;
    }
  }

  return {
    provider,
    types: TYPES,
    read: (name, type, signal) =>
      within({ name, signal }, async (store): Promise<RecordSet> => {
        const set = await store.read(name, type, signal);
        return set.ttlSeconds === AUTO_TTL ? { ...set, ttlSeconds: AUTO_TTL_SECONDS } : set;
      }),
    replace: (set, options) =>
      within(
        { name: set.name, signal: options.signal },
        (store) => store.replace({ ...set, ttlSeconds: fittingTtl(set.ttlSeconds) }, options),
      ),
  };
}

function fittingTtl(ttlSeconds: number): number {
  if (ttlSeconds === AUTO_TTL) return AUTO_TTL;
  return Math.min(Math.max(ttlSeconds, LEAST_TTL_SECONDS), MOST_TTL_SECONDS);
}

function openZoneStore(
  zone: CloudflareZone,
  { api, proxied }: { readonly api: CloudflareApi; readonly proxied: ReadonlySet<string> },
): RecordStore {
  const path = `/zones/${encodeURIComponent(zone.id)}/dns_records`;
  const nameOf = ({ relative }: RecordOwner): string =>
    relative === "" ? zone.name : `${relative}.${zone.name}`;
  const isProxied = (owner: RecordOwner): boolean => owner.type === "A" && proxied.has(nameOf(owner));
  const bodyOf = ({ data, ttlSeconds, ...owner }: WrittenRecord): unknown =>
    formatRecordBody({ name: nameOf(owner), ttlSeconds, data, isProxied: isProxied(owner) });

  return openListedStore({
    provider: api.provider,
    zone: zone.name,
    types: TYPES,
    async list(owner, signal): Promise<readonly ListedRecord[]> {
      const name = nameOf(owner);
      const query = { type: owner.type, name };
      const items = await api.readAll({ path, query, perPage: PER_PAGE, signal });
      return items.flatMap((item) =>
        listedRecord(item, { name, type: owner.type, isProxied: isProxied(owner) })
      );
    },
    async create(record, signal): Promise<void> {
      await api.request({ method: "POST", path, body: bodyOf(record), signal });
    },
    async update({ id }, record, signal): Promise<void> {
      const place = `${path}/${encodeURIComponent(id)}`;
      await api.request({ method: "PATCH", path: place, body: bodyOf(record), signal });
    },
    async remove({ id }, _owner, signal): Promise<void> {
      try {
        await api.request({ method: "DELETE", path: `${path}/${encodeURIComponent(id)}`, signal });
      } catch (error) {
        if (!(error instanceof ApiRefusal && error.apiCode === "81044")) throw error;
      }
    },
  });
}

/** None if it is of another name or type: filters of an API are not to be relied on. */
function listedRecord(
  item: unknown,
  wanted: { readonly name: string; readonly type: RecordType; readonly isProxied: boolean },
): readonly ListedRecord[] {
  const [id, name, type] = ["id", "name", "type"].map((member) => memberOf(item, member));
  if (typeof id !== "string" || typeof name !== "string" || type !== wanted.type) return [];
  if (!isName(name, wanted.name)) return [];
  const ttl = memberOf(item, "ttl");
  const isProxied = memberOf(item, "proxied") === true;
  return [{
    id,
    data: parseRecordBody(wanted.type, item),
    // Those of the proxy have none of their own.
    ttlSeconds: typeof ttl === "number" && !isProxied ? ttl : undefined,
    // Another address is served than the one it holds, or the other way round: it has to be written.
    isPaused: isProxied !== wanted.isProxied,
  }];
}
