import assert from "node:assert/strict";
import { SharedCounters } from "../../../src/forward/counters.ts";
import { type Expiring, ExpiryWheel } from "../../../src/forward/expiry_wheel.ts";
import { FdLedger } from "../../../src/forward/fd_ledger.ts";
import type { ClientRecord } from "../../../src/forward/forwarder.ts";
import { SessionCap } from "../../../src/forward/session_cap.ts";
import { RecordPacker, unpackRecords } from "../../../src/forward/worker_records.ts";

Deno.test("FdLedger.takeAll() gives what another thread's ledger noted and did not close, once", () => {
  const worker = new FdLedger(200);
  const main = new FdLedger(worker.memory);
  for (const fd of [3, 31, 32, 63, 199]) worker.opened(fd);
  worker.closed(32);
  worker.opened(100_000); // beyond its room: not noted, not a fault
  assert.deepEqual(main.takeAll(), [3, 31, 63, 199]);
  assert.deepEqual(main.takeAll(), []);
});

Deno.test("FdLedger gives each descriptor to one thread only when both close", () => {
  const worker = new FdLedger(200);
  const main = new FdLedger(worker.memory);
  for (const fd of [3, 31, 32, 63, 199]) worker.opened(fd);
  assert.deepEqual(main.takeHighest(1), [199]);
  assert.deepEqual(main.takeHighest(1), [32, 63], "a word at a time");
  assert.deepEqual([3, 31, 32, 63, 199].map((fd) => worker.closed(fd)), [true, true, false, false, false]);
  assert.ok(worker.closed(100_000), "beyond its room it is the owner's");
  assert.deepEqual(main.takeHighest(1), []);
});

Deno.test("SharedCounters are read through the same memory", () => {
  const writer = new SharedCounters();
  const reader = new SharedCounters(writer.memory);
  writer.opened();
  writer.opened();
  writer.closed();
  writer.refused();
  writer.count(2 ** 40, 7);
  writer.count(1, 1);
  assert.deepEqual(reader.read(), { active: 1, opened: 2, refused: 1, bytesIn: 2 ** 40 + 1, bytesOut: 8 });
  reader.clearActive();
  assert.equal(writer.read().active, 0);
});

Deno.test("unpackRecords() gives what a RecordPacker took, in order, each time it is emptied", () => {
  const client = { address: "192.0.2.1", port: 1 };
  const records: ClientRecord[] = [
    { state: "refused", client, reason: "denied" },
    { state: "opened", client, local: { address: "::1", port: 2 }, target: { address: "::1", port: 3 } },
    { state: "closed", client, bytesIn: 0, bytesOut: 5, durationMs: 0, reason: "eof" },
  ];
  const packer = new RecordPacker(records.length);
  for (let turn = 0; turn < 2; turn++) {
    assert.ok(packer.isEmpty);
    records.forEach((record, i) => packer.add(i, record));
    assert.ok(packer.isFull);
    assert.throws(() => packer.add(0, { state: "refused", client }), RangeError);
    const got: [number, ClientRecord][] = [];
    unpackRecords(structuredClone(packer.take()), (id, record) => got.push([id, record]));
    assert.deepEqual(got, records.map((record, i) => [i, record]));
  }
});

Deno.test("SessionCap calls those who wait once when one has left", () => {
  const cap = new SessionCap(1);
  let calls = 0;
  const callback = (): void => void calls++;
  assert.ok(cap.enter());
  assert.ok(!cap.enter());
  cap.whenLeft(callback);
  cap.leave();
  assert.ok(cap.enter());
  cap.leave();
  assert.equal(calls, 1);
  assert.equal(cap.count, 0);
});

class Item implements Expiring {
  limitMs: number;
  expiredMs: number | undefined;

  constructor(limitMs: number) {
    this.limitMs = limitMs;
  }

  deadlineMs(): number {
    return this.limitMs;
  }

  expire(nowMs: number): void {
    this.expiredMs = nowMs;
  }
}

Deno.test("ExpiryWheel expires each item after its limit and within a slot and a step", () => {
  const wheel = new ExpiryWheel(0, 10);
  const items = [0, 5, 10, 999, 5119, 5120, 5121, 20_000].map((limitMs) => new Item(limitMs));
  for (const item of items) wheel.add(item);
  for (let nowMs = 0; nowMs <= 21_000; nowMs += 7) wheel.advance(nowMs);
  for (const { limitMs, expiredMs = NaN } of items) {
    assert.ok(expiredMs >= limitMs && expiredMs <= limitMs + 10 + 10 + 7, `${limitMs}: ${expiredMs}`);
  }
  assert.equal(wheel.size, 0);
});

Deno.test("ExpiryWheel looks at the limit of the moment, and forgets what was removed", () => {
  const wheel = new ExpiryWheel(0, 10);
  const busy = new Item(100);
  const gone = new Item(100);
  const sooner = new Item(1000);
  for (const item of [busy, gone, sooner]) wheel.add(item);
  busy.limitMs = 500;
  sooner.limitMs = 50;
  wheel.add(sooner);
  wheel.remove(gone);
  wheel.advance(300);
  assert.equal(busy.expiredMs, undefined);
  assert.equal(sooner.expiredMs, 300);
  wheel.advance(100_000); // after a sleep of the machine
  assert.equal(busy.expiredMs, 100_000);
  assert.equal(gone.expiredMs, undefined);
});
