import assert from "node:assert/strict";
import fc from "fast-check";
import type { TransportLifetime } from "../../../../src/behavior/lifetime/lifetime_report.ts";
import {
  type LifetimeProgress,
  measureLifetime,
  type MeasureLifetimeOptions,
} from "../../../../src/behavior/lifetime/measure_lifetime.ts";
import { ForgetfulNat, type ForgetfulNatOptions, SERVER } from "./forgetful_nat.ts";
import { settle } from "../../../fakes/fake_clock.ts";

interface Measured {
  readonly report: TransportLifetime;
  readonly elapsedMs: number;
  readonly nat: ForgetfulNat;
}

async function measure(
  options: ForgetfulNatOptions,
  more: Partial<MeasureLifetimeOptions> & { readonly hasServer?: boolean } = {},
): Promise<Measured> {
  const nat = new ForgetfulNat(options);
  const { hasServer = true, ...rest } = more;
  await using _server = hasServer ? await nat.serve() : undefined;
  const measuring = measureLifetime({
    ...{ platform: nat.platform, protocol: "udp" as const, signal: new AbortController().signal },
    stunServers: [{ host: SERVER.address, port: SERVER.port }],
    ...rest,
  });
  let report: TransportLifetime | undefined;
  measuring.then((value) => report = value, () => {});
  for (let i = 0; report === undefined && i < 6000; i++) {
    await nat.clock.advance(250);
    await settle();
  }
  report = await measuring;
  return { report, elapsedMs: nat.clock.now(), nat };
}

/** Every second server knows nothing of RESPONSE-PORT. */
function withoutResponsePort(nat: ForgetfulNat): void {
  const route = nat.net.route;
  nat.net.route = (packet) => {
    const hex = packet.data.toHex();
    return hex.slice(40).includes("00270004") ? undefined : route(packet);
  };
}

function assertTrue({ report }: Measured, lifetimeMs: number): void {
  const { verdict, aliveMs, deadMs = Infinity, reason } = report;
  if (verdict === "unknown") return assert.ok(reason !== undefined);
  // 10 ms are the way to the NAT.
  assert.ok(aliveMs < lifetimeMs && lifetimeMs <= deadMs + 20, `${aliveMs} < ${lifetimeMs} <= ${deadMs}`);
}

Deno.test("measureLifetime() tells lifetimes apart over UDP, whatever the NAT does with ports, loss included", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        lifetimeMs: fc.integer({ min: 5_000, max: 400_000 }),
        ports: fc.constantFrom("random", "preserving", "sticky"),
        inboundRefreshes: fc.boolean(),
        hairpins: fc.boolean(),
        filtering: fc.constantFrom("everyone", "asked"),
        loss: fc.constantFrom(0, 0.05),
        seed: fc.nat(10_000),
      }),
      async (options) => {
        const measured = await measure(options as ForgetfulNatOptions);
        const { report, nat } = measured;
        assertTrue(measured, options.lifetimeMs);
        assert.ok(report.sockets <= 24, `${report.sockets} sockets`);
        assert.ok(nat.net.sent.length < 1500, `${nat.net.sent.length} packets`);
        assert.equal(nat.net.open.size, 0, "every socket is closed");
        // All three questions to the only server may be lost.
        const isLost = options.loss > 0 && report.reason === "no-answer";
        if (options.lifetimeMs < 290_000 && !isLost) assert.equal(report.verdict, "measured");
        if (report.inboundRefresh !== "unknown") {
          assert.equal(report.inboundRefresh, options.inboundRefreshes ? "yes" : "no");
        }
      },
    ),
    { numRuns: 60, endOnFailure: true },
  );
});

for (const lifetimeMs of [15_000, 30_000, 60_000]) {
  Deno.test(`measureLifetime() measures ${lifetimeMs} ms within 2 s`, async () => {
    const measured = await measure({ lifetimeMs });
    const { report, elapsedMs } = measured;
    assertTrue(measured, lifetimeMs);
    assert.equal(report.way, "response-port");
    assert.ok((report.deadMs ?? Infinity) - report.aliveMs <= 2_000, `${report.aliveMs} ${report.deadMs}`);
    assert.ok(elapsedMs < lifetimeMs + 40_000, `${elapsedMs}`);
    assert.deepEqual([report.inboundRefresh, report.outboundRefresh], ["no", "yes"]);
    assert.equal(report.samePortAgain, "no");
    assert.equal(report.recommendedMs, { 15_000: 5_000, 30_000: 9_000, 60_000: 19_000 }[lifetimeMs]);
  });
}

Deno.test("measureLifetime() gives up names that do not resolve in time", async () => {
  for (const protocol of ["udp", "tcp"] as const) {
    const nat = new ForgetfulNat({ lifetimeMs: 20_000 });
    const { signal } = new AbortController();
    nat.net.resolve = (_host, _family, until) =>
      new Promise((_, reject) => until?.addEventListener("abort", () => reject(until.reason)));
    const stunServers = ["a", "b", "c"].map((name) => ({ host: `${name}.example`, port: 3478 }));
    const measuring = measureLifetime({ platform: nat.platform, protocol, signal, stunServers });
    for (let i = 0; i < 60; i++) {
      await nat.clock.advance(250);
      await settle();
    }
    const { verdict, reason } = await measuring;
    assert.deepEqual([verdict, reason], ["unknown", "no-server"]);
    assert.equal(nat.net.open.size, 0);
    assert.equal(nat.clock.pendingTimers, 0);
  }
});

