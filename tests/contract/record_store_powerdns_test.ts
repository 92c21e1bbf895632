import { Secret } from "../../src/core/secret.ts";
import type { RecordType } from "../../src/dns/record_data.ts";
import { formatRecordData } from "../../src/dns/record_text.ts";
import { openPowerdns } from "../../src/publish/powerdns.ts";
import { FakePowerdns, POWERDNS_KEY } from "../unit/publish/powerdns/fake_powerdns.ts";
import { openProviderHarness, ZONE } from "../unit/publish/provider_harness.ts";
import { recordStoreContract } from "./record_store_contract.ts";
import { data } from "./record_store_rig.ts";

for (const filters of [true, false]) {
  recordStoreContract({
    name: filters ? "openPowerdns" : "openPowerdns(without filters)",
    capabilities: {
      types: ["A", "AAAA", "SRV", "TXT", "HTTPS", "SVCB"],
      manyRecords: filters ? 0 : 250,
    },
    open: () =>
      Promise.resolve(openProviderHarness(() => {
        const fake = new FakePowerdns(ZONE, { filters });
        return {
          handle: fake.handle,
          refuse: (fault) =>
            fault === "bad-token"
              ? new Response("Unauthorized", { status: 401 })
              : Response.json({ error: `Could not find domain '${ZONE}.' ${POWERDNS_KEY}` }, { status: 404 }),
          seed: (records): void => {
            for (const { name, ttlSeconds, data: one } of records) {
              const owner = { name: `${name}.`, type: one.type };
              const isSame = (each: { name: string; type: string }): boolean =>
                each.name === owner.name && each.type === owner.type;
              const there = fake.rrsets.find(isSame)?.records ?? [];
              const records = [...there, { content: formatRecordData(one), disabled: false }];
              fake.rrsets = [
                ...fake.rrsets.filter((each) => !isSame(each)),
                { ...owner, ttl: ttlSeconds, records },
              ];
            }
          },
          dump: () =>
            fake.rrsets.flatMap(({ name, type, ttl, records }) =>
              records.map(({ content }) => ({
                name: name.slice(0, -1),
                ttlSeconds: ttl,
                data: data(type as RecordType, content),
              }))
            ),
          writes: () => fake.writes,
          secrets: [POWERDNS_KEY],
          openStore: (url, { fetch, clock }) =>
            openPowerdns({
              ...{ provider: "powerdns", url, key: new Secret(POWERDNS_KEY), server: "localhost" },
              ...{ zone: ZONE, records: [] },
            }, { fetch, clock }),
        };
      })),
  });
}
