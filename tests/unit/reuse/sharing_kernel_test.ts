/** Real services, real sockets: what the kernel makes of it. */
import assert from "node:assert/strict";
import { holdLibc } from "../../../ffi/mod.ts";
import { systemClock } from "../../../src/core/clock.ts";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import { silentLogger } from "../../../src/core/log.ts";
import type { Net, StreamConnection } from "../../../src/core/net.ts";
import { LinuxNet } from "../../../src/net/linux_net.ts";
import type { PortNews } from "../../../src/reuse/port_news.ts";
import { PortSharing } from "../../../src/reuse/share_port.ts";
import { PortShareError } from "../../../src/reuse/share_refusal.ts";
import { SharingNet } from "../../../src/reuse/sharing_net.ts";
import { withFdCheck } from "../../leak.ts";
import { connectionStates, type ServiceOptions, ServiceProcess, skipReason } from "./service_process.ts";

const quiet = { onData(): void {}, onEnd(): void {} };

interface World {
  readonly net: LinuxNet;
  readonly shared: SharingNet;
  readonly sharing: PortSharing;
  readonly news: PortNews[];
}

function kernelTest(name: string, run: (world: World) => Promise<void>): void {
  Deno.test({
    name: skipReason === undefined ? name : `${name} (skipped: ${skipReason})`,
    ignore: skipReason !== undefined,
    fn: () =>
      withFdCheck(async () => {
        using _libc = holdLibc();
        await using net = LinuxNet.open({ log: silentLogger, clock: systemClock });
        await using sharing = PortSharing.open({ log: silentLogger });
        const news: PortNews[] = [];
        const shared = new SharingNet({
          ...{ net, sharing, clock: systemClock, log: silentLogger },
          onWay: (way) => news.push(way),
        });
        await run({ net, sharing, shared, news });
      }),
  });
}

/** One visit; resolves to what the service said. */
async function visit(net: Net, remote: Endpoint): Promise<string> {
  const said = Promise.withResolvers<string>();
  using _visit = await net.connectStream({
    remote,
    onData: (data) => said.resolve(new TextDecoder().decode(data)),
    onEnd: (error) => said.resolve(`ended: ${error?.message}`),
  });
  return await said.promise;
}

async function visitOften(net: Net, remote: Endpoint, count: number): Promise<void> {
  for (let i = 0; i < count; i++) assert.equal(await visit(net, remote), "service", `visit ${i}`);
}

/** Strangers' datagrams, each from a socket of its own; resolves to how many were answered by the service. */
async function ask(net: Net, remote: Endpoint, count: number): Promise<number> {
  let answered = 0;
  for (let i = 0; i < count; i += 50) {
    using stack = new DisposableStack();
    const answers = Array.from({ length: 50 }, async () => {
      const answer = Promise.withResolvers<void>();
      const socket = stack.use(
        await net.openDatagram({
          ...{ local: { address: "127.0.0.1", port: 0 }, remote },
          onDatagram: (data) => {
            if (new TextDecoder().decode(data) === "service") answered++;
            answer.resolve();
          },
        }),
      );
      socket.send(new Uint8Array(8));
      const patience = systemClock.schedule(2000, answer.resolve); // a lost one is counted, not waited for
      await answer.promise;
      patience[Symbol.dispose]();
    });
    await Promise.all(answers);
  }
  return answered;
}

/** A host to connect to from the shared port. */
async function openBusyHost(net: Net): Promise<Endpoint> {
  const { local } = await net.listenStream({
    local: { address: "127.0.0.1", port: 0 },
    onConnection: () => quiet,
  });
  return local;
}

const TCP_CASES: readonly (readonly [string, Partial<ServiceOptions>, Endpoint["address"]])[] = [
  ["a wildcard listener of another user", {}, "127.0.0.1"],
  ["a listener on loopback", { address: "127.0.0.1" }, "127.0.0.1"],
  ["a dual-stack listener", { address: "::" }, "127.0.0.1"],
  ["a dual-stack listener, from IPv6", { address: "::" }, "::1"],
  ["a listener without SO_REUSEADDR", { reuseAddress: false }, "127.0.0.1"],
  ["a listener of our own user", { uid: 0 }, "127.0.0.1"],
  ["a wildcard listener, from a wildcard", {}, "0.0.0.0"],
];

