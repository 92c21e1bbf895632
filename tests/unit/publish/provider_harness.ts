import assert from "node:assert/strict";
import type { PublisherParts } from "../../../src/publish/open_publisher.ts";
import type { RecordStore } from "../../../src/publish/record_store.ts";
import type { StoreFault, StoreHarness } from "../../contract/record_store_contract.ts";
import type { StoredRecord } from "../../contract/record_store_rig.ts";
import { type ApiFault, type ApiHandler, openApiServer } from "../../fakes/api_server.ts";
import { openFakeWorld } from "../../fakes/fake_world.ts";

/** Zone of the fake providers. */
export const ZONE = "example.com";

/** A fake provider of HTTP APIs, for {@linkcode openProviderHarness}. */
export interface FakeProvider {
  readonly handle: ApiHandler;
  /** How it refuses keys, and zones. */
  readonly refuse: (fault: "bad-token" | "unknown-zone") => Response;
  readonly seed: (records: readonly StoredRecord[]) => void;
  readonly dump: () => readonly StoredRecord[];
  readonly writes: () => readonly string[];
  readonly secrets: readonly string[];
  /** @param api URL of the fake. */
  readonly openStore: (api: string, parts: PublisherParts) => RecordStore;
}

const FAULTS: Readonly<Record<Exclude<StoreFault, "bad-token" | "unknown-zone">, ApiFault>> = {
  "rate-limited": { kind: "status", status: 429, headers: { "retry-after": "7" }, body: "slowly" },
  "server-error": { kind: "status", status: 500, body: "<h1>Internal Server Error</h1>" },
  "truncated": { kind: "truncated" },
  "html": { kind: "html" },
  "silent": { kind: "silent" },
};

/** A store of a fake provider behind a server on loopback. */
export function openProviderHarness(open: (now: () => Date) => FakeProvider): StoreHarness {
  const { clock, platform } = openFakeWorld();
  const provider = open(() => clock.date());
  let refusing: { readonly fault: "bad-token" | "unknown-zone"; after: number } | undefined;
  const server = openApiServer((request) =>
    refusing === undefined || refusing.after-- > 0
      ? provider.handle(request)
      : provider.refuse(refusing.fault)
  );
  return {
    store: provider.openStore(server.url, { ...platform, fetch }),
    ...{ zone: ZONE, clock, secrets: provider.secrets },
    seed: (records): Promise<void> => Promise.resolve(provider.seed(records)),
    dump: (): Promise<readonly StoredRecord[]> => Promise.resolve(provider.dump()),
    writes: provider.writes,
    fail: (fault, { after = 0 } = {}): void => {
      if (fault === "bad-token" || fault === "unknown-zone") refusing = { fault, after };
      else server.fail(FAULTS[fault], { after });
    },
    heal: (): void => {
      refusing = undefined;
      server.heal();
    },
    reached: () => server.reached(),
    async [Symbol.asyncDispose](): Promise<void> {
      await server[Symbol.asyncDispose]();
      assert.equal(clock.pendingTimers, 0);
    },
  };
}
