import assert from "node:assert/strict";
import { EndpointFollower } from "../../../src/find/access/endpoint_follower.ts";
import type { Found } from "../../../src/find/found.ts";
import { FakeClock } from "../../fakes/fake_clock.ts";
import { fakeRandom } from "../../fakes/fake_random.ts";

const NEVER = new AbortController().signal;

function foundAt(port: number, ttlSeconds: number | undefined = 60): Found {
  return { endpoints: [{ address: "192.0.2.1", port }], via: "pot", ttlSeconds, evidence: [], warnings: [] };
}

class Rig implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly looks: string[] = [];
  readonly said: string[] = [];
  cached: () => Promise<Found> = () => Promise.resolve(foundAt(1));
  fresh: () => Promise<Found> = () => this.cached();
  readonly follower: EndpointFollower;

  constructor(prepare: (rig: Rig) => void = () => {}) {
    prepare(this);
    this.follower = new EndpointFollower({
      platform: { clock: this.clock, random: fakeRandom() },
      find: (isFresh) => {
        this.looks.push(`${isFresh ? "fresh" : "cached"} ${Math.round(this.clock.now() / 1000)}`);
        return isFresh ? this.fresh() : this.cached();
      },
      onFound: (found, previous) =>
        this.said.push(`${previous?.port ?? "first"} -> ${found.endpoints[0]?.port}`),
      onTrouble: (error) => this.said.push(String(error)),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.follower[Symbol.asyncDispose]();
    assert.equal(this.clock.pendingTimers, 0);
  }
}

Deno.test("EndpointFollower looks again when the records are old, and tells of news only", async () => {
  await using rig = new Rig();
  await rig.clock.advance(60_500);
  assert.deepEqual(rig.looks, ["cached 0", "cached 60"]);
  rig.cached = () => Promise.resolve(foundAt(2));
  await rig.clock.advance(60_000);
  assert.deepEqual(rig.said, ["first -> 1", "1 -> 2"]);
});

Deno.test("EndpointFollower looks every 5 s at most, every 30 s without a TTL, every 5 min at least", async () => {
  const rows = [[0, 5], [1, 5], [undefined, 30], [86_400, 300]] as const;
  for (const [ttlSeconds, everySeconds] of rows) {
    await using rig = new Rig((one) => one.cached = () => Promise.resolve({ ...foundAt(1), ttlSeconds }));
    await rig.clock.advance(everySeconds * 1000 + 500);
    assert.deepEqual(rig.looks, ["cached 0", `cached ${everySeconds}`], String(ttlSeconds));
  }
});

Deno.test("EndpointFollower.current() waits for the first answer, over failures", async () => {
  await using rig = new Rig((one) => one.cached = () => Promise.reject(new Error("DNS is down")));
  const waiting = rig.follower.current(NEVER);
  await rig.clock.advance(12_000);
  rig.cached = () => Promise.resolve(foundAt(3));
  await rig.clock.advance(60_000);
  assert.equal((await waiting).endpoints[0]?.port, 3);
  assert.deepEqual(rig.said, ["Error: DNS is down", "first -> 3"], "the trouble is told once");
});

Deno.test("EndpointFollower keeps the last answer while it cannot look", async () => {
  await using rig = new Rig();
  await rig.clock.advance(100);
  rig.cached = () => Promise.reject(new Error("DNS is down"));
  await rig.clock.advance(200_000);
  assert.equal(rig.follower.found?.endpoints[0]?.port, 1);
  assert.deepEqual(rig.said, ["first -> 1", "Error: DNS is down"]);
});

Deno.test("EndpointFollower.doubt() looks past caches at once, once for many", async () => {
  await using rig = new Rig();
  await rig.clock.advance(100);
  rig.fresh = () => Promise.resolve(foundAt(2));
  const found = await Promise.all([1, 2, 3].map(() => rig.follower.doubt(NEVER)));
  assert.deepEqual(found.map((one) => one?.endpoints[0]?.port), [2, 2, 2]);
  assert.deepEqual(rig.looks, ["cached 0", "fresh 0"]);
});

Deno.test("EndpointFollower.doubt() asks ever less often while nothing changes, and at once again after a move", async () => {
  await using rig = new Rig();
  await rig.clock.advance(100);
  for (let n = 0; n < 600; n++) {
    await rig.follower.doubt(NEVER);
    await rig.clock.advance(100);
  }
  const fresh = rig.looks.filter((look) => look.startsWith("fresh")).length;
  assert.ok(fresh >= 3 && fresh <= 8, `${fresh} looks in a minute`);
  rig.fresh = () => Promise.resolve(foundAt(2));
  await rig.clock.advance(60_000);
  await rig.follower.doubt(NEVER);
  rig.fresh = () => Promise.resolve(foundAt(3));
  await rig.follower.doubt(NEVER);
  assert.equal(rig.follower.found?.endpoints[0]?.port, 3);
});

Deno.test("EndpointFollower takes answers in another order for the same", async () => {
  const both = [{ address: "192.0.2.1", port: 1 }, { address: "192.0.2.2", port: 1 }];
  await using rig = new Rig((one) => one.cached = () => Promise.resolve({ ...foundAt(1), endpoints: both }));
  await rig.clock.advance(100);
  rig.cached = () => Promise.resolve({ ...foundAt(1), endpoints: both.toReversed() });
  await rig.clock.advance(60_000);
  assert.deepEqual(rig.said, ["first -> 1"]);
});
