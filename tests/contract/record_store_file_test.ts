import { systemWriter } from "../../src/core/replace_file.ts";
import type { RecordType } from "../../src/dns/record_data.ts";
import { formatRecordData } from "../../src/dns/record_text.ts";
import { openRecordFile } from "../../src/publish/record_file.ts";
import { zoneRecords } from "../../src/publish/record_file/zone_lines.ts";
import { FakeClock } from "../fakes/fake_clock.ts";
import { fakeRandom } from "../fakes/fake_random.ts";
import { recordStoreContract, type StoreHarness } from "./record_store_contract.ts";
import { data, type StoredRecord } from "./record_store_rig.ts";

const TYPES: readonly RecordType[] = ["A", "AAAA", "SRV", "TXT", "HTTPS", "SVCB"];

interface JsonEntry {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly data: string;
}

async function openHarness(format: "zone" | "json"): Promise<StoreHarness> {
  const folder = await Deno.makeTempDir({ prefix: "porthole-file-" });
  const path = `${folder}/records`;
  const writes: string[] = [];
  const clock = new FakeClock();
  const store = openRecordFile({ provider: "file", path, format, zone: "example.com", records: [] }, {
    clock,
    random: fakeRandom(),
    writer: {
      replace: async (file, text): Promise<void> => {
        await systemWriter.replace(file, text);
        writes.push(text);
      },
    },
  });
  const unreachable = (): never => {
    throw new TypeError("Cannot fail: no such fault is claimed");
  };
  return {
    store,
    zone: "example.com",
    clock,
    secrets: [],
    seed: (records) => format === "zone" ? seedZone(path, records) : seedJson(path, records),
    dump: async () => format === "zone" ? zoneDump(await textOf(path)) : jsonDump(await textOf(path)),
    writes: () => writes,
    fail: unreachable,
    heal: unreachable,
    reached: unreachable,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

async function textOf(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

async function seedZone(path: string, records: readonly StoredRecord[]): Promise<void> {
  const lines = records.map(({ name, ttlSeconds, data: one }) =>
    `${name}. ${ttlSeconds} IN ${one.type} ${formatRecordData(one)}\n`
  );
  await Deno.writeTextFile(path, lines.join(""), { append: true });
}

function zoneDump(text: string): readonly StoredRecord[] {
  return zoneRecords(text.split(/(?<=\n)/)).map(({ name = "", ttlSeconds = -1, type, data: one }) => ({
    ...{ name, ttlSeconds, data: data(type as RecordType, one) },
  }));
}

async function seedJson(path: string, records: readonly StoredRecord[]): Promise<void> {
  const root = JSON.parse(await textOf(path) || '{"records":[],"other":1}');
  const more = records.map(({ name, ttlSeconds, data: one }) => (
    { name, type: one.type, ttl: ttlSeconds, data: formatRecordData(one) }
  ));
  await Deno.writeTextFile(path, JSON.stringify({ ...root, records: [...root.records, ...more] }));
}

function jsonDump(text: string): readonly StoredRecord[] {
  const { records = [] }: { readonly records?: readonly JsonEntry[] } = JSON.parse(text || "{}");
  return records.map(({ name, type, ttl, data: one }) => (
    { name, ttlSeconds: ttl, data: data(type as RecordType, one) }
  ));
}

for (const format of ["zone", "json"] as const) {
  recordStoreContract({
    name: `openRecordFile(${format})`,
    open: () => openHarness(format),
    // What can go wrong with a file is in tests/unit/publish/record_file_test.ts.
    capabilities: { types: TYPES, manyRecords: 300, faults: [] },
  });
}
