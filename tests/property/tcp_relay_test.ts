import assert from "node:assert/strict";
import fc from "fast-check";
import type { RelayHalf } from "../../src/forward/relay_half.ts";
import { COPY_BYTES } from "../../src/forward/relay_half.ts";
import { type RelaySide, TcpRelay } from "../../src/forward/tcp_relay.ts";

/**
 * One direction's kernel as the relay meets it: a source with a queue and perhaps a FIN, a sink with room, and
 * events that are told at edges only. Bytes are counted; their numbers are their order.
 */
class Wire {
  sent = 0; // by the source's application
  read = 0;
  delivered = 0;
  drained = 0; // by the sink's application
  isFin = false;
  finAt: number | undefined;
  hasEdgeIn = false;
  hasEdgeOut = false;
  /** The sink refused something, so it will tell when there is room (SOCK_NOSPACE). */
  #wasRefused = false;
  readonly #room: number;

  constructor(room: number) {
    this.#room = room;
  }

  get queued(): number {
    return this.sent - this.read;
  }

  get space(): number {
    return this.#room - (this.delivered - this.drained);
  }

  write(bytes: number): void {
    if (this.isFin) return;
    this.sent += bytes;
    this.hasEdgeIn = true;
  }

  end(): void {
    if (this.isFin) return;
    this.isFin = true;
    this.hasEdgeIn = true;
  }

  drain(bytes: number): void {
    this.drained = Math.min(this.delivered, this.drained + bytes);
    if (this.#wasRefused && this.space > 0) {
      this.#wasRefused = false;
      this.hasEdgeOut = true;
    }
  }

  /** recv() or splice() of at most `asked`; -1 is EAGAIN. */
  take(asked: number): number {
    if (this.queued === 0) return this.isFin ? 0 : -1;
    const count = Math.min(asked, this.queued);
    this.read += count;
    return count;
  }

  /** send() or splice() of `bytes`; -1 is EAGAIN. */
  put(bytes: number): number {
    assert.equal(this.finAt, undefined, "bytes after FIN");
    const count = Math.min(bytes, this.space);
    if (count < bytes) this.#wasRefused = true;
    if (count === 0) return -1;
    this.delivered += count;
    return count;
  }

  finish(): void {
    assert.equal(this.finAt, undefined, "a second FIN");
    this.finAt = this.delivered;
  }
}

/** Carries out at most `steps`; splices are cut short as pipes do it. @returns Whether there is more to do. */
function pump(half: RelayHalf, wire: Wire, options: { steps: number; pipeBytes: number }): boolean {
  for (let i = 0; i < options.steps; i++) {
    switch (half.step()) {
      case "copy": {
        const count = wire.take(COPY_BYTES);
        if (count < 0) half.sourceEmpty();
        else half.received(count, COPY_BYTES);
        if (count > 0) flush(half, wire);
        break;
      }
      case "flush":
        flush(half, wire);
        break;
      case "fill": {
        if (options.pipeBytes === 0) {
          const count = wire.take(4 * COPY_BYTES);
          if (count < 0) half.sourceEmpty();
          else half.received(count, 4 * COPY_BYTES);
          if (count > 0) flush(half, wire);
          break;
        }
        const count = wire.take(options.pipeBytes);
        if (count < 0) half.sourceEmpty();
        else half.filled(count);
        break;
      }
      case "drain": {
        const count = wire.put(Math.ceil(half.pendingBytes / 2)); // a splice may take less than there is room for
        if (count < 0) half.sinkBlocked();
        else half.drained(count);
        break;
      }
      case "finish":
        wire.finish();
        half.finished();
        break;
      default:
        return false;
    }
  }
  return true;
}

function flush(half: RelayHalf, wire: Wire): void {
  const count = wire.put(half.pendingBytes);
  if (count < 0) half.sinkBlocked();
  else half.sent(count);
}

type Act =
  | { readonly kind: "write" | "drain"; readonly side: RelaySide; readonly bytes: number }
  | { readonly kind: "end" | "events" | "pump"; readonly side: RelaySide; readonly steps: number };

const sides = fc.constantFrom<RelaySide>("client", "target");
const sizes = fc.oneof(
  fc.integer({ min: 1, max: 3 }),
  fc.integer({ min: 1, max: 20_000 }),
  fc.constantFrom(COPY_BYTES, 2 * COPY_BYTES, 10 * COPY_BYTES),
);
const acts: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ kind: fc.constantFrom("write" as const, "drain" as const), side: sides, bytes: sizes }),
  fc.record({
    kind: fc.constantFrom(
      "end" as const,
      "events" as const,
      "events" as const,
      "pump" as const,
      "pump" as const,
    ),
    side: sides,
    steps: fc.integer({ min: 1, max: 6 }),
  }),
);

/** A relay between two applications, and the edges that were not told yet. */
class World {
  readonly relay = new TcpRelay();
  readonly up: Wire;
  readonly down: Wire;
  readonly #pipeBytes: number;

  constructor(room: number, pipeBytes: number) {
    this.up = new Wire(room);
    this.down = new Wire(room);
    this.#pipeBytes = pipeBytes;
  }

  /** The direction whose source is this side. */
  from(side: RelaySide): Wire {
    return side === "client" ? this.up : this.down;
  }

