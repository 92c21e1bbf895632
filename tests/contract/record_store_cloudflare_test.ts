import { Secret } from "../../src/core/secret.ts";
import type { CloudflareOptions } from "../../src/publish/options.ts";
import {
  EMAIL,
  type FakeCloudflareOptions,
  fakeProvider,
  KEY,
} from "../unit/publish/cloudflare/fake_cloudflare.ts";
import { openProviderHarness } from "../unit/publish/provider_harness.ts";
import { recordStoreContract } from "./record_store_contract.ts";

const zones = [
  ...Array.from({ length: 120 }, (_, i) => ({ id: `z${i}`, name: `zone${i}.test` })),
  { id: "old", name: "example.com", status: "moved" },
  { id: "z", name: "example.com" },
];

const subjects: readonly (readonly [string, FakeCloudflareOptions, Partial<CloudflareOptions>])[] = [
  ["openCloudflareStore", {}, {}],
  ["openCloudflareStore(no zone, mail and key, filters ignored)", { zones, ignoresFilters: true }, {
    zone: undefined,
    account: { kind: "key", email: EMAIL, key: new Secret(KEY) },
  }],
];

for (const [name, options, changes] of subjects) {
  recordStoreContract({
    name,
    open: () => Promise.resolve(openProviderHarness(() => fakeProvider(options, changes))),
    capabilities: {
      types: ["A", "AAAA", "SRV", "TXT", "HTTPS", "SVCB"],
      ttls: [60, 600],
      manyRecords: 250,
    },
  });
}
