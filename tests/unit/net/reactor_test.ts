import assert from "node:assert/strict";
import { EPOLLIN, EPOLLOUT, EventFd, holdLibc } from "../../../ffi/mod.ts";
import { type LogFields, type Logger, silentLogger } from "../../../src/core/log.ts";
import { Reactor } from "../../../src/net/reactor.ts";
import { withFdCheck } from "../../leak.ts";

function reactorTest(name: string, test: (reactor: Reactor) => Promise<void>, log = silentLogger): void {
  Deno.test(`Reactor.${name}`, () =>
    withFdCheck(async () => {
      using _libc = holdLibc();
      await using reactor = Reactor.open(log);
      await test(reactor);
    }));
}

/** A bell that is watched; `rings` counts the events it was told. */
class WatchedBell implements Disposable {
  readonly bell = new EventFd();
  rings = 0;
  onRing: () => void = () => {};
  readonly #watch: ReturnType<Reactor["watch"]>;
  #isOpen = true;

  constructor(reactor: Reactor, onRing?: () => void) {
    if (onRing) this.onRing = onRing;
    this.#watch = reactor.watch(this.bell.descriptor, EPOLLIN, this);
  }

  onReady(): void {
    this.rings++;
    this.bell.silence();
    this.onRing();
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#watch.remove();
    this.bell[Symbol.dispose]();
  }
}

reactorTest("watch() wakes for events while parked, and for descriptors added then", async (reactor) => {
  const first = Promise.withResolvers<void>();
  using a = new WatchedBell(reactor, first.resolve);
  await new Promise((resolve) => setTimeout(resolve, 5)); // it is parked now
  a.bell.ring();
  await first.promise;
  const second = Promise.withResolvers<void>();
  await new Promise((resolve) => setTimeout(resolve, 5));
  using b = new WatchedBell(reactor, second.resolve);
  b.bell.ring();
  await second.promise;
  assert.deepEqual([a.rings, b.rings], [1, 1]);
});

reactorTest("watch() never calls the handler from inside", async (reactor) => {
  using bell = new EventFd();
  bell.ring();
  const seen: string[] = [];
  const done = Promise.withResolvers<void>();
  const watch = reactor.watch(bell.descriptor, EPOLLIN, {
    onReady(): void {
      seen.push("ready");
      bell.silence();
      done.resolve();
    },
  });
  seen.push("watched");
  await done.promise;
  assert.deepEqual(seen, ["watched", "ready"]);
  watch.remove();
});

reactorTest("watch() delivers nothing to a watch removed in the same batch", async (reactor) => {
  const bells: WatchedBell[] = [];
  const done = Promise.withResolvers<void>();
  const replacements: WatchedBell[] = [];
  const onRing = (): void => {
    // Closes everything, and reuses the very same descriptor numbers at once.
    for (const bell of bells) bell[Symbol.dispose]();
    for (let i = 0; i < 10; i++) replacements.push(new WatchedBell(reactor));
    done.resolve();
  };
  for (let i = 0; i < 10; i++) bells.push(new WatchedBell(reactor, onRing));
  for (const { bell } of bells) bell.ring();
  await done.promise;
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(bells.reduce((sum, bell) => sum + bell.rings, 0), 1);
  assert.equal(replacements.reduce((sum, bell) => sum + bell.rings, 0), 0);
  for (const bell of replacements) bell[Symbol.dispose]();
});

const lines: { message: string; fields: LogFields | undefined }[] = [];
const recording: Logger = {
  ...silentLogger,
  error: (message, fields) => lines.push({ message, fields }),
};

reactorTest("watch() survives a handler that throws, and logs it", async (reactor) => {
  lines.length = 0;
  const second = Promise.withResolvers<void>();
  using bell = new WatchedBell(reactor, () => {
    if (bell.rings === 1) throw new Error("on purpose");
    second.resolve();
  });
  bell.bell.ring();
  await new Promise((resolve) => setTimeout(resolve, 5));
  bell.bell.ring();
  await second.promise;
  assert.deepEqual(lines.map((line) => [line.message, line.fields?.["reason"]]), [
    ["Cannot handle socket event", "on purpose"],
  ]);
}, recording);

reactorTest("watch() lets timers run while a descriptor is ready for ever", async (reactor) => {
  using bell = new EventFd();
  let count = 0;
  const watch = reactor.watch(bell.descriptor, EPOLLOUT, { onReady: () => void count++ });
  await new Promise((resolve) => setTimeout(resolve, 10)); // would hang without a pause
  watch.setInterest(0);
  const before = count;
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(before > 1);
  assert.equal(count, before);
  watch.remove();
});

reactorTest("defer() calls back when everything that waited has gone on", async (reactor) => {
  const seen: string[] = [];
  const deep = async (depth: number): Promise<void> => {
    if (depth > 0) await deep(depth - 1);
    else await undefined;
  };
  const done = Promise.withResolvers<void>();
  reactor.defer(() => {
    seen.push("deferred");
    done.resolve();
  });
  await deep(100);
  seen.push("gone on");
  await done.promise;
  assert.deepEqual(seen, ["gone on", "deferred"]);
});

reactorTest("defer() wakes a parked reactor", async (reactor) => {
  using _bell = new WatchedBell(reactor);
  await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise<void>((resolve) => reactor.defer(resolve));
});

reactorTest("asyncDispose() ends the waiting call while descriptors are watched", async (reactor) => {
  const bell = new WatchedBell(reactor);
  await new Promise((resolve) => setTimeout(resolve, 5));
  bell.bell.ring();
  await reactor[Symbol.asyncDispose]();
  assert.throws(() => reactor.watch(bell.bell.descriptor, EPOLLIN, bell), TypeError);
  bell.bell[Symbol.dispose]();
});

reactorTest("asyncDispose() may come from a handler", async (reactor) => {
  const done = Promise.withResolvers<Promise<void>>();
  const bell = new WatchedBell(reactor, () => {
    bell[Symbol.dispose]();
    done.resolve(reactor[Symbol.asyncDispose]());
  });
  bell.bell.ring();
  await done.promise;
});

reactorTest("watch() starts again after the last watch was removed", async (reactor) => {
  for (let i = 0; i < 20; i++) {
    const rung = Promise.withResolvers<void>();
    using bell = new WatchedBell(reactor, rung.resolve);
    if (i % 2 === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    bell.bell.ring();
    await rung.promise;
  }
});
