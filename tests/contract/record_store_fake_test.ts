import { openDeadline } from "../../src/core/deadline.ts";
import { orAborted, untilAborted } from "../../src/core/aborting.ts";
import { PublishError } from "../../src/publish/publisher.ts";
import { FakeClock } from "../fakes/fake_clock.ts";
import { FakeZone, openFakeStore, type Wire } from "../fakes/fake_record_store.ts";
import { recordStoreContract, type StoreFault, type StoreHarness } from "./record_store_contract.ts";

function openHarness(isConditional: boolean): Promise<StoreHarness> {
  const zone = new FakeZone();
  const clock = new FakeClock();
  let failing: { readonly fault: StoreFault; after: number } | undefined;
  const reached = Promise.withResolvers<void>();
  const wire: Wire = async (_what, carryOut, signal) => {
    await Promise.resolve();
    if (failing === undefined || failing.after-- > 0) return carryOut();
    const { fault } = failing;
    if (fault === "truncated") carryOut();
    if (fault === "silent") {
      using deadline = openDeadline(15_000, { clock, signal });
      reached.resolve();
      await orAborted(untilAborted(deadline.signal), signal);
    }
    throw new PublishError("fake", fault, {
      isPermanent: fault === "bad-token" || fault === "unknown-zone",
      retryAfterMs: fault === "rate-limited" ? 7000 : undefined,
    });
  };
  return Promise.resolve({
    store: openFakeStore(zone, { wire, isConditional }),
    zone: zone.name,
    clock,
    secrets: ["SECRET"],
    seed: (records): Promise<void> => {
      zone.records = [...zone.records, ...records];
      return Promise.resolve();
    },
    dump: () => Promise.resolve(zone.records),
    writes: () => zone.writes,
    fail: (fault, { after = 0 } = {}): void => {
      failing = { fault, after };
    },
    heal: (): void => {
      failing = undefined;
    },
    reached: () => reached.promise,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
}

for (const isConditional of [true, false]) {
  recordStoreContract({
    name: isConditional ? "openFakeStore" : "openFakeStore(unconditional)",
    open: () => openHarness(isConditional),
    capabilities: { types: ["A", "AAAA", "SRV", "TXT", "HTTPS", "SVCB"], manyRecords: 50 },
  });
}
