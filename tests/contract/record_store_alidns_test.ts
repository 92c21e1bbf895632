import { relativeName } from "../../src/core/domain_name.ts";
import type { RecordType } from "../../src/dns/record_data.ts";
import { openAlidns } from "../../src/publish/aliyun/alidns.ts";
import { formatRecordValue } from "../../src/publish/record_value.ts";
import { FakeAlidns } from "../unit/publish/aliyun/fake_alidns.ts";
import { ALIYUN_KEY, aliyunFault } from "../unit/publish/aliyun/fake_aliyun.ts";
import { openProviderHarness, ZONE } from "../unit/publish/provider_harness.ts";
import { recordStoreContract, type StoreHarness } from "./record_store_contract.ts";
import { data } from "./record_store_rig.ts";

function openHarness(): StoreHarness {
  return openProviderHarness((now) => {
    const fake = new FakeAlidns(ZONE, now);
    fake.mostOnPage = 100;
    fake.filters = false;
    return {
      handle: fake.handle,
      refuse: (fault) =>
        fault === "bad-token"
          ? aliyunFault("InvalidAccessKeyId.NotFound", 404)
          : aliyunFault("InvalidDomainName.NoExist"),
      seed: (records): void =>
        fake.records.seed(records.map((record) => ({
          name: relativeName(record.name, ZONE) || "@",
          type: record.data.type,
          value: formatRecordValue(record.data, { endsNames: false }),
          ttlSeconds: record.ttlSeconds,
        }))),
      dump: () =>
        fake.records.all.map(({ name, type, value, ttlSeconds }) => ({
          name: name === "@" ? ZONE : `${name}.${ZONE}`,
          ttlSeconds,
          data: data(type as RecordType, value),
        })),
      writes: () => fake.records.writes,
      secrets: [ALIYUN_KEY.id.reveal(), ALIYUN_KEY.key.reveal()],
      openStore: (api, parts) =>
        openAlidns({ provider: "alidns", ...ALIYUN_KEY, zone: ZONE, records: [], api }, parts),
    };
  });
}

recordStoreContract({
  name: "openAlidns",
  capabilities: { types: ["A", "AAAA", "SRV", "TXT", "HTTPS", "SVCB"], manyRecords: 250 },
  open: () => Promise.resolve(openHarness()),
});
