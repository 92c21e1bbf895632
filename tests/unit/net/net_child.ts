/**
 * Run by net_process_test.ts in a process of its own, where /proc/self/fd shows nobody else's descriptors.
 *
 * @module
 */
import assert from "node:assert/strict";
import { systemClock } from "../../../src/core/clock.ts";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import { errorCode } from "../../../src/core/errors.ts";
import { silentLogger } from "../../../src/core/log.ts";
import type { Net, StreamConnection } from "../../../src/core/net.ts";
import { LinuxNet } from "../../../src/net/linux_net.ts";

const ANY: Endpoint = { address: "127.0.0.1", port: 0 };
const quiet = { onData(): void {}, onEnd(): void {} };

function descriptors(): string[] {
  const names: string[] = [];
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      names.push(`${name} ${Deno.readLinkSync(`/proc/self/fd/${name}`)}`);
    } catch {
      // the descriptor of this very listing
    }
  }
  return names.sort();
}

async function useEverything(): Promise<void> {
  await using net = LinuxNet.open({ log: silentLogger, clock: systemClock });
  net.watchAddresses(() => {});
  const listener = await net.listenStream({ local: ANY, reusePort: true, onConnection: () => quiet });
  for (let i = 0; i < 30; i++) {
    const stream = await net.connectStream({ remote: listener.local, ...quiet });
    if (i % 3 === 0) stream.abort();
    if (i % 3 === 1) stream.end();
    await net.openDatagram({ local: ANY, remote: listener.local, onDatagram: quiet.onData });
    await net.reservePort({ local: ANY });
    await net.localAddressTowards(listener.local);
    await assert.rejects(net.listenStream({ local: { ...listener.local }, onConnection: () => quiet }));
    await assert.rejects(net.openDatagram({ local: ANY, device: "nosuchif0", onDatagram: quiet.onData }));
    await assert.rejects(net.connectStream({ remote: { address: "127.0.0.1", port: 1 }, ...quiet }));
  }
}

async function leak(): Promise<void> {
  await useEverything(); // what the runtime opens for itself stays from now on
  const before = descriptors();
  await useEverything();
  assert.deepEqual(descriptors(), before);
}

/** Runs out of descriptors: the parent set a low limit. */
async function exhaust(): Promise<void> {
  await using net = LinuxNet.open({ log: silentLogger, clock: systemClock });
  const errors: (string | undefined)[] = [];
  const accepted: StreamConnection[] = [];
  const all = Promise.withResolvers<void>();
  const isFull = Promise.withResolvers<void>();
  const listener = await net.listenStream({
    local: ANY,
    onError(error): void {
      errors.push(errorCode(error));
      isFull.resolve();
    },
    onConnection(connection): typeof quiet {
      if (accepted.push(connection) === visitors.length) all.resolve();
      return quiet;
    },
  });
  const visitors: StreamConnection[] = [];
  const ballast: Disposable[] = [];
  for (let i = 0; i < 3; i++) visitors.push(await visit(net, listener.local));
  while (await tryTo(async () => ballast.push(await net.reservePort({ local: ANY }))));
  ballast.pop()?.[Symbol.dispose]();
  visitors.push(await visit(net, listener.local)); // the last descriptor is the visitor's own
  await isFull.promise;
  await new Promise((resolve) => setTimeout(resolve, 350));
  assert.ok(errors.length >= 2 && errors.length <= 6, `${errors.length} errors in 350 ms`);
  assert.ok(errors.every((code) => code === "EMFILE"));
  for (const item of ballast) item[Symbol.dispose]();
  await all.promise;
}

function visit(net: Net, remote: Endpoint): Promise<StreamConnection> {
  return net.connectStream({ remote, ...quiet });
}

async function tryTo(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    assert.equal(errorCode(error), "EMFILE");
    return false;
  }
}

/** Prints a line for each change; the parent's shell makes them, in a network namespace of its own. */
async function watch(): Promise<void> {
  await using net = LinuxNet.open({ log: silentLogger, clock: systemClock });
  const lines = { count: 0 };
  net.watchAddresses(() => lines.count++);
  const steps: string[][] = [
    ["link", "set", "lo", "up"],
    ["address", "add", "192.0.2.1/32", "dev", "lo"],
    ["route", "add", "198.51.100.0/24", "dev", "lo"],
    ["address", "del", "192.0.2.1/32", "dev", "lo"],
    ["-6", "address", "add", "2001:db8::1/128", "dev", "lo"],
  ];
  for (const args of steps) {
    const before = lines.count;
    const { success } = await new Deno.Command("ip", { args }).output();
    assert.ok(success, `ip ${args.join(" ")}`);
    const end = performance.now() + 1000;
    while (lines.count === before && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.ok(lines.count > before, `ip ${args.join(" ")} was not noticed within 1 s`);
    await new Promise((resolve) => setTimeout(resolve, 120));
    assert.ok(lines.count - before <= 2, `ip ${args.join(" ")}: ${lines.count - before} calls`);
  }
}

/** Leaves everything open: the process has to end all the same once nothing is watched. */
async function end(): Promise<void> {
  const net = LinuxNet.open({ log: silentLogger, clock: systemClock });
  const socket = await net.openDatagram({ local: ANY, onDatagram: () => {} });
  await new Promise((resolve) => setTimeout(resolve, 5));
  socket[Symbol.dispose]();
}

/** Prints CPU milliseconds used in a second with sockets open and nothing happening. */
async function idle(): Promise<void> {
  await using net = LinuxNet.open({ log: silentLogger, clock: systemClock });
  const listener = await net.listenStream({ local: ANY, onConnection: () => quiet });
  for (let i = 0; i < 50; i++) await visit(net, listener.local);
  net.watchAddresses(() => {});
  await new Promise((resolve) => setTimeout(resolve, 200));
  const ticks = (): number =>
    Deno.readTextFileSync("/proc/self/stat").split(") ")[1]?.split(" ").slice(11, 13)
      .reduce((sum, it) => sum + Number(it), 0) ?? 0;
  const before = ticks();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const used = (ticks() - before) * 10;
  assert.ok(used <= 20, `${used} ms of CPU in an idle second`);
}

const parts: Record<string, () => Promise<void>> = { leak, exhaust, watch, end, idle };
void parts[Deno.args[0] ?? ""]?.(); // a rejection ends the process with 1
