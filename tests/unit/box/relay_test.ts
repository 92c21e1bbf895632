import assert from "node:assert/strict";
import type { StreamConnection } from "../../../src/core/net.ts";
import { Relay } from "../../../src/box/relay.ts";
import { FakeClock } from "../../fakes/fake_clock.ts";

/** A connection that writes down what is done to it. */
class FakeConnection implements StreamConnection {
  readonly local = { address: "127.64.0.2", port: 1 };
  readonly remote = { address: "127.64.0.3", port: 2 };
  pendingBytes = 0;
  isPaused = false;
  readonly done: string[] = [];

  write(data: Uint8Array): void {
    this.done.push(new TextDecoder().decode(data));
  }
  setPaused(isPaused: boolean): void {
    this.isPaused = isPaused;
  }
  end(): void {
    this.done.push("<end>");
  }
  abort(): void {
    this.done.push("<abort>");
  }
  [Symbol.dispose](): void {
    this.abort();
  }
}

function openRelay(): {
  clock: FakeClock;
  relay: Relay;
  near: FakeConnection;
  far: FakeConnection;
  counts: { ends: number; activities: number };
} {
  const clock = new FakeClock();
  const counts = { ends: 0, activities: 0 };
  const relay = new Relay({
    clock,
    onActivity: () => void counts.activities++,
    onEnd: () => void counts.ends++,
  });
  const [near, far] = [new FakeConnection(), new FakeConnection()];
  relay.attachNear(near);
  return { clock, relay, near, far, counts };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("Relay reads nothing before the far side is there, and loses nothing that came early", () => {
  const { relay, near, far } = openRelay();
  assert.ok(near.isPaused);
  relay.nearHandlers.onData(bytes("early"));
  relay.nearHandlers.onEnd();
  relay.attachFar(far);
  assert.deepEqual(far.done, ["early", "<end>"]);
  assert.ok(!near.isPaused);
});

Deno.test("Relay pauses the sender while the receiver's queue is long, in both directions", async () => {
  const { clock, relay, near, far, counts } = openRelay();
  relay.attachFar(far);
  for (
    const [handlers, from, to] of [[relay.nearHandlers, near, far], [relay.farHandlers, far, near]] as const
  ) {
    to.pendingBytes = 255 * 1024;
    handlers.onData(bytes("a"));
    assert.ok(!from.isPaused);
    to.pendingBytes = 256 * 1024;
    handlers.onData(bytes("b"));
    assert.ok(from.isPaused);
    to.pendingBytes = 65 * 1024;
    await clock.advance(100);
    assert.ok(from.isPaused, "until it is short, not just shorter");
    to.pendingBytes = 64 * 1024;
    await clock.advance(100);
    assert.ok(!from.isPaused);
    assert.equal(clock.pendingTimers, 0);
  }
  assert.equal(counts.activities, 4);
});

Deno.test("Relay ends once when both sides have ended", () => {
  const { relay, near, far, counts } = openRelay();
  relay.attachFar(far);
  relay.nearHandlers.onEnd();
  assert.deepEqual(far.done, ["<end>"]);
  relay.farHandlers.onData(bytes("answer"));
  assert.equal(counts.ends, 0);
  relay.farHandlers.onEnd();
  assert.deepEqual(near.done, ["answer", "<end>"]);
  assert.equal(counts.ends, 1);
});

Deno.test("Relay resets the other side when one was reset", () => {
  const { relay, near, far, counts } = openRelay();
  relay.attachFar(far);
  relay.farHandlers.onEnd(new Error("ECONNRESET"));
  assert.deepEqual(near.done, ["<abort>"]);
  assert.equal(counts.ends, 1);
});

Deno.test("Relay.blackHole() stops everything and tells nobody, until it is disposed", async () => {
  const { clock, relay, near, far, counts } = openRelay();
  relay.attachFar(far);
  far.pendingBytes = 1024 * 1024;
  relay.nearHandlers.onData(bytes("a"));
  relay.blackHole();
  far.pendingBytes = 0;
  await clock.advance(1000);
  assert.ok(near.isPaused && far.isPaused);
  relay.nearHandlers.onData(bytes("b"));
  relay.nearHandlers.onEnd(new Error("ECONNRESET"));
  relay.farHandlers.onEnd();
  assert.deepEqual(near.done, []);
  assert.deepEqual(far.done, ["a"]);
  assert.equal(counts.ends, 0);
  relay[Symbol.dispose]();
  assert.deepEqual([near.done, far.done], [["<abort>"], ["a", "<abort>"]]);
});

Deno.test("Relay.attachFar() closes or silences a stream that comes too late", () => {
  const disposed = openRelay();
  disposed.relay[Symbol.dispose]();
  disposed.relay.attachFar(disposed.far);
  assert.deepEqual(disposed.far.done, ["<abort>"]);
  const forgotten = openRelay();
  forgotten.relay.blackHole();
  forgotten.relay.attachFar(forgotten.far);
  assert.ok(forgotten.far.isPaused);
  assert.deepEqual(forgotten.far.done, []);
});
