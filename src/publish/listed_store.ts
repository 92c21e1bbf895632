import { isWithin, relativeName } from "../core/domain_name.ts";
import type { RecordData, RecordType } from "../dns/record_data.ts";
import { isSameRecordData } from "../dns/record_text.ts";
import { type ListedRecord, planEdits, type RecordEdit } from "./plan_edits.ts";
import { PublishError } from "./publisher.ts";
import type { RecordSet } from "./record_set.ts";
import { RecordConflictError, type RecordStore, type ReplaceOptions } from "./record_store.ts";

/** Whose records: both canonical. */
export interface RecordOwner {
  /** Labels below the zone; empty for the zone itself. */
  readonly relative: string;
  /** Of all its records. */
  readonly type: RecordType;
}

/** A record that is written. */
export interface WrittenRecord extends RecordOwner {
  /** Of the owner's type. */
  readonly data: RecordData;
  /** One that the provider has not refused so far. */
  readonly ttlSeconds: number;
}

/** An API whose records have ids and are written one by one. */
export interface RecordApi {
  /** For events and messages. */
  readonly provider: string;
  /** Zone of all names, canonical. */
  readonly zone: string;
  /** What it can hold. */
  readonly types: ReadonlySet<RecordType>;
  /** TTLs to try instead of one that was refused, ascending. @default {[]} */
  readonly ttlSteps?: readonly number[] | undefined;
  /** Longer TTLs become this one. @default none */
  readonly mostTtlSeconds?: number | undefined;
  /** Every record of that name and type, paused ones too. */
  list(owner: RecordOwner, signal: AbortSignal): Promise<readonly ListedRecord[]>;
  /**
   * Adds one more; does nothing if it is there already.
   *
   * @throws {TtlRefusedError} If the provider does not take such a TTL.
   */
  create(record: WrittenRecord, signal: AbortSignal): Promise<void>;
  /**
   * Makes it this one, and served.
   *
   * @throws {TtlRefusedError} If the provider does not take such a TTL.
   */
  update(old: ListedRecord, record: WrittenRecord, signal: AbortSignal): Promise<void>;
  /** Does nothing if it is gone already. */
  remove(old: ListedRecord, owner: RecordOwner, signal: AbortSignal): Promise<void>;
}

/** The provider does not take such a TTL; {@linkcode openListedStore} tries the next one. */
export class TtlRefusedError extends PublishError {
  /** Repeats what the provider said. */
  constructor(provider: string, reason: string) {
    super(provider, reason, { isPermanent: true });
  }
}

/** What is read where the provider keeps no TTL, or there is no record. */
const DEFAULT_TTL_SECONDS = 60;

/**
 * A store on top of an API of single records. A TTL that the provider refuses is raised to the next step of
 * {@linkcode RecordApi.ttlSteps}, which counts as the wanted one from then on.
 */
export function openListedStore(api: RecordApi): RecordStore {
  const { provider, types } = api;
  /** The longest TTL that stands for a refused one. */
  let leastTtlSeconds = 0;

  async function replace(set: RecordSet, { expected, signal }: ReplaceOptions): Promise<void> {
    const owner = ownerOf(api, set);
    for (;;) {
      const ttlSeconds = ttlOf(set, leastTtlSeconds, api);
      const listed = await api.list(owner, signal);
      if (expected !== undefined && !isExpected(listed, expected)) {
        throw new RecordConflictError(provider, set);
      }
      try {
        for (const edit of planEdits(listed, { data: set.data, ttlSeconds })) {
          await apply(edit, { api, owner, ttlSeconds, signal });
        }
        return;
      } catch (error) {
        const next = api.ttlSteps?.find((step) => step > ttlSeconds);
        if (!(error instanceof TtlRefusedError) || next === undefined) throw error;
        leastTtlSeconds = next;
      }
    }
  }

  return {
    provider,
    types,
    async read(name, type, signal): Promise<RecordSet> {
      return setOf(await api.list(ownerOf(api, { name, type }), signal), { provider, name, type });
    },
    replace,
  };
}

function ownerOf(
  { provider, zone, types }: RecordApi,
  { name, type }: Pick<RecordSet, "name" | "type">,
): RecordOwner {
  if (!types.has(type)) {
    throw new PublishError(provider, `it cannot hold ${type} records`, { isPermanent: true });
  }
  if (!isWithin(name, zone)) {
    throw new PublishError(provider, `${name} is not within the zone ${zone}`, { isPermanent: true });
  }
  return { relative: relativeName(name, zone), type };
}

function ttlOf(
  { ttlSeconds }: RecordSet,
  leastTtlSeconds: number,
  { mostTtlSeconds = Infinity }: RecordApi,
): number {
  return Math.min(Math.max(ttlSeconds, leastTtlSeconds), mostTtlSeconds);
}

function setOf(
  listed: readonly ListedRecord[],
  { provider, name, type }: Pick<RecordSet, "name" | "type"> & { readonly provider: string },
): RecordSet {
  const data: RecordData[] = [];
  let ttlSeconds = Infinity;
  for (const record of listed.filter(({ isPaused }) => isPaused !== true)) {
    const one = record.data;
    if (one === undefined) {
      throw new PublishError(provider, `a ${type} record of ${name} is there that cannot be read`, {
        isPermanent: true,
      });
    }
    if (!data.some((other) => isSameRecordData(other, one))) data.push(one);
    ttlSeconds = Math.min(ttlSeconds, record.ttlSeconds ?? DEFAULT_TTL_SECONDS);
  }
  return { name, type, ttlSeconds: data.length === 0 ? DEFAULT_TTL_SECONDS : ttlSeconds, data };
}

/** The TTL does not matter: whoever reads a set and writes it again means its data. */
function isExpected(listed: readonly ListedRecord[], { data: expected }: RecordSet): boolean {
  const served = listed.filter(({ isPaused }) => isPaused !== true);
  return served.every(({ data }) =>
    data !== undefined && expected.some((one) => isSameRecordData(one, data))
  ) &&
    expected.every((one) => served.some(({ data }) => data !== undefined && isSameRecordData(one, data)));
}

async function apply(
  edit: RecordEdit,
  { api, owner, ttlSeconds, signal }: {
    readonly api: RecordApi;
    readonly owner: RecordOwner;
    readonly ttlSeconds: number;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  switch (edit.kind) {
    case "update":
      return await api.update(edit.old, { ...owner, data: edit.data, ttlSeconds }, signal);
    case "create":
      return await api.create({ ...owner, data: edit.data, ttlSeconds }, signal);
    case "remove":
      return await api.remove(edit.old, owner, signal);
  }
}
