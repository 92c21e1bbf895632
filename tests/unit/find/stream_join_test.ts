import assert from "node:assert/strict";
import type { StreamConnection, StreamHandlers } from "../../../src/core/net.ts";
import { type JoinEnd, StreamJoin } from "../../../src/find/access/stream_join.ts";
import { FakeClock } from "../../fakes/fake_clock.ts";

/** A stream whose peer takes what the test lets it take. */
class ManualStream implements StreamConnection {
  readonly local = { address: "127.0.0.1", port: 1 };
  readonly remote = { address: "127.0.0.1", port: 2 };
  readonly log: string[] = [];
  pendingBytes = 0;
  isPaused = false;

  write(data: Uint8Array): void {
    this.pendingBytes += data.length;
  }

  setPaused(isPaused: boolean): void {
    this.isPaused = isPaused;
  }

  end(): void {
    this.log.push("end");
  }

  abort(): void {
    this.log.push("abort");
  }

  [Symbol.dispose](): void {
    this.abort();
  }
}

class Rig {
  readonly clock = new FakeClock();
  readonly client = new ManualStream();
  readonly service = new ManualStream();
  readonly ends: JoinEnd[] = [];
  readonly join: StreamJoin = new StreamJoin(this.client, {
    clock: this.clock,
    onEnd: (end) => this.ends.push(end),
  });
  readonly fromClient: StreamHandlers = this.join.clientHandlers;
  readonly fromService: StreamHandlers = this.join.serviceHandlers;
}

const HALF_MIB = new Uint8Array(524_288);

Deno.test("StreamJoin reads nothing from the client before the service is there", () => {
  const rig = new Rig();
  assert.ok(rig.client.isPaused);
  rig.join.attach(rig.service);
  assert.ok(!rig.client.isPaused);
});

Deno.test("StreamJoin holds a sender back while its receiver does not keep up, and the other direction flows", async () => {
  const rig = new Rig();
  rig.join.attach(rig.service);
  rig.fromClient.onData(HALF_MIB);
  assert.ok(!rig.client.isPaused);
  rig.fromClient.onData(HALF_MIB);
  assert.ok(rig.client.isPaused, "a mebibyte is enough");
  assert.ok(!rig.service.isPaused);
  rig.fromService.onData(HALF_MIB);
  assert.equal(rig.client.pendingBytes, HALF_MIB.length);
  await rig.clock.advance(50);
  assert.ok(rig.client.isPaused);
  rig.service.pendingBytes = 1000;
  await rig.clock.advance(5);
  assert.ok(!rig.client.isPaused);
  assert.equal(rig.clock.pendingTimers, 0, "nobody looks any more");
});

Deno.test("StreamJoin passes ends on one by one and is over when everything is sent", async () => {
  const rig = new Rig();
  rig.join.attach(rig.service);
  rig.fromClient.onData(HALF_MIB);
  rig.fromClient.onEnd();
  assert.deepEqual([rig.service.log, rig.client.log, rig.ends], [["end"], [], []]);
  rig.fromService.onEnd();
  await rig.clock.advance(50);
  assert.deepEqual([rig.client.log, rig.ends], [["end"], []], "the service has not taken everything yet");
  rig.service.pendingBytes = 0;
  await rig.clock.advance(5);
  assert.deepEqual(rig.ends, ["eof"]);
  assert.equal(rig.clock.pendingTimers, 0);
});

Deno.test("StreamJoin passes a reset on as a reset, and says whose it was", () => {
  for (
    const [side, end] of [["fromClient", "reset by client"], ["fromService", "reset by service"]] as const
  ) {
    const rig = new Rig();
    rig.join.attach(rig.service);
    rig[side].onEnd(new Error("ECONNRESET"));
    assert.deepEqual([rig.client.log, rig.service.log, rig.ends], [["abort"], ["abort"], [end]]);
    rig[side].onData(HALF_MIB);
    rig.join.stop("stopped");
    assert.deepEqual(rig.ends, [end], "once");
  }
});

Deno.test("StreamJoin lets go of a service that comes after its client has gone", () => {
  const rig = new Rig();
  rig.fromClient.onEnd(new Error("ECONNRESET"));
  rig.join.attach(rig.service);
  assert.deepEqual(rig.service.log, ["abort"]);
});
