import { relativeName } from "../../src/core/domain_name.ts";
import type { RecordType } from "../../src/dns/record_data.ts";
import { formatRecordValue } from "../../src/publish/record_value.ts";
import { openDnspod } from "../../src/publish/tencent/dnspod.ts";
import { openProviderHarness, ZONE } from "../unit/publish/provider_harness.ts";
import { FakeDnspod } from "../unit/publish/tencent/fake_dnspod.ts";
import { TENCENT_KEY, tencentFault } from "../unit/publish/tencent/fake_tencent.ts";
import { recordStoreContract, type StoreHarness } from "./record_store_contract.ts";
import { data } from "./record_store_rig.ts";

function openHarness(): StoreHarness {
  return openProviderHarness((now) => {
    const fake = new FakeDnspod(ZONE, now);
    fake.mostOnPage = 100;
    fake.filters = false;
    return {
      handle: fake.handle,
      refuse: (fault) =>
        tencentFault(
          fault === "bad-token" ? "AuthFailure.SecretIdNotFound" : "InvalidParameterValue.DomainNotExists",
        ),
      seed: (records): void =>
        fake.records.seed(records.map((record) => ({
          name: relativeName(record.name, ZONE) || "@",
          type: record.data.type,
          value: formatRecordValue(record.data, { endsNames: true }),
          ttlSeconds: record.ttlSeconds,
        }))),
      dump: () =>
        fake.records.all.map(({ name, type, value, ttlSeconds }) => ({
          name: name === "@" ? ZONE : `${name}.${ZONE}`,
          ttlSeconds,
          data: data(type as RecordType, value),
        })),
      writes: () => fake.records.writes,
      secrets: [TENCENT_KEY.id.reveal(), TENCENT_KEY.key.reveal()],
      openStore: (api, parts) =>
        openDnspod({ provider: "tencentcloud", ...TENCENT_KEY, zone: ZONE, records: [], api }, parts),
    };
  });
}

recordStoreContract({
  name: "openDnspod",
  capabilities: { types: ["A", "AAAA", "SRV", "TXT", "HTTPS", "SVCB"], manyRecords: 250 },
  open: () => Promise.resolve(openHarness()),
});
