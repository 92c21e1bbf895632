import assert from "node:assert/strict";
import fc from "fast-check";
import type { Platform } from "../../../src/core/platform.ts";
import { silentLogger } from "../../../src/core/log.ts";
import type { ConnectOptions, StreamConnection } from "../../../src/core/net.ts";
import { type Service, ServingTurn } from "../../../src/keeper/serving_turn.ts";
import { TurnNet } from "../../../src/keeper/turn_net.ts";
import { FakeClock, settle } from "../../fakes/fake_clock.ts";
import { FakeNet, kernelError } from "../../fakes/fake_net.ts";
import { fakeRandom } from "../../fakes/fake_random.ts";

/** A listener that excludes connections from its port, as the runtime's own. */
class FakeService implements Service {
  readonly story: string[] = [];
  isListening = true;
  /** How many times resuming still fails. */
  faults = 0;

  async suspend(): Promise<void> {
    assert.ok(this.isListening, "suspended once");
    await settle();
    this.isListening = false;
    this.story.push("suspended");
  }

  async resume(): Promise<void> {
    assert.ok(!this.isListening, "resumed once");
    await settle();
    if (this.faults-- > 0) throw kernelError("EADDRINUSE", "listen");
    this.isListening = true;
    this.story.push("resumed");
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.story.push("disposed");
    return Promise.resolve();
  }
}

interface Rig {
  readonly service: FakeService;
  readonly turn: ServingTurn;
  readonly clock: FakeClock;
  readonly platform: Platform;
  readonly warnings: string[];
}

function openRig(): Rig {
  const clock = new FakeClock();
  const warnings: string[] = [];
  const log = { ...silentLogger, warn: (text: string): void => void warnings.push(text) };
  const platform = { net: new FakeNet({ clock }), clock, random: fakeRandom(), log };
  const service = new FakeService();
  return { service, turn: new ServingTurn(service, platform), clock, platform, warnings };
}

/** Whether it has settled after everything that could run did. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let hasSettled = false;
  promise.then(() => hasSettled = true, () => hasSettled = true);
  for (let i = 0; i < 5; i++) await settle();
  return hasSettled;
}

Deno.test("ServingTurn.enter() suspends for the first and resumes after the last", async () => {
  const { service, turn } = openRig();
  const first = await turn.enter();
  assert.ok(!service.isListening);
  const second = await turn.enter();
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  const standing = turn.standing();
  assert.ok(!(await isSettled(standing)));
  second[Symbol.dispose]();
  await standing;
  assert.ok(service.isListening);
  assert.deepEqual(service.story, ["suspended", "resumed"]);
});

Deno.test("ServingTurn.standing() resolves at once when nobody has the turn", async () => {
  const { service, turn } = openRig();
  await turn.standing();
  assert.deepEqual(service.story, []);
});

Deno.test("ServingTurn tries on and warns once when the port is taken meanwhile", async () => {
  const { service, turn, clock, warnings } = openRig();
  service.faults = 2;
  (await turn.enter())[Symbol.dispose]();
  const standing = turn.standing();
  assert.ok(!(await isSettled(standing)));
  for (let i = 0; i < 4; i++) await clock.advance(15_000);
  await standing;
  assert.ok(service.isListening);
  assert.deepEqual(warnings, ["Cannot serve on the port again, trying on"]);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("ServingTurn.asyncDispose() releases who waits, touches the service no more, leaves no timer", async () => {
  const { service, turn, clock } = openRig();
  service.faults = Infinity;
  (await turn.enter())[Symbol.dispose]();
  const standing = turn.standing();
  assert.ok(!(await isSettled(standing)));
  await turn[Symbol.asyncDispose]();
  await standing;
  await turn.standing();
  (await turn.enter())[Symbol.dispose]();
  await clock.advance(60_000);
  assert.deepEqual(service.story, ["suspended"]);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("ServingTurn never listens during a turn and always serves in the end, whatever the order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ waits: fc.nat(3), holds: fc.nat(3) }), { maxLength: 12 }),
      async (users) => {
        const { service, turn } = openRig();
        await Promise.all(users.map(async ({ waits, holds }) => {
          for (let i = 0; i < waits; i++) await settle();
          using _turn = await turn.enter();
          for (let i = 0; i <= holds; i++) {
            assert.ok(!service.isListening);
            await settle();
          }
        }));
        await turn.standing();
        assert.ok(service.isListening);
      },
    ),
    { numRuns: 50 },
  );
});

/** A network whose connections stand when the test says so. */
class SlowNet extends FakeNet {
  readonly pending: PromiseWithResolvers<StreamConnection>[] = [];

  override connectStream(_options: ConnectOptions): Promise<StreamConnection> {
    const connecting = Promise.withResolvers<StreamConnection>();
    this.pending.push(connecting);
    return connecting.promise;
  }
}

const REQUEST: ConnectOptions = {
  local: { address: "192.0.2.2", port: 3456 },
  remote: { address: "198.51.100.81", port: 80 },
  onData: () => {},
  onEnd: () => {},
};

Deno.test("TurnNet.connectStream() lets serving go on once bound, though no answer comes", async () => {
  const { service, turn, clock, platform } = openRig();
  const slow = new SlowNet({ clock });
  const net = new TurnNet({ ...platform, net: slow }, turn);
  const connecting = net.connectStream(REQUEST);
  assert.ok(!(await isSettled(connecting)));
  assert.ok(!service.isListening);
  await clock.advance(1_000);
  await turn.standing();
  assert.ok(service.isListening);
  slow.pending[0]?.reject(kernelError("ETIMEDOUT", "connect"));
  await assert.rejects(connecting, { code: "ETIMEDOUT" });
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("TurnNet.connectStream() gives the turn back at once when refused", async () => {
  const { service, turn, clock, platform } = openRig();
  const slow = new SlowNet({ clock });
  const connecting = new TurnNet({ ...platform, net: slow }, turn).connectStream(REQUEST);
  assert.ok(!(await isSettled(connecting)));
  slow.pending[0]?.reject(kernelError("ECONNREFUSED", "connect"));
  await assert.rejects(connecting, { code: "ECONNREFUSED" });
  await turn.standing();
  assert.deepEqual(service.story, ["suspended", "resumed"]);
  assert.equal(clock.pendingTimers, 0);
});
