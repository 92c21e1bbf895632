import assert from "node:assert/strict";
import { silentLogger } from "../../../src/core/log.ts";
import type { MappedEvent } from "../../../src/core/mapping.ts";
import { decodePot } from "../../../src/core/pot.ts";
import { formatRecordData } from "../../../src/dns/record_text.ts";
import type { RecordPlan } from "../../../src/publish/options.ts";
import { openRecordPublisher } from "../../../src/publish/publish_records.ts";
import { PublishError } from "../../../src/publish/publisher.ts";
import { Turns } from "../../../src/publish/turns.ts";
import { FakeClock } from "../../fakes/fake_clock.ts";
import { fakeRandom } from "../../fakes/fake_random.ts";
import { FakeZone, openFakeStore, type Wire } from "../../fakes/fake_record_store.ts";
import { watch } from "../../fakes/fake_world.ts";
import { aaaaPlan, aPlan, httpsPlan, mapped6, potPlan, srvPlan, textPlan } from "./record_plans.ts";
import { mapped } from "./webhook_rig.ts";

interface Rig {
  readonly zone: FakeZone;
  readonly clock: FakeClock;
  /** Records that the log said were left out, and why. */
  readonly leftOut: string[];
  /** Publishes, with the clock running, and gives how it ended. */
  publish(news?: MappedEvent): Promise<unknown>;
}

function setUp(records: readonly RecordPlan[], wire?: Wire): Rig {
  const zone = new FakeZone();
  const clock = new FakeClock();
  const leftOut: string[] = [];
  const log = {
    ...silentLogger,
    warn: (_message: string, fields: Readonly<Record<string, unknown>> = {}): void =>
      void leftOut.push(`${fields["record"]}: ${fields["reason"]}`),
  };
  const store = openFakeStore(zone, { ...(wire && { wire }) });
  const publisher = openRecordPublisher(store, { zone: zone.name, records }, {
    clock,
    random: fakeRandom(),
    log,
  });
  assert.equal(publisher.provider, "fake");
  return {
    ...{ zone, clock, leftOut },
    async publish(news = mapped()): Promise<unknown> {
      const outcome = watch(publisher.publish(news, new AbortController().signal));
      for (let i = 0; i < 100 && !outcome.isSettled; i++) await clock.advance(500);
      assert.ok(outcome.isSettled);
      assert.equal(clock.pendingTimers, 0);
      return outcome.error;
    },
  };
}

function linesOf({ records }: FakeZone): readonly string[] {
  return records.map(({ name, data }) => `${name} ${data.type} ${formatRecordData(data)}`);
}

Deno.test("openRecordPublisher().publish() makes all records, and writes nothing more for the same news", async () => {
  const { zone, publish } = setUp([
    potPlan(),
    srvPlan(),
    textPlan("{port}"),
    aPlan(),
    aaaaPlan(),
    httpsPlan(),
  ]);
  assert.equal(await publish(), undefined);
  assert.deepEqual(zone.writes, [
    "direct.example.com A 203.0.113.10",
    "wg.example.com AAAA 2001::38a4:cb00:710a",
    "_minecraft._tcp.mc.example.com SRV 10 0 14500 mc.example.com.",
    'txt.example.com TXT "14500"',
    "www.example.com HTTPS 1 . port=14500 ipv4hint=203.0.113.10",
    'pot.example.com TXT "c3NoX3RjcDoxNDUwMA=="',
  ]);
  assert.equal(await publish(), undefined);
  assert.equal(zone.writes.length, 6);
});

Deno.test("openRecordPublisher().publish() touches what changed alone", async () => {
  const { zone, publish } = setUp([aPlan(), srvPlan(), potPlan()]);
  await publish();
  zone.writes.length = 0;
  await publish(mapped(14_501));
  assert.deepEqual(zone.writes, [
    "_minecraft._tcp.mc.example.com SRV 10 0 14501 mc.example.com.",
    'pot.example.com TXT "c3NoX3RjcDoxNDUwMQ=="',
  ]);
});

Deno.test("openRecordPublisher().publish() goes on when a record is refused, and names what is not done", async () => {
  const wire: Wire = async (what, carryOut) => {
    await Promise.resolve();
    if (/ (A|SRV)$/.test(what)) throw new PublishError("fake", `no to ${what}`, { isPermanent: true });
    return carryOut();
  };
  const { zone, publish } = setUp([aPlan(), srvPlan(), textPlan("{port}"), potPlan()], wire);
  const error = await publish();
  assert.ok(error instanceof PublishError && error.isPermanent);
  assert.equal(
    error.reason,
    "A direct.example.com, SRV _minecraft._tcp.mc.example.com: no to write direct.example.com A",
  );
  assert.deepEqual(zone.records.map(({ name }) => name), ["txt.example.com", "pot.example.com"]);
});

