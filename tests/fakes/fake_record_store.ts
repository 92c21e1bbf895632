import type { RecordData, RecordType } from "../../src/dns/record_data.ts";
import { formatRecordData, isSameRecordData } from "../../src/dns/record_text.ts";
import { isWithin } from "../../src/core/domain_name.ts";
import { PublishError } from "../../src/publish/publisher.ts";
import type { RecordSet } from "../../src/publish/record_set.ts";
import {
  RecordConflictError,
  type RecordStore,
  type ReplaceOptions,
} from "../../src/publish/record_store.ts";

/** One record of a {@linkcode FakeZone}. */
export interface FakeRecord {
  readonly name: string;
  readonly ttlSeconds: number;
  readonly data: RecordData;
}

/** A zone in memory; several stores may work on it. */
export class FakeZone {
  /** One line for each change that a store made. */
  readonly writes: string[] = [];
  /** Canonical name. */
  readonly name: string;
  records: readonly FakeRecord[] = [];

  constructor(name = "example.com") {
    this.name = name;
  }

  /** The record set of a name and type; TTL 60 where there is none. */
  setOf(name: string, type: RecordType): RecordSet {
    const found = this.records.filter((one) => one.name === name && one.data.type === type);
    const ttlSeconds = Math.min(...found.map((one) => one.ttlSeconds));
    return {
      name,
      type,
      ttlSeconds: found.length === 0 ? 60 : ttlSeconds,
      data: found.map(({ data }) => data),
    };
  }

  /** Puts a record set in the place of the one that is there, and notes it where that is a change. */
  put({ name, type, ttlSeconds, data }: RecordSet): void {
    const isTheirs = (one: FakeRecord): boolean => one.name === name && one.data.type === type;
    const before = this.records.filter(isTheirs);
    const isSame = hasSameData(before.map((one) => one.data), data) &&
      before.every((one) => one.ttlSeconds === ttlSeconds);
    if (isSame) return;
    this.records = [
      ...this.records.filter((one) => !isTheirs(one)),
      ...data.map((one) => ({ name, ttlSeconds, data: one })),
    ];
    this.writes.push(`${name} ${type} ${data.map(formatRecordData).join(" | ")}`);
  }
}

/**
 * Between the store and the zone: waits, or throws instead of carrying out or after it. Told what is asked, as in
 * `read example.com TXT`.
 */
export type Wire = <T>(what: string, carryOut: () => T, signal: AbortSignal) => Promise<T>;

/** Options for {@linkcode openFakeStore}. */
export interface FakeStoreOptions {
  /** Compares and writes in one step; else it reads again, and then writes. @default {true} */
  readonly isConditional?: boolean;
  /** @default carries out at once */
  readonly wire?: Wire;
}

/** A store of every type on a zone in memory. It passes tests/contract/record_store_contract.ts. */
export function openFakeStore(zone: FakeZone, options: FakeStoreOptions = {}): RecordStore {
  const { isConditional = true, wire = direct } = options;
  const ask: Wire = async (what, carryOut, signal) => {
    signal.throwIfAborted();
    return await wire(what, carryOut, signal);
  };
  const check = (name: string): void => {
    if (isWithin(name, zone.name)) return;
    throw new PublishError("fake", `${name} is not within the zone ${zone.name}`, { isPermanent: true });
  };
  const compare = (set: RecordSet, expected: RecordSet | undefined): void => {
    if (expected === undefined || hasSameData(zone.setOf(set.name, set.type).data, expected.data)) return;
    throw new RecordConflictError("fake", set);
  };

  async function replace(set: RecordSet, { expected, signal }: ReplaceOptions): Promise<void> {
    const { name, type } = set;
    check(name);
    if (!isConditional) await ask(`read ${name} ${type}`, () => compare(set, expected), signal);
    await ask(`write ${name} ${type}`, () => {
      if (isConditional) compare(set, expected);
      zone.put(set);
    }, signal);
  }

  return {
    provider: "fake",
    types: new Set<RecordType>(["A", "AAAA", "SRV", "TXT", "HTTPS", "SVCB"]),
    async read(name, type, signal): Promise<RecordSet> {
      check(name);
      return await ask(`read ${name} ${type}`, () => zone.setOf(name, type), signal);
    },
    replace,
  };
}

const direct: Wire = async (_what, carryOut) => await Promise.resolve(carryOut());

function hasSameData(a: readonly RecordData[], b: readonly RecordData[]): boolean {
  return a.length === b.length && a.every((one) => b.some((other) => isSameRecordData(one, other)));
}
