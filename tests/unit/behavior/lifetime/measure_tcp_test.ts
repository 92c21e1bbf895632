import assert from "node:assert/strict";
import fc from "fast-check";
import type { TransportLifetime } from "../../../../src/behavior/lifetime/lifetime_report.ts";
import { measureLifetime } from "../../../../src/behavior/lifetime/measure_lifetime.ts";
import { type KeepAliveMode, KeepAliveServer } from "../../../../src/box/keep_alive_server.ts";
import { silentLogger } from "../../../../src/core/log.ts";
import type { ConnectOptions, StreamConnection } from "../../../../src/core/net.ts";
import { NetView } from "../../../../src/core/net_view.ts";
import { openStunServer } from "../../../../src/stun/stun_server.ts";
import { FakeClock } from "../../../fakes/fake_clock.ts";
import { FakeNet, kernelError } from "../../../fakes/fake_net.ts";
import { fakeRandom } from "../../../fakes/fake_random.ts";

/** What a NAT does with packets of a connection that it forgot. */
type Forgotten = "silent" | "reset" | "reset-at-once";

interface NatOptions {
  readonly clock: FakeClock;
  readonly net: FakeNet;
  readonly lifetimeMs: number;
  readonly forgotten: Forgotten;
}

/** Connections through a NAT that forgets idle ones; those that the kernel probes are never idle. */
class ForgetfulStreams extends NetView {
  opened = 0;
  readonly #options: NatOptions;

  constructor(options: NatOptions) {
    super(options.net);
    this.#options = options;
  }

  override async connectStream(options: ConnectOptions): Promise<StreamConnection> {
    const { clock, lifetimeMs, forgotten } = this.#options;
    const limitMs = options.probe === undefined ? lifetimeMs : Infinity;
    let usedMs = clock.now();
    let isOver = false;
    let timer: Disposable | undefined;
    const isAlive = (): boolean => !isOver && clock.now() - usedMs < limitMs;
    const reset = (): void => {
      if (!isOver) options.onEnd(kernelError("ECONNRESET", "read"));
      isOver = true;
    };
    const use = (): void => {
      usedMs = clock.now();
      timer?.[Symbol.dispose]();
      if (forgotten === "reset-at-once" && limitMs < Infinity) timer = clock.schedule(limitMs, reset);
    };
    this.opened++;
    const connection = await super.connectStream({
      ...options,
      onData: (data) => {
        if (!isAlive()) return;
        use();
        options.onData(data);
      },
      onEnd: (error) => {
        if (!isAlive()) return;
        isOver = true;
        options.onEnd(error);
      },
    });
    use();
    const close = (): void => {
      isOver = true;
      timer?.[Symbol.dispose]();
      connection.abort();
    };
    return {
      local: connection.local,
      remote: connection.remote,
      pendingBytes: 0,
      write: (data): void => {
        if (isAlive()) {
          use();
          connection.write(data);
        } else if (forgotten !== "silent") {
          clock.schedule(20, reset);
        }
      },
      setPaused: (isPaused): void => connection.setPaused(isPaused),
      end: (): void => connection.end(),
      abort: close,
      [Symbol.dispose]: close,
    };
  }
}

interface Options {
  readonly lifetimeMs: number;
  readonly forgotten?: Forgotten;
  readonly modes?: readonly KeepAliveMode[];
  readonly maxMs?: number;
  readonly hasStun?: boolean;
}

interface Measured {
  readonly report: TransportLifetime;
  readonly opened: number;
}

