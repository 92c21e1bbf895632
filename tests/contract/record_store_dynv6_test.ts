import { relativeName } from "../../src/core/domain_name.ts";
import { Secret } from "../../src/core/secret.ts";
import { splitText } from "../../src/dns/character_string.ts";
import type { RecordData } from "../../src/dns/record_data.ts";
import { formatRecordData } from "../../src/dns/record_text.ts";
import { openDynv6 } from "../../src/publish/dynv6.ts";
import { DYNV6_TOKEN, FakeDynv6 } from "../unit/publish/dynv6/fake_dynv6.ts";
import type { FakeRecord } from "../unit/publish/fake_records.ts";
import { openProviderHarness, ZONE } from "../unit/publish/provider_harness.ts";
import { recordStoreContract, type StoreHarness } from "./record_store_contract.ts";
import { data, type StoredRecord } from "./record_store_rig.ts";

/** Whole names, as a user of the web interface may write them. */
function valueOf(record: RecordData): string {
  return record.type === "TXT" ? record.strings.join("") : formatRecordData(record);
}

function dataOf({ type, value }: FakeRecord): RecordData {
  if (type === "TXT") return { type, strings: splitText(value) };
  if (type !== "SRV") return data(type as "A", value);
  return data(type, value.endsWith(".") ? value : `${value}.${ZONE}.`);
}

function openHarness(): StoreHarness {
  return openProviderHarness(() => {
    const fake = new FakeDynv6(ZONE);
    return {
      handle: fake.handle,
      refuse: (fault) => Response.json({ error: DYNV6_TOKEN }, { status: fault === "bad-token" ? 401 : 404 }),
      seed: (records): void => {
        for (const { name, data: one } of records) {
          const relative = relativeName(name, ZONE);
          if (relative === "" && one.type === "A" && fake.address === "") fake.address = one.address;
          else fake.records.seed([{ name: relative, type: one.type, value: valueOf(one) }]);
        }
      },
      dump: () => [
        ...(fake.address === "" ? [] : [{ name: ZONE, ttlSeconds: 0, data: data("A", fake.address) }]),
        ...fake.records.all.map((record): StoredRecord => ({
          name: record.name === "" ? ZONE : `${record.name}.${ZONE}`,
          ttlSeconds: 0,
          data: dataOf(record),
        })),
      ],
      writes: () => fake.records.writes,
      secrets: [DYNV6_TOKEN],
      openStore: (api, parts) =>
        openDynv6({ provider: "dynv6", token: new Secret(DYNV6_TOKEN), zone: ZONE, records: [], api }, parts),
    };
  });
}

recordStoreContract({
  name: "openDynv6",
  capabilities: { types: ["A", "AAAA", "SRV", "TXT"], ttls: "none", manyRecords: 250 },
  open: () => Promise.resolve(openHarness()),
});
