import assert from "node:assert/strict";
import fc from "fast-check";
import { decodePot, encodePot, type PotEntry } from "../../../src/core/pot.ts";
import { PublishError } from "../../../src/publish/publisher.ts";
import type { RecordStore } from "../../../src/publish/record_store.ts";
import { Turns } from "../../../src/publish/turns.ts";
import { updatePot } from "../../../src/publish/update_pot.ts";
import { FakeClock, settle } from "../../fakes/fake_clock.ts";
import { fakeRandom } from "../../fakes/fake_random.ts";
import { FakeZone, openFakeStore, type Wire } from "../../fakes/fake_record_store.ts";
import { watch } from "../../fakes/fake_world.ts";

const NAME = "pot.example.com";
const CALM = new AbortController().signal;
const SSH: PotEntry = { key: "ssh_tcp", port: 12_345 };
/** Row 2 of compat.md 3. */
const ROW2 = "c3NoX3RjcDoxMjM0NQpmdHBfdGNwOjM0NTY3CnJkcF90Y3A6MjM0MjE=";
const ROW3 = "c3NoX3RjcDo1MDAwMApmdHBfdGNwOjM0NTY3CnJkcF90Y3A6MjM0MjE=";
const ROW4 = "c3NoX3RjcDo1MDAwMApmdHBfdGNwOjM0NTY3CnJkcF90Y3A6MjM0MjEKd2dfdWRwOjQxNjQx";

interface Rig {
  readonly zone: FakeZone;
  readonly clock: FakeClock;
  /** Updates, with the clock running, and gives how it ended. */
  update(entries: readonly PotEntry[], options?: UpdateOptions): Promise<{ error?: unknown }>;
}

interface UpdateOptions {
  readonly store?: RecordStore;
  readonly ttlSeconds?: number;
  readonly signal?: AbortSignal;
}

function setUp(...texts: readonly string[]): Rig {
  const zone = new FakeZone();
  const clock = new FakeClock();
  zone.records = texts.map((one) => ({ name: NAME, ttlSeconds: 60, data: { type: "TXT", strings: [one] } }));
  return {
    zone,
    clock,
    async update(entries, options = {}): Promise<{ error?: unknown }> {
      const { store = openFakeStore(zone), ttlSeconds = 60, signal = CALM } = options;
      const random = fakeRandom(entries[0]?.port);
      const outcome = watch(
        updatePot(store, { name: NAME, ttlSeconds, entries }, { clock, random, turns: new Turns(), signal }),
      );
      await settle();
      for (let i = 0; i < 200 && !outcome.isSettled; i++) await clock.advance(500);
      assert.ok(outcome.isSettled, "it never ends");
      return outcome;
    },
  };
}

function storedIn(zone: FakeZone): readonly string[] {
  return zone.setOf(NAME, "TXT").data.map((one) => one.type === "TXT" ? one.strings.join("") : "");
}

Deno.test("updatePot() creates, replaces in place and appends as the vectors say", async () => {
  for (
    const [texts, entry, result] of [
      [[], SSH, "c3NoX3RjcDoxMjM0NQ=="],
      [[ROW2], { key: "ssh_tcp", port: 50_000 }, ROW3],
      [[ROW3], { key: "wg_udp", port: 41_641 }, ROW4],
      [[""], SSH, "c3NoX3RjcDoxMjM0NQ=="],
    ] as const
  ) {
    const { zone, clock, update } = setUp(...texts);
    assert.equal((await update([entry])).error, undefined);
    assert.deepEqual(storedIn(zone), [result]);
    assert.equal(zone.writes.length, 1);
    assert.equal(clock.pendingTimers, 0);
  }
});

Deno.test("updatePot() writes nothing and waits for nothing when nothing changes", async () => {
  for (const text of [ROW3, `"${ROW3}"`, ROW3.replace("T", 'T" "')]) {
    const { zone, clock, update } = setUp(text);
    await update([{ key: "ssh_tcp", port: 50_000 }]);
    assert.deepEqual(zone.writes, []);
    assert.equal(clock.now(), 0);
  }
});

Deno.test("updatePot() lowers a TTL that is there, and raises none", async () => {
  const { zone, update } = setUp(ROW3);
  await update([{ key: "ssh_tcp", port: 50_000 }], { ttlSeconds: 120 });
  assert.deepEqual(zone.writes, []);
  await update([{ key: "ssh_tcp", port: 50_001 }], { ttlSeconds: 120 });
  assert.equal(zone.setOf(NAME, "TXT").ttlSeconds, 60);
  await update([{ key: "ssh_tcp", port: 50_001 }], { ttlSeconds: 30 });
  assert.equal(zone.setOf(NAME, "TXT").ttlSeconds, 30);
  assert.equal(zone.writes.length, 2);
});

Deno.test("updatePot() refuses texts of others for good and leaves them as they are", async () => {
  for (const texts of [["v=spf1 -all"], [ROW2, "v=spf1 -all"], ["bm90IG91cnM="], [`${ROW2}x`]]) {
    const { zone, update } = setUp(...texts);
    const { error } = await update([SSH]);
    assert.ok(error instanceof PublishError && error.isPermanent);
    assert.match(error.message, /^Cannot publish to fake: pot\.example\.com has .*nothing was changed/);
    assert.deepEqual(storedIn(zone), texts);
    assert.deepEqual(zone.writes, []);
  }
});