Deno.test("openRecordPublisher().publish() leaves a foreign TXT alone and makes the other records", async () => {
  const { zone, publish } = setUp([potPlan(), aPlan()]);
  zone.records = [{
    name: "pot.example.com",
    ttlSeconds: 300,
    data: { type: "TXT", strings: ["v=spf1 -all"] },
  }];
  const error = await publish();
  assert.ok(error instanceof PublishError && error.isPermanent);
  assert.match(error.reason, /^TXT pot\.example\.com: pot\.example\.com has a TXT record of another kind/);
  assert.deepEqual(linesOf(zone), ['pot.example.com TXT "v=spf1 -all"', "direct.example.com A 203.0.113.10"]);
});

Deno.test("openRecordPublisher().publish() tells once what does not fit the mapping", async () => {
  const { zone, publish, leftOut } = setUp([aPlan(), aaaaPlan()]);
  await publish(mapped6());
  await publish(mapped6());
  assert.deepEqual(leftOut, ["A direct.example.com: the mapping is IPv6"]);
  assert.deepEqual(linesOf(zone), ["wg.example.com AAAA 2001:db8::10"]);
});

Deno.test("openRecordPublisher().publish() refuses for good when nothing fits", async () => {
  const { zone, publish } = setUp([aPlan(), aPlan("b.example.com")]);
  const error = await publish(mapped6());
  assert.ok(error instanceof PublishError && error.isPermanent);
  assert.equal(error.reason, "A direct.example.com, A b.example.com: the mapping is IPv6");
  assert.deepEqual(zone.writes, []);
});

Deno.test("openRecordPublisher() takes turns at one name with those who share them", async () => {
  const zone = new FakeZone();
  const clock = new FakeClock();
  const turns = new Turns();
  const asked: string[] = [];
  const outcomes = ["a", "b", "c"].map((key) => {
    const wire: Wire = async (what, carryOut) => {
      await Promise.resolve();
      asked.push(`${key} ${what.split(" ")[0]}`);
      return carryOut();
    };
    // Neither sees the other before it is done: without turns each would write twice.
    const store = openFakeStore(zone, { wire, isConditional: false });
    const parts = { clock, random: fakeRandom(), log: silentLogger, turns };
    const publisher = openRecordPublisher(
      store,
      { zone: zone.name, records: [potPlan(`${key}_tcp`)] },
      parts,
    );
    return watch(publisher.publish(mapped(), new AbortController().signal));
  });
  for (let i = 0; i < 100 && outcomes.some(({ isSettled }) => !isSettled); i++) await clock.advance(500);
  assert.deepEqual(outcomes.map(({ error }) => error), [undefined, undefined, undefined]);
  assert.equal(zone.writes.length, 3);
  assert.deepEqual([...new Set(asked.map((line) => line[0]))], ["a", "b", "c"]);
  const [text] = zone.setOf("pot.example.com", "TXT").data;
  assert.deepEqual(
    text?.type === "TXT" && decodePot(text.strings.join(""))?.map(({ key }) => key),
    ["a_tcp", "b_tcp", "c_tcp"],
  );
});

Deno.test("openRecordPublisher().publish() takes turns at one record set with others that share them", async () => {
  const zone = new FakeZone();
  let inside = 0;
  const wire: Wire = async (_what, carryOut) => {
    assert.equal(inside++, 0, "two at once");
    await Promise.resolve();
    inside--;
    return carryOut();
  };
  const turns = new Turns();
  const parts = { clock: new FakeClock(), random: fakeRandom(), log: silentLogger, turns };
  const publishers = [1, 2, 3].map(() =>
    openRecordPublisher(openFakeStore(zone, { wire }), { zone: zone.name, records: [aPlan()] }, parts)
  );
  await Promise.all(publishers.map((one) => one.publish(mapped(), new AbortController().signal)));
  assert.equal(zone.writes.length, 1);
});

Deno.test("openRecordPublisher().publish() waits for nobody who writes at another place", async () => {
  const turns = new Turns();
  const parts = { clock: new FakeClock(), random: fakeRandom(), log: silentLogger, turns };
  const ending = new AbortController();
  const silent: Wire = (_what, _carryOut, signal) =>
    new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const [dead, alive] = [silent, undefined].map((wire, i) => {
    const zone = new FakeZone();
    const store = openFakeStore(zone, { ...(wire && { wire }) });
    return openRecordPublisher(store, { zone: zone.name, records: [aPlan()] }, { ...parts, place: `${i}` });
  });
  const waiting = watch(dead?.publish(mapped(), ending.signal) ?? Promise.resolve());
  await alive?.publish(mapped(), ending.signal);
  assert.ok(!waiting.isSettled);
  ending.abort(new DOMException("over", "AbortError"));
  while (!waiting.isSettled) await Promise.resolve();
});
