import assert from "node:assert/strict";
import { inspect } from "node:util";
import { parseRecordData } from "../../src/dns/record_text.ts";
import type { RecordData, RecordType } from "../../src/dns/record_data.ts";
import { PublishError } from "../../src/publish/publisher.ts";
import type { RecordSet } from "../../src/publish/record_set.ts";
import type { StoreCapabilities, StoreHarness } from "./record_store_contract.ts";

/** One record at a provider. */
export interface StoredRecord {
  /** Canonical owner name, whole. */
  readonly name: string;
  /** 0 where the provider keeps none. */
  readonly ttlSeconds: number;
  readonly data: RecordData;
}

/** A signal that nobody aborts. */
export const CALM: AbortSignal = new AbortController().signal;

/** The data of a record by its presentation form, as in `data("SRV", "10 0 14500 mc.example.com.")`. */
export function data(type: RecordType, text: string): RecordData {
  const parsed = parseRecordData(type, text);
  assert.ok(parsed !== undefined, `no ${type}: ${text}`);
  return parsed;
}

/** A TXT whose strings are cut as given. */
export function text(...strings: readonly string[]): RecordData {
  return { type: "TXT", strings };
}

/** The two TTLs that the provider takes; whatever they are where it keeps none. */
export function ttlsOf({ ttls = [60, 600] }: StoreCapabilities): readonly [number, number] {
  return ttls === "none" ? [60, 60] : ttls;
}

/** A record set of the first TTL. */
export function setOf(
  name: string,
  records: readonly [RecordData, ...RecordData[]],
  capabilities: StoreCapabilities,
): RecordSet {
  return { name, type: records[0].type, ttlSeconds: ttlsOf(capabilities)[0], data: records };
}

/** The records of a set. */
export function recordsOf({ name, ttlSeconds, data: records }: RecordSet): readonly StoredRecord[] {
  return records.map((one) => ({ name, ttlSeconds, data: one }));
}

/** Asserts that exactly these are there, in whatever order; a TXT counts by its whole text. */
export async function assertStored(
  harness: StoreHarness,
  expected: readonly StoredRecord[],
  { ttls }: StoreCapabilities,
): Promise<void> {
  const lines = (records: readonly StoredRecord[]): readonly string[] =>
    records.map((record) => lineOf(record, { hasTtl: ttls !== "none" })).sort();
  assert.deepEqual(lines(await harness.dump()), lines(expected));
}

/** Asserts that a set has exactly these data, in whatever order; a TXT counts by its whole text. */
export function assertData(set: RecordSet, expected: readonly RecordData[]): void {
  assert.deepEqual(set.data.map(dataLine).sort(), expected.map(dataLine).sort());
}

/** What the work rejects with, which has to be a {@linkcode PublishError} without any of the harness's secrets. */
export async function refusalOf(harness: StoreHarness, work: Promise<unknown>): Promise<PublishError> {
  const error = await work.then(() => undefined, (reason: unknown) => reason);
  assert.ok(error instanceof PublishError, `no PublishError: ${inspect(error)}`);
  assertNoSecrets(harness, error);
  return error;
}

/** Asserts that neither the error nor what it shows of itself has a secret of the harness in it. */
export function assertNoSecrets({ secrets }: StoreHarness, error: Error): void {
  const shown = inspect(error, { depth: 10 }) + error.message + JSON.stringify(error) + (error.stack ?? "");
  for (const secret of secrets) assert.ok(!shown.includes(secret), `a secret is in ${error.message}`);
}

function lineOf({ name, ttlSeconds, data: one }: StoredRecord, { hasTtl }: { hasTtl: boolean }): string {
  return `${name} ${hasTtl ? `${ttlSeconds} ` : ""}${dataLine(one)}`;
}

function dataLine(one: RecordData): string {
  if (one.type === "TXT") return `TXT ${JSON.stringify(one.strings.join(""))}`;
  return JSON.stringify(Object.entries(one).sort(([a], [b]) => a < b ? -1 : 1), sortedParams);
}

/** Absent parameters and those that are `undefined` are the same, and their order means nothing. */
function sortedParams(key: string, value: unknown): unknown {
  if (key === "params" || typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1));
}
