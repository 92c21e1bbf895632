import assert from "node:assert/strict";
import type { StoreCapabilities, StoreHarness, StoreTest } from "./record_store_contract.ts";
import { assertStored, CALM, data, recordsOf, refusalOf, setOf, ttlsOf } from "./record_store_rig.ts";

const old = data("A", "203.0.113.10");
const older = data("A", "203.0.113.11");
const fresh = data("A", "203.0.113.12");

/** Longer than any store waits. */
const LONG_MS = 600_000;
/** No replacing of a record set takes as many requests. */
const MOST_REQUESTS = 40;

/** What goes wrong is told in the right words, and mended by the next try. */
export function recordFaultContract(test: StoreTest, capabilities: StoreCapabilities): void {
  const replaceFresh = ({ store, zone }: StoreHarness, signal: AbortSignal = CALM): Promise<void> =>
    store.replace(setOf(`direct.${zone}`, [fresh], capabilities), { signal });
  const seedOld = async (harness: StoreHarness): Promise<void> => {
    const [ttlSeconds] = ttlsOf(capabilities);
    await harness.seed(
      [old, older].map((each) => ({ name: `direct.${harness.zone}`, ttlSeconds, data: each })),
    );
  };

  for (const fault of ["bad-token", "unknown-zone"] as const) {
    test(`replace() and read() refuse for good when there is a fault: ${fault}`, async (harness) => {
      await seedOld(harness);
      const before = await harness.dump();
      await harness.fail(fault);
      const errors = [
        await refusalOf(harness, replaceFresh(harness)),
        await refusalOf(harness, harness.store.read(`direct.${harness.zone}`, "A", CALM)),
      ];
      for (const error of errors) assert.ok(error.isPermanent, error.message);
      await harness.heal();
      await assertStored(harness, before, capabilities);
      await replaceFresh(harness);
    }, { fault });
  }

  for (const fault of ["rate-limited", "server-error", "truncated", "html"] as const) {
    test(`replace() and read() may be tried again when there is a fault: ${fault}`, async (harness) => {
      await harness.fail(fault);
      const errors = [
        await refusalOf(harness, replaceFresh(harness)),
        await refusalOf(harness, harness.store.read(`direct.${harness.zone}`, "A", CALM)),
      ];
      for (const error of errors) {
        assert.ok(!error.isPermanent, error.message);
        if (fault === "rate-limited") assert.equal(error.retryAfterMs, 7000);
        assert.doesNotMatch(error.message, /\n|undefined|\[object/);
      }
    }, { fault });

    test(`replace() is mended by the next one wherever it met a fault: ${fault}`, async (harness) => {
      const { zone } = harness;
      const set = setOf(`direct.${zone}`, [fresh], capabilities);
      for (let after = 0;; after++) {
        assert.ok(after < MOST_REQUESTS, "it never gets through");
        await seedOld(harness);
        await harness.fail(fault, { after });
        const error = await replaceFresh(harness).catch((reason: unknown) => reason);
        await harness.heal();
        const there = await harness.dump();
        assert.ok(there.some(({ data: { type } }) => type === "A"), "the name has no record left");
        if (error === undefined) break;
        await refusalOf(harness, Promise.reject(error));
        await replaceFresh(harness);
        await assertStored(harness, recordsOf(set), capabilities);
        await harness.store.replace({ ...set, data: [] }, { signal: CALM });
      }
      await assertStored(harness, recordsOf(set), capabilities);
    }, { fault });
  }

  test("replace() gives up by the clock when the server is silent", async (harness) => {
    await harness.fail("silent");
    const refusal = refusalOf(harness, replaceFresh(harness));
    await harness.reached();
    await harness.clock.advance(LONG_MS);
    assert.ok(!(await refusal).isPermanent);
    assert.equal(harness.clock.pendingTimers, 0);
  }, { fault: "silent" });

  test("replace() and read() throw the reason unchanged when aborted in a request", async (harness) => {
    for (const work of [replaceFresh, readDirect]) {
      await harness.fail("silent");
      const reason = new Error("enough");
      const controller = new AbortController();
      const outcome = work(harness, controller.signal).then(() => undefined, (error: unknown) => error);
      await harness.reached();
      controller.abort(reason);
      assert.equal(await outcome, reason);
      assert.equal(harness.clock.pendingTimers, 0);
      await harness.heal();
    }
    assert.deepEqual(harness.writes(), []);
  }, { fault: "silent" });

  test("replace() and read() throw the reason and ask nothing when aborted before", async (harness) => {
    const reason = new Error("enough");
    for (const work of [replaceFresh, readDirect]) {
      await assert.rejects(work(harness, AbortSignal.abort(reason)), (error) => error === reason);
    }
    assert.deepEqual(harness.writes(), []);
  });
}

function readDirect({ store, zone }: StoreHarness, signal: AbortSignal): Promise<unknown> {
  return store.read(`direct.${zone}`, "A", signal);
}