Deno.test("measureLifetime() sees that traffic from outside keeps a mapping", async () => {
  const { report } = await measure({ lifetimeMs: 30_000, inboundRefreshes: true });
  assert.equal(report.verdict, "measured");
  assert.equal(report.inboundRefresh, "yes");
});

Deno.test("measureLifetime() is not misled by a NAT that gives the same port again", async () => {
  for (const ports of ["preserving", "sticky"] as const) {
    const measured = await measure({ lifetimeMs: 20_000, ports });
    assertTrue(measured, 20_000);
    assert.equal(measured.report.verdict, "measured");
    assert.equal(measured.report.samePortAgain, "yes");
  }
});

Deno.test("measureLifetime() says at least the maximum where nothing dies before", async () => {
  const { report } = await measure({ lifetimeMs: 200_000 }, { maxMs: 60_000 });
  assert.equal(report.verdict, "at-least");
  assert.ok(report.aliveMs >= 59_950);
  assert.equal(report.recommendedMs, 19_000);
});

async function measureBlind(options: ForgetfulNatOptions): Promise<TransportLifetime> {
  const nat = new ForgetfulNat(options);
  withoutResponsePort(nat);
  await using _server = await nat.serve();
  const measuring = measureLifetime({
    ...{ platform: nat.platform, protocol: "udp", maxMs: 60_000, signal: new AbortController().signal },
    stunServers: [{ host: SERVER.address, port: SERVER.port }],
  });
  let isOver = false;
  measuring.finally(() => isOver = true);
  for (let i = 0; !isOver && i < 2000; i++) await nat.clock.advance(250);
  return await measuring;
}

Deno.test("measureLifetime() does without RESPONSE-PORT: by hairpinning, or by other ports after deaths", async () => {
  const hairpin = await measureBlind({ lifetimeMs: 20_000, hairpins: true, ports: "sticky" });
  assert.equal(hairpin.way, "hairpin");
  assert.ok(hairpin.aliveMs < 20_000 && (hairpin.deadMs ?? 0) >= 19_980);
  const again = await measureBlind({ lifetimeMs: 20_000 });
  assert.equal(again.way, "same-port");
  assert.ok(again.aliveMs < 20_000 && (again.deadMs ?? 0) >= 19_980);
});

Deno.test("measureLifetime() says why it does not know", async () => {
  const silent = await measure({ lifetimeMs: 20_000 }, { hasServer: false });
  assert.deepEqual([silent.report.verdict, silent.report.reason], ["unknown", "no-answer"]);
  for (const ports of ["preserving", "sticky"] as const) {
    const kept = await measureBlind({ lifetimeMs: 20_000, ports });
    assert.deepEqual([kept.verdict, kept.reason], ["unknown", "ports-kept"], ports);
  }
});

Deno.test("measureLifetime() does not take a server that died for a NAT that forgets", async () => {
  const nat = new ForgetfulNat({ lifetimeMs: 100_000 });
  await using _server = await nat.serve();
  const measuring = measureLifetime({
    ...{ platform: nat.platform, protocol: "udp", signal: new AbortController().signal },
    stunServers: [{ host: SERVER.address, port: SERVER.port }],
  });
  await nat.clock.advance(20_000);
  nat.net.silent.add(SERVER.address);
  let isOver = false;
  measuring.finally(() => isOver = true);
  for (let i = 0; !isOver && i < 4000; i++) await nat.clock.advance(250);
  const report = await measuring;
  assert.equal(report.verdict, "at-least");
  assert.equal(report.reason, "nothing-proved");
  assert.ok(report.aliveMs < 20_000);
});

Deno.test("measureLifetime() tells how far it is, and leaves nothing open when aborted", async () => {
  const nat = new ForgetfulNat({ lifetimeMs: 30_000 });
  await using _server = await nat.serve();
  const outside = nat.net.open.size;
  const controller = new AbortController();
  const seen: LifetimeProgress[] = [];
  const measuring = measureLifetime({
    ...{ platform: nat.platform, protocol: "udp", signal: controller.signal },
    stunServers: [{ host: SERVER.address, port: SERVER.port }],
    onProgress: (progress) => seen.push(progress),
  });
  const rejected = assert.rejects(measuring, (error) => error === controller.signal.reason);
  for (let i = 0; i < 100; i++) await nat.clock.advance(250);
  controller.abort(new Error("enough"));
  await rejected;
  assert.equal(nat.net.open.size, outside);
  const { soFar } = seen.at(-1) ?? {};
  assert.deepEqual([soFar?.verdict, soFar?.reason], ["at-least", "interrupted"]);
  assert.ok((soFar?.aliveMs ?? 0) > 15_000 && (soFar?.aliveMs ?? 0) < 30_000);
});