for (const [what, options, address] of TCP_CASES) {
  kernelTest(`SharingNet shares the port of ${what} and restores it`, async (world) => {
    const { net, shared, sharing, news } = world;
    await using service = await ServiceProcess.start({ protocol: "tcp", ...options });
    const before = service.state;
    assert.deepEqual([before?.reusePort, before?.reuseAddress], [false, options.reuseAddress ?? true]);
    const count = service.descriptorCount;
    const local = { address, port: service.port };
    await assert.rejects(net.reservePort({ local, reusePort: true }), { code: "EADDRINUSE" });
    using held = await shared.reservePort({ local, reusePort: true });
    assert.deepEqual(held.local, local);
    assert.deepEqual(news, [{
      kind: "made-shareable",
      holders: [{ pid: service.pid, comm: "deno" }],
      canRestart: options.reuseAddress ?? true,
    }]);
    assert.deepEqual([service.state?.reusePort, service.descriptorCount], [true, count]);
    const remote = address === "::1" ? service.endpoint : await openBusyHost(net);
    if (address === "127.0.0.1") {
      using out = await shared.connectStream({ local, remote, reusePort: true, ...quiet });
      assert.deepEqual(out.local, local);
      await visitOften(net, service.endpoint, 100);
    }
    await visitOften(net, service.endpoint, 20);
    await sharing[Symbol.asyncDispose]();
    assert.deepEqual(service.state, before);
    // For a socket of the very same user the kernel remembers that the address was shared (tb->fastuid).
    if (options.uid !== 0) {
      await assert.rejects(net.reservePort({ local, reusePort: true }), { code: "EADDRINUSE" });
    }
    await visitOften(net, service.endpoint, 20);
  });
}

kernelTest("SharingNet needs nothing of a service that shares its port but its user", async (world) => {
  const { shared, news, net } = world;
  await using service = await ServiceProcess.start({ protocol: "tcp", reusePort: true, reuseAddress: false });
  const local = { address: "127.0.0.1", port: service.port };
  await assert.rejects(net.reservePort({ local, reusePort: true }), { code: "EADDRINUSE" });
  using _held = await shared.reservePort({ local, reusePort: true });
  assert.deepEqual(news, [{ kind: "shares", holders: [{ pid: service.pid, comm: "deno" }] }]);
  assert.deepEqual([service.state?.reusePort, service.state?.reuseAddress], [true, false], "untouched");
  await visitOften(net, service.endpoint, 20);
});

kernelTest("SharingNet says that nothing is there, and where else the port is served", async (world) => {
  const { shared, news } = world;
  await using service = await ServiceProcess.start({ protocol: "tcp", address: "127.0.0.1" });
  const { port } = service;
  using _held = await shared.reservePort({ local: { address: "127.0.0.2", port }, reusePort: true });
  assert.deepEqual(news, [{ kind: "nothing-there", elsewhere: [{ address: "127.0.0.1", port }] }]);
  assert.deepEqual([service.state?.reusePort, service.state?.reuseAddress], [false, true], "untouched");
});

/** Two services on one port; a neighbour of this test may have that of the second, so other ports are tried. */
async function startPair(
  stack: AsyncDisposableStack,
  ...[first, second]: readonly [Partial<ServiceOptions>, Partial<ServiceOptions>]
): Promise<readonly [ServiceProcess, ServiceProcess]> {
  const problems: unknown[] = [];
  while (problems.length < 5) {
    const one = stack.use(await ServiceProcess.start({ protocol: "tcp", ...first }));
    try {
      const two = await ServiceProcess.start({ protocol: "tcp", ...second, port: one.port });
      return [one, stack.use(two)];
    } catch (error) {
      problems.push(error);
    }
  }
  throw new AggregateError(problems, "Cannot start two services");
}

kernelTest("SharingNet leaves a listener alone that serves IPv6 only", async (world) => {
  const { shared, news } = world;
  await using stack = new AsyncDisposableStack();
  const [ipv4, ipv6] = await startPair(stack, {}, { address: "::", isIpv6Only: true, uid: 1 });
  using _held = await shared.reservePort({
    local: { address: "127.0.0.1", port: ipv4.port },
    reusePort: true,
  });
  assert.deepEqual([ipv4.state?.reusePort, ipv6.state?.reusePort], [true, false]);
  assert.equal(news[0]?.kind, "made-shareable");
});

kernelTest("SharingNet shares every socket of a port that connections and workers have", async (world) => {
  const { net, shared, sharing } = world;
  await using service = await ServiceProcess.start({ protocol: "tcp", reuseAddress: false });
  const early = await openVisits(net, service.endpoint, 40);
  const local = { address: "127.0.0.1", port: service.port };
  using _held = await shared.reservePort({ local, reusePort: true });
  const late = await openVisits(net, service.endpoint, 5);
  const during = await connectionStates(service.pid, service.port);
  assert.deepEqual([during.length, during.every(({ reusePort }) => reusePort)], [45, true]);
  using _again = await shared.reservePort({ local, reusePort: true });
  await sharing[Symbol.asyncDispose]();
  const after = await connectionStates(service.pid, service.port);
  assert.deepEqual([after.length, after.some((one) => one.reusePort || one.reuseAddress)], [45, false]);
  for (const visitor of [...early, ...late]) visitor.abort();
});

kernelTest(
  "SharingNet shares a port without SO_REUSEADDR while visitors come without a pause",
  async (world) => {
    const { net, shared } = world;
    await using service = await ServiceProcess.start({ protocol: "tcp", reuseAddress: false });
    let isOver = false;
    const visitors = Array.from({ length: 8 }, async () => {
      while (!isOver) assert.equal(await visit(net, service.endpoint), "service");
    });
    using held = await shared.reservePort({
      ...{ local: { address: "127.0.0.1", port: service.port }, reusePort: true },
    });
    assert.equal(held.local.port, service.port);
    isOver = true;
    await Promise.all(visitors);
  },
);