async function measure(options: Options): Promise<Measured> {
  const { lifetimeMs, forgotten = "silent", modes = [{ kind: "normal" }], maxMs = 90_000 } = options;
  const clock = new FakeClock();
  const net = new FakeNet({ clock });
  await using stack = new AsyncDisposableStack();
  const hosts = modes.map((_, i) => ({ host: `198.51.100.${i + 1}`, port: 80 }));
  for (const [i, mode] of modes.entries()) {
    const listen = { address: `198.51.100.${i + 1}`, port: 80 };
    stack.use(await KeepAliveServer.open({ net, clock, listen, mode }));
  }
  const stun = { address: "198.51.100.99", port: 3478 };
  if (options.hasStun) {
    stack.use(await openStunServer({ net, clock, log: silentLogger, listen: stun, idleMs: 9_000 }));
  }
  const nat = new ForgetfulStreams({ clock, net, lifetimeMs, forgotten });
  let isOver = false;
  const measuring = measureLifetime({
    ...{ platform: { clock, net: nat, log: silentLogger, random: fakeRandom() }, protocol: "tcp", maxMs },
    stunServers: options.hasStun ? [{ host: stun.address, port: stun.port }] : [],
    keepAliveHosts: hosts,
    signal: new AbortController().signal,
  }).finally(() => isOver = true);
  for (let i = 0; !isOver && i < 4000; i++) await clock.advance(250);
  return { report: await measuring, opened: nat.opened };
}

for (const forgotten of ["silent", "reset", "reset-at-once"] as const) {
  Deno.test(`measureLifetime() measures TCP behind a NAT that forgets, ${forgotten}`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 3_000, max: 80_000 }), async (lifetimeMs) => {
        const { report, opened } = await measure({ lifetimeMs, forgotten });
        const { verdict, aliveMs, deadMs = Infinity } = report;
        assert.equal(verdict, "measured", JSON.stringify(report));
        assert.ok(aliveMs < lifetimeMs && lifetimeMs <= deadMs + 50, `${aliveMs} ${lifetimeMs} ${deadMs}`);
        if (lifetimeMs >= 15_000 && lifetimeMs <= 60_000) assert.ok(deadMs - aliveMs <= 2_500);
        assert.ok(opened <= 24, `${opened} connections`);
      }),
      { numRuns: 15, endOnFailure: true },
    );
  });
}

Deno.test("measureLifetime() does not take hosts that close for a NAT that forgets", async () => {
  const { report } = await measure({ lifetimeMs: 60_000, modes: [{ kind: "close-after", delayMs: 20_000 }] });
  assert.deepEqual([report.verdict, report.reason], ["at-least", "servers-close"]);
  assert.ok(report.aliveMs >= 15_000 && report.aliveMs <= 20_000, `${report.aliveMs}`);
  assert.equal(report.deadMs, undefined);
});

Deno.test("measureLifetime() goes on with hosts that stay where others close", async () => {
  const modes: readonly KeepAliveMode[] = [{ kind: "close-after", delayMs: 10_000 }, { kind: "normal" }];
  const { report } = await measure({ lifetimeMs: 40_000, modes, hasStun: true });
  assert.equal(report.verdict, "measured");
  assert.ok(report.aliveMs < 40_000 && (report.deadMs ?? 0) >= 40_000);
});

Deno.test("measureLifetime() leaves no connection open when aborted, whenever that is", async () => {
  for (const afterMs of [0, 15, 25, 45, 1_000, 7_050, 20_000]) {
    const clock = new FakeClock();
    const net = new FakeNet({ clock });
    const listen = { address: "198.51.100.1", port: 80 };
    const server = await KeepAliveServer.open({ net, clock, listen });
    const controller = new AbortController();
    const measuring = measureLifetime({
      ...{ platform: { clock, net, log: silentLogger, random: fakeRandom() }, protocol: "tcp" },
      ...{ stunServers: [], keepAliveHosts: [{ host: listen.address, port: 80 }], signal: controller.signal },
    });
    const rejected = assert.rejects(measuring, (error) => error === controller.signal.reason);
    await clock.advance(afterMs);
    controller.abort(new Error("enough"));
    await rejected;
    await clock.advance(100);
    server.stop();
    // The host's side; what a reset leaves of the other one is the fake's.
    const ours = [...net.open].filter((one) => (one as StreamConnection).local.address === net.localAddress);
    assert.equal(ours.length, 0, `${afterMs} ms`);
    assert.equal(clock.pendingTimers, 0, `${afterMs} ms`);
  }
});

Deno.test("measureLifetime() says that nobody answered over TCP", async () => {
  const { report } = await measure({ lifetimeMs: 40_000, modes: [{ kind: "silent" }] });
  assert.deepEqual([report.verdict, report.reason], ["unknown", "no-answer"]);
});