Deno.test("updatePot() makes one record of those that two programs created at the same moment", async () => {
  const { zone, update } = setUp(
    encodePot([SSH]),
    encodePot([{ key: "ftp_tcp", port: 2 }, { ...SSH, port: 9 }]),
  );
  await update([{ key: "rdp_tcp", port: 3 }]);
  assert.deepEqual(storedIn(zone), [
    encodePot([SSH, { key: "ftp_tcp", port: 2 }, { key: "rdp_tcp", port: 3 }]),
  ]);
});

Deno.test("updatePot() reads and merges anew when somebody else wrote in between", async () => {
  for (const isConditional of [true, false]) {
    const { zone, update } = setUp(encodePot([SSH]));
    let isFirst = true;
    const wire: Wire = async (what, carryOut) => {
      await Promise.resolve();
      if (what.startsWith("write") && isFirst) {
        isFirst = false;
        const data = { type: "TXT", strings: [encodePot([SSH, { key: "ftp_tcp", port: 2 }])] } as const;
        // The unconditional store writes over it: the other program has to see that and write again.
        zone.put({ name: NAME, type: "TXT", ttlSeconds: 60, data: [data] });
      }
      return carryOut();
    };
    const store = openFakeStore(zone, { isConditional, wire });
    await update([{ key: "rdp_tcp", port: 3 }], { store });
    const keys = decodePot(storedIn(zone)[0] ?? "")?.map(({ key }) => key);
    const both = ["ssh_tcp", "ftp_tcp", "rdp_tcp"];
    assert.deepEqual(keys, isConditional ? both : ["ssh_tcp", "rdp_tcp"]);
  }
});

Deno.test("updatePot() writes again when its entry is gone after a while", async () => {
  const { zone, update } = setUp();
  let reads = 0;
  const wire: Wire = async (what, carryOut) => {
    await Promise.resolve();
    if (what.startsWith("read") && ++reads === 2) {
      const data = { type: "TXT", strings: [encodePot([{ key: "ftp_tcp", port: 2 }])] } as const;
      zone.put({ name: NAME, type: "TXT", ttlSeconds: 60, data: [data] });
    }
    return carryOut();
  };
  await update([SSH], { store: openFakeStore(zone, { wire }) });
  assert.deepEqual(storedIn(zone), [encodePot([{ key: "ftp_tcp", port: 2 }, SSH])]);
});

Deno.test("updatePot() gives up for now when somebody else writes each time", async () => {
  const { zone, clock, update } = setUp();
  let port = 0;
  const wire: Wire = async (what, carryOut) => {
    await Promise.resolve();
    if (what.startsWith("write")) {
      const data = { type: "TXT", strings: [encodePot([{ key: "ftp_tcp", port: ++port }])] } as const;
      zone.put({ name: NAME, type: "TXT", ttlSeconds: 60, data: [data] });
    }
    return carryOut();
  };
  const { error } = await update([SSH], { store: openFakeStore(zone, { wire }) });
  assert.ok(error instanceof PublishError && !error.isPermanent);
  assert.match(error.reason, /others changed it 6 times meanwhile/);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("updatePot() throws the reason unchanged when aborted in a pause", async () => {
  const { zone, clock } = setUp();
  const reason = new Error("enough");
  const controller = new AbortController();
  const update = { name: NAME, ttlSeconds: 60, entries: [SSH] };
  const outcome = watch(
    updatePot(openFakeStore(zone), update, {
      clock,
      random: fakeRandom(),
      turns: new Turns(),
      signal: controller.signal,
    }),
  );
  await settle();
  controller.abort(reason);
  await settle();
  assert.equal(outcome.error, reason);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("updatePot() loses no entry, whoever writes when, with and without conditional writes", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.array(fc.record({ startMs: fc.integer({ min: 0, max: 800 }), seed: fc.nat() }), {
        minLength: 2,
        maxLength: 4,
      }),
      async (isConditional, writers) => {
        const zone = new FakeZone();
        const clock = new FakeClock();
        const outcomes = writers.map(({ startMs, seed }, i) => {
          const random = fakeRandom(seed);
          // A provider that takes its time, to and fro.
          const wire: Wire = async (_what, carryOut) => {
            await wait(clock, random.fraction() * 400);
            const value = carryOut();
            await wait(clock, random.fraction() * 400);
            return value;
          };
          const store = openFakeStore(zone, { isConditional, wire });
          const entries = [{ key: `s${i}_tcp`, port: 1000 + i }];
          const publishOnce = (): Promise<void> =>
            updatePot(store, { name: NAME, ttlSeconds: 60, entries }, {
              clock,
              random,
              turns: new Turns(),
              signal: CALM,
            });
          // As the runner does: again until it is taken.
          const publish = async (): Promise<void> => {
            await wait(clock, startMs);
            for (let tries = 0;; tries++) {
              try {
                return await publishOnce();
              } catch (error) {
                if (tries === 3) throw error;
                await wait(clock, 1000 * random.fraction());
              }
            }
          };
          return watch(publish());
        });
        for (let i = 0; i < 2000 && outcomes.some(({ isSettled }) => !isSettled); i++) {
          await clock.advance(100);
        }
        assert.deepEqual(
          outcomes.map(({ isSettled, error }) => [isSettled, error]),
          writers.map(() => [true, undefined]),
        );
        const stored = storedIn(zone);
        assert.equal(stored.length, 1);
        const keys = decodePot(stored[0] ?? "")?.map(({ key }) => key).toSorted();
        assert.deepEqual(keys, writers.map((_, i) => `s${i}_tcp`));
      },
    ),
    { numRuns: 40 },
  );
});

function wait(clock: FakeClock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.schedule(ms, resolve));
}
