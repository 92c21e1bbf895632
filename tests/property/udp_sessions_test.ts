import assert from "node:assert/strict";
import fc from "fast-check";
import type { Endpoint } from "../../src/core/endpoint.ts";
import { AccessGuard } from "../../src/forward/access_guard.ts";
import { SessionCap } from "../../src/forward/session_cap.ts";
import { type UdpSession, UdpSessions } from "../../src/forward/udp_sessions.ts";

interface Session extends UdpSession {
  readonly openedMs: number;
}

const IDLE_MS = 8000;
/** One slot of the wheel; a session may live so much longer than its limit. */
const SLOT_MS = 1000;
const MAX = 4;
const PER_CLIENT = 2;

/** What may happen: a datagram of one of nine client endpoints (three hosts), or time goes by. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("datagram" as const), client: fc.nat(8) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(12_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("broken" as const), client: fc.nat(8) }) },
);

function endpointOf(client: number): Endpoint {
  return { address: `192.0.2.${client % 3}`, port: 1000 + client };
}

class World {
  nowMs = 5000;
  readonly cap: SessionCap = new SessionCap(MAX);
  readonly guard: AccessGuard = new AccessGuard({ allow: [], deny: [], perClient: PER_CLIENT });
  readonly sessions: UdpSessions<Session> = new UdpSessions<Session>({
    idleMs: IDLE_MS,
    guard: this.guard,
    room: this.cap,
    nowMs: this.nowMs,
  });
  /** What there should be. */
  readonly model = new Map<number, Session>();
  /** Refused, and when: held for a second. */
  readonly refusedMs = new Map<number, number>();

  datagram(key: number, isBroken: boolean): void {
    const found = this.sessions.get(key);
    assert.equal(found, this.model.get(key));
    if (found !== undefined) {
      found.activeMs = this.nowMs;
      return;
    }
    const isHeld = this.sessions.isHeld(key, this.nowMs);
    assert.equal(isHeld, this.nowMs - (this.refusedMs.get(key) ?? -Infinity) < 1000);
    if (isHeld) return;
    const client = endpointOf(key);
    const refusal = this.sessions.admit(key, client, this.nowMs);
    const ofHost = [...this.model.values()].filter((s) => s.client.address === client.address).length;
    const expected = ofHost >= PER_CLIENT
      ? "too many connections from this address"
      : this.model.size >= MAX
      ? "full"
      : undefined;
    assert.equal(refusal?.reason, expected);
    if (refusal !== undefined) {
      this.refusedMs.set(key, this.nowMs);
    } else if (isBroken) {
      const { reason } = this.sessions.giveUp(key, client, { reason: "target gone", nowMs: this.nowMs });
      assert.equal(reason, "target gone");
      this.refusedMs.set(key, this.nowMs);
    } else {
      const session = { key, client, activeMs: this.nowMs, openedMs: this.nowMs };
      this.sessions.add(session);
      this.model.set(key, session);
    }
  }

  wait(ms: number): void {
    this.nowMs += ms;
    const expired = this.sessions.expire(this.nowMs);
    for (const session of expired) {
      assert.ok(this.nowMs - session.activeMs >= IDLE_MS, "not before its time");
      assert.ok(this.model.delete(Number(session.key)), "once");
    }
    for (const session of this.model.values()) {
      assert.ok(this.nowMs - session.activeMs < IDLE_MS + 2 * SLOT_MS, "not long after its time");
    }
  }

  check(): void {
    assert.equal(this.sessions.size, this.model.size);
    assert.equal(this.cap.count, this.model.size);
    assert.equal(this.guard.active, this.model.size);
  }
}

Deno.test("UdpSessions keeps who is active, ends who is idle, and never exceeds its limits in any order", () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
    const world = new World();
    for (const each of steps) {
      if (each.kind === "wait") world.wait(each.ms);
      else world.datagram(each.client, each.kind === "broken");
      world.check();
    }
    const left = world.sessions.clear();
    assert.deepEqual(new Set(left), new Set(world.model.values()));
    world.model.clear();
    world.check();
  }));
});

Deno.test("UdpSessions remembers a bounded number of refused clients, and tells of each once a minute", () => {
  const guard = new AccessGuard({ allow: [], deny: ["0.0.0.0/0"] });
  const sessions = new UdpSessions<Session>({ idleMs: IDLE_MS, guard, room: new SessionCap(1), nowMs: 0 });
  let news = 0;
  for (let round = 0; round < 3; round++) {
    for (let key = 0; key < 5000; key++) {
      const nowMs = round * 2000;
      if (sessions.isHeld(key, nowMs)) continue;
      if (sessions.admit(key, endpointOf(key), nowMs)?.isNews) news++;
    }
  }
  assert.equal(news, 1024);
  assert.ok(sessions.admit(4999, endpointOf(4999), 61_000)?.isNews);
});
