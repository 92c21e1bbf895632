import type { MappingNews } from "../../../src/core/mapping.ts";
import assert from "node:assert/strict";
import { silentLogger } from "../../../src/core/log.ts";
import type {
  MappingEvent,
  MappingFields,
  PublishedEvent,
  PublishFailedEvent,
} from "../../../src/core/mapping.ts";
import { type Publisher, PublishError } from "../../../src/publish/publisher.ts";
import { PublisherRunner } from "../../../src/publish/run_publisher.ts";
import { FakeClock, settle } from "../../fakes/fake_clock.ts";
import { fakeRandom } from "../../fakes/fake_random.ts";
import { changed, mapped } from "./webhook_rig.ts";

/** A place under the test's control: each request waits for {@linkcode answer}. */
class FakePlace implements Publisher {
  readonly provider = "fake";
  readonly asked: MappingNews[] = [];
  #open: PromiseWithResolvers<void> | undefined;

  publish(news: MappingNews, signal: AbortSignal): Promise<void> {
    assert.equal(this.#open, undefined, "two requests at once");
    this.asked.push(news);
    const open = this.#open = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => open.reject(signal.reason), { once: true });
    return open.promise.finally(() => this.#open = undefined);
  }

  get ports(): readonly number[] {
    return this.asked.map(({ external }) => external.port);
  }

  async answer(error?: unknown): Promise<void> {
    assert.ok(this.#open, "nothing was asked");
    if (error === undefined) this.#open.resolve();
    else this.#open.reject(error);
    await settle();
  }
}

interface Rig {
  readonly place: FakePlace;
  readonly runner: PublisherRunner;
  readonly clock: FakeClock;
  readonly events: (PublishedEvent | PublishFailedEvent)[];
  readonly told: (MappingFields | undefined)[];
  deliver(event: MappingEvent): Promise<void>;
}

function setUp(toldBefore?: MappingFields): Rig {
  const place = new FakePlace();
  const clock = new FakeClock();
  const events: (PublishedEvent | PublishFailedEvent)[] = [];
  const told: (MappingFields | undefined)[] = [];
  const runner = new PublisherRunner({
    publisher: place,
    clock,
    random: fakeRandom(),
    log: silentLogger,
    emit: (event) => events.push(event),
    told: toldBefore,
    onTold: (mapping) => told.push(mapping),
  });
  return {
    ...{ place, runner, clock, events, told },
    deliver: async (event): Promise<void> => {
      runner.deliver(event);
      await settle();
    },
  };
}

const lost: MappingEvent = { event: "lost", name: "mc", protocol: "tcp", at: new Date(0), reason: "gone" };
const down = new PublishError("fake", "down");

Deno.test("PublisherRunner.deliver() publishes news once and tells it", async () => {
  const { place, runner, deliver, events, told, clock } = setUp();
  await using _ending = runner;
  await deliver(mapped(1));
  assert.deepEqual(events, []);
  await place.answer();
  assert.deepEqual(place.ports, [1]);
  assert.deepEqual(events, [{
    ...{ event: "published", name: "mc", protocol: "tcp", provider: "fake" },
    ...{ at: clock.date(), external: mapped(1).external },
  }]);
  assert.deepEqual(told, [{ internal: mapped(1).internal, external: mapped(1).external }]);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("PublisherRunner.deliver() asks nothing when the endpoint is the one published last", async () => {
  const { place, runner, deliver } = setUp({ internal: mapped().internal, external: mapped(1).external });
  await using _ending = runner;
  await deliver(mapped(1));
  await deliver(lost);
  await deliver({ ...mapped(1), event: "restored" });
  assert.deepEqual(place.ports, []);
  await deliver(changed(2));
  await place.answer();
  await deliver({ ...mapped(2), event: "restored" });
  assert.deepEqual(place.ports, [2]);
});

Deno.test("PublisherRunner.deliver() waits for the request under way and then sends the newest only", async () => {
  const { place, runner, deliver, events } = setUp();
  await using _ending = runner;
  await deliver(mapped(1));
  for (const port of [2, 3, 4]) await deliver(changed(port));
  assert.deepEqual(place.ports, [1]);
  await place.answer();
  assert.deepEqual(place.ports, [1, 4]);
  await place.answer();
  assert.deepEqual(events.map(({ event, external }) => [event, external.port]), [
    ["published", 1],
    ["published", 4],
  ]);
});

Deno.test("PublisherRunner tries again with growing pauses and tells each reason once", async () => {
  const { place, runner, deliver, events, clock } = setUp();
  await using _ending = runner;
  await deliver(mapped(1));
  const pauses: number[] = [];
  for (let i = 0; i < 12; i++) {
    await place.answer(i === 5 ? new PublishError("fake", "another reason") : down);
    const beforeMs = clock.now();
    const asked = place.asked.length;
    while (place.asked.length === asked) await clock.advance(100);
    pauses.push(clock.now() - beforeMs);
  }
  for (const [i, pauseMs] of pauses.entries()) {
    const boundMs = Math.min(300_000, 1000 * 2 ** i);
    assert.ok(pauseMs >= boundMs / 2 && pauseMs <= boundMs + 100, `${i}: ${pauseMs}`);
  }
  await place.answer();
  assert.deepEqual(events.map((event) => event.event === "published" ? "" : event.reason), [
    ...["down", "another reason", "down", ""],
  ]);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("PublisherRunner starts again with short pauses after a success", async () => {
  const { place, runner, deliver, events, clock } = setUp();
  await using _ending = runner;
  await deliver(mapped(1));
  for (let i = 0; i < 6; i++) {
    await place.answer(down);
    await clock.advance(40_000);
  }
  await place.answer();
  await deliver(changed(2));
  await place.answer(down);
  await clock.advance(1000);
  assert.deepEqual(place.ports.at(-1), 2);
  await place.answer();
  assert.deepEqual(events.map(({ event }) => event), [
    ...["publish-failed", "published", "publish-failed", "published"],
  ]);
});

Deno.test("PublisherRunner.deliver() ends a pause when there is newer news", async () => {
  const { place, runner, deliver, events } = setUp();
  await using _ending = runner;
  await deliver(mapped(1));
  await place.answer(new PublishError("fake", "refused", { isPermanent: true }));
  await deliver(changed(2));
  assert.deepEqual(place.ports, [1, 2]);
  await place.answer(new PublishError("fake", "refused", { isPermanent: true }));
  assert.deepEqual(events.map(({ external }) => external.port), [1, 2]);
});

Deno.test("PublisherRunner tries a permanent refusal again after 15 minutes", async () => {
  const { place, runner, deliver, events, clock } = setUp();
  await using _ending = runner;
  await deliver(mapped(1));
  await place.answer(new PublishError("fake", "refused", { isPermanent: true }));
  assert.equal(events.length, 1);
  await clock.advance(899_999);
  assert.equal(place.asked.length, 1);
  await clock.advance(1);
  await place.answer();
  assert.deepEqual(events.map(({ event }) => event), ["publish-failed", "published"]);
});

Deno.test("PublisherRunner asks no sooner than Retry-After says, whatever the news", async () => {
  const { place, runner, deliver, clock } = setUp();
  await using _ending = runner;
  await deliver(mapped(1));
  await place.answer(new PublishError("fake", "slow down", { retryAfterMs: 60_000 }));
  await clock.advance(30_000);
  await deliver(changed(2));
  await clock.advance(29_999);
  assert.deepEqual(place.ports, [1]);
  await clock.advance(1);
  assert.deepEqual(place.ports, [1, 2]);
  await place.answer();
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("PublisherRunner retries nothing while the mapping is lost, and goes on when it is back", async () => {
  const { place, runner, deliver, clock } = setUp();
  await using _ending = runner;
  await deliver(mapped(1));
  await place.answer(down);
  await deliver(lost);
  assert.equal(clock.pendingTimers, 0);
  await clock.advance(3_600_000);
  assert.equal(place.asked.length, 1);
  await deliver({ ...mapped(1), event: "restored" });
  assert.equal(place.asked.length, 2);
  await place.answer();
});

Deno.test("PublisherRunner publishes again what it published before a failure in between", async () => {
  const { place, runner, deliver, told } = setUp();
  await using _ending = runner;
  await deliver(mapped(1));
  await place.answer();
  await deliver(changed(2));
  await place.answer(down);
  await deliver(changed(1));
  assert.deepEqual(place.ports, [1, 2, 1]);
  await place.answer();
  assert.deepEqual(told.map((mapping) => mapping?.external.port), [1, undefined, 1]);
});

Deno.test("PublisherRunner tells the message of errors that are no PublishError", async () => {
  const { place, runner, deliver, events } = setUp();
  await using _ending = runner;
  await deliver(mapped(1));
  await place.answer(new Error("a bug\nof ours"));
  assert.equal(events[0]?.event === "publish-failed" && events[0].reason, "a bug of ours");
});

Deno.test("PublisherRunner[Symbol.asyncDispose]() ends request and pause and takes nothing any more", async () => {
  for (const isPausing of [true, false]) {
    const { place, runner, deliver, events, clock } = setUp();
    await deliver(mapped(1));
    if (isPausing) await place.answer(down);
    await runner[Symbol.asyncDispose]();
    await deliver(changed(2));
    assert.deepEqual(place.ports, [1]);
    assert.equal(events.length, isPausing ? 1 : 0);
    assert.equal(clock.pendingTimers, 0);
  }
});

Deno.test("PublisherRunner forgets what was told as soon as it asks, so that being stopped loses nothing", async () => {
  const { place, runner, deliver, told } = setUp({
    internal: mapped().internal,
    external: mapped(1).external,
  });
  await deliver(changed(2));
  assert.deepEqual(place.ports, [2]);
  assert.deepEqual(told, [undefined]);
  // The server may have taken it: after a restart, being back at 1 is news.
  await runner[Symbol.asyncDispose]();
  assert.deepEqual(told, [undefined]);
});