  into(side: RelaySide): Wire {
    return side === "client" ? this.down : this.up;
  }

  act(act: Act): void {
    switch (act.kind) {
      case "write":
        return this.from(act.side).write(act.bytes);
      case "drain":
        return this.into(act.side).drain(act.bytes);
      case "end":
        return this.from(act.side).end();
      case "events":
        return this.tell(act.side);
      case "pump":
        this.pump(act.side, act.steps);
    }
  }

  tell(side: RelaySide): void {
    const source = this.from(side);
    const sink = this.into(side);
    if (!source.hasEdgeIn && !sink.hasEdgeOut) return;
    this.relay.onEvents(side, {
      isReadable: source.hasEdgeIn,
      isWritable: sink.hasEdgeOut,
      hasHangup: source.isFin,
      hasError: false,
    });
    source.hasEdgeIn = sink.hasEdgeOut = false;
  }

  pump(side: RelaySide, steps: number): boolean {
    if (!this.relay.isConnected) return false;
    const half = side === "client" ? this.relay.up : this.relay.down;
    const isMore = pump(half, this.from(side), { steps, pipeBytes: this.#pipeBytes });
    assert.ok(half.pendingBytes <= Math.max(4 * COPY_BYTES, this.#pipeBytes), "more is held than one read");
    return isMore;
  }

  /** Everybody ends, everything is read. */
  settle(): void {
    for (const side of ["client", "target"] as const) this.from(side).end();
    for (let round = 0; this.relay.fate === "open"; round++) {
      assert.ok(round < 10_000, "it never ends");
      for (const side of ["client", "target"] as const) {
        this.into(side).drain(1 << 30);
        this.tell(side);
        this.pump(side, 50);
      }
    }
  }
}

const rooms = fc.constantFrom(1, 1000, COPY_BYTES, 1 << 22);
const pipes = fc.constantFrom(0, 4096, COPY_BYTES, 1 << 20);

Deno.test("TcpRelay loses no byte, ends each side after its last byte and closes, whatever the order of events", () => {
  fc.assert(
    fc.property(rooms.filter((room) => room > 1), pipes, fc.array(acts, { maxLength: 120 }), fc.nat(20), (
      room,
      pipeBytes,
      list,
      connectAt,
    ) => {
      const world = new World(room, pipeBytes);
      list.forEach((act, i) => {
        if (i === connectAt) world.relay.connected(0);
        world.act(act);
      });
      if (!world.relay.isConnected) world.relay.connected(0);
      world.settle();
      for (const wire of [world.up, world.down]) {
        assert.equal(wire.delivered, wire.sent);
        assert.equal(wire.finAt, wire.sent);
      }
      assert.equal(world.relay.fate, "closed");
    }),
    { numRuns: 400 },
  );
});

Deno.test("RelayHalf reads nothing while its sink is blocked or the target has not accepted", () => {
  fc.assert(
    fc.property(pipes, fc.array(sizes, { minLength: 1, maxLength: 40 }), (pipeBytes, writes) => {
      const room = 1000;
      const world = new World(room, pipeBytes);
      world.up.write(1);
      world.tell("client");
      world.pump("client", 10);
      assert.equal(world.up.read, 0);
      world.relay.connected(0);
      for (const bytes of writes) {
        world.up.write(bytes);
        world.tell("client");
        while (world.pump("client", 10));
        const held = world.up.read - world.up.delivered;
        assert.ok(held <= Math.max(4 * COPY_BYTES, pipeBytes), `${held} bytes are held`);
      }
    }),
  );
});

Deno.test("RelayHalf becomes bulk after two full reads, and stops being it after eight small splices", () => {
  const world = new World(1 << 30, 1 << 20);
  const { up } = world.relay;
  world.relay.connected(0);
  const send = (bytes: number): void => {
    world.up.write(bytes);
    world.tell("client");
    while (world.pump("client", 10));
  };
  send(COPY_BYTES);
  assert.ok(!up.isBulk);
  send(COPY_BYTES);
  assert.ok(up.isBulk);
  for (let i = 0; i < 7; i++) send(100);
  send(8192);
  assert.ok(up.isBulk, "a large one starts the count anew");
  for (let i = 0; i < 8; i++) send(100);
  assert.ok(!up.isBulk);
  send(100);
  send(COPY_BYTES);
  assert.ok(!up.isBulk);
});

Deno.test("TcpRelay.fail() resets both, and names the side that failed first", () => {
  const relay = new TcpRelay();
  relay.connected(0);
  relay.fail("target");
  relay.fail("client");
  assert.equal(relay.fate, "reset");
  assert.equal(relay.failedSide, "target");
});

Deno.test("TcpRelay.onEvents() has SO_ERROR checked when no read would meet it", () => {
  const error = { isReadable: true, isWritable: true, hasHangup: true, hasError: true };
  const waiting = new TcpRelay();
  assert.equal(waiting.onEvents("client", error), "check-error", "the target has not accepted");
  const open = new TcpRelay();
  open.connected(0);
  assert.equal(open.onEvents("client", error), undefined, "what it sent before comes first");
  open.up.received(0, 1);
  assert.equal(open.onEvents("client", error), "check-error", "its end was read");
});