async function openVisits(net: Net, remote: Endpoint, count: number): Promise<StreamConnection[]> {
  const visits: StreamConnection[] = [];
  for (let i = 0; i < count; i++) {
    const greeted = Promise.withResolvers<void>();
    visits.push(await net.connectStream({ remote, onData: () => greeted.resolve(), onEnd: () => {} }));
    await greeted.promise; // it was accepted, so it has a descriptor
  }
  return visits;
}

kernelTest("SharingNet lets the service end and start anew, and shares it again", async (world) => {
  const { net, shared, news } = world;
  const first = await ServiceProcess.start({ protocol: "tcp" });
  const local = { address: "127.0.0.1", port: first.port };
  using _held = await shared.reservePort({ local, reusePort: true });
  await first[Symbol.asyncDispose]();
  // A copy of the listener kept by us would accept here for nobody.
  await assert.rejects(net.connectStream({ remote: local, ...quiet }), { code: "ECONNREFUSED" });
  await using second = await ServiceProcess.start({ protocol: "tcp", port: local.port, uid: 1 });
  const remote = await openBusyHost(net);
  using _out = await shared.connectStream({ local, remote, reusePort: true, ...quiet });
  assert.deepEqual(news.map((way) => "holders" in way ? way.holders[0]?.pid : way.kind), [
    first.pid,
    second.pid,
  ]);
  await visitOften(net, second.endpoint, 20);
});

kernelTest(
  "SharingNet waits for closed connections of a service, and says so once",
  async ({ net, sharing }) => {
    await using service = await ServiceProcess.start({ protocol: "tcp", reuseAddress: false });
    const [visitor] = await openVisits(net, service.endpoint, 1);
    visitor?.write(new Uint8Array(1)); // it hangs up, so the TIME_WAIT is the service's
    const local = { address: "127.0.0.1", port: service.port };
    const waits = Promise.withResolvers<PortNews>();
    const stop = new AbortController();
    const log = silentLogger;
    const shared = new SharingNet({
      ...{ net, sharing, clock: systemClock, log, onWay: waits.resolve, signal: stop.signal },
    });
    while (await isEstablished(service)) await new Promise((resolve) => setTimeout(resolve, 5));
    visitor?.end();
    const pending = shared.reservePort({ local, reusePort: true });
    const refused = assert.rejects(pending, (error) => error === stop.signal.reason);
    assert.deepEqual(await waits.promise, { kind: "waiting", count: 1, limitMs: 60_000 });
    stop.abort(new Error("enough"));
    await refused;
  },
);

async function isEstablished(service: ServiceProcess): Promise<boolean> {
  return (await connectionStates(service.pid, service.port)).length > 0;
}

for (const address of ["0.0.0.0", "::", "127.0.0.1"]) {
  kernelTest(`SharingNet takes no datagram from a UDP service on ${address}`, async (world) => {
    const { net, shared, sharing } = world;
    await using service = await ServiceProcess.start({ protocol: "udp", address });
    const before = service.state;
    const local = { address: "127.0.0.1", port: service.port };
    const count = service.descriptorCount;
    const taken: Uint8Array[] = [];
    const open = (port: number): Promise<Disposable> =>
      shared.openDatagram({
        ...{ local, remote: { address: "127.0.0.1", port }, reusePort: true },
        onDatagram: (data) => void taken.push(data.slice()),
      });
    using _held = await open(9);
    assert.deepEqual([service.state?.reusePort, service.state?.reuseAddress], [true, before?.reuseAddress]);
    let isOver = false;
    const coming = (async (): Promise<void> => {
      for (let port = 10_000; !isOver; port++) {
        using _socket = await open(port);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    })();
    const answered = await ask(net, { address: "127.0.0.1", port: service.port }, 1000);
    isOver = true;
    await coming;
    assert.deepEqual([answered, taken], [1000, []]);
    await sharing[Symbol.asyncDispose]();
    assert.deepEqual([service.state, service.descriptorCount], [before, count]);
  });
}

kernelTest("SharingNet refuses a UDP socket that would take a service's datagrams", async ({ shared }) => {
  await assert.rejects(
    shared.openDatagram({
      ...{ local: { address: "127.0.0.1", port: 9 }, reusePort: true, onDatagram: quiet.onData },
    }),
    { name: "TypeError", message: "Cannot share udp port 127.0.0.1:9: the socket is not connected" },
  );
});

kernelTest("SharingNet says why when users differ, and touches nothing", async ({ shared }) => {
  await using stack = new AsyncDisposableStack();
  const [one, two] = await startPair(
    stack,
    { address: "127.0.0.1", uid: 1 },
    { address: "127.0.0.2", uid: 2 },
  );
  const local = { address: "0.0.0.0", port: one.port };
  await assert.rejects(shared.reservePort({ local, reusePort: true }), (error: Error) => {
    assert.ok(error.cause instanceof PortShareError);
    assert.deepEqual(error.cause.reason, { kind: "mixed-uids", uids: [1, 2] });
    return "code" in error && error.code === "EADDRINUSE";
  });
  assert.deepEqual([one.state?.reusePort, two.state?.reusePort], [false, false]);
});
