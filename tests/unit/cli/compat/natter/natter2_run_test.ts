import assert from "node:assert/strict";
import type { MappingEvent } from "../../../../../src/core/mapping.ts";
import { type Natter2Args, readNatter2Args } from "../../../../../src/cli/compat/natter/natter2_args.ts";
import { Natter2Run } from "../../../../../src/cli/compat/natter/natter2_run.ts";
import { natter1Format, NatterLogger } from "../../../../../src/cli/compat/natter/natter_log.ts";
import { type FakeWorld, openFakeWorld } from "../../../../fakes/fake_world.ts";

const INTERNAL = { address: "192.168.1.2", port: 43910 };
const EXTERNAL = { address: "203.0.113.10", port: 14600 };
const TARGET = { address: "192.168.1.50", port: 80 };
const BASE = { name: "web", protocol: "tcp", at: new Date(0) } as const;
const MAPPED: MappingEvent = {
  ...BASE,
  event: "mapped",
  internal: INTERNAL,
  external: EXTERNAL,
  target: TARGET,
};
const CHECKED: MappingEvent = {
  ...BASE,
  event: "checked",
  external: EXTERNAL,
  reachability: { state: "reachable", evidence: "seen" },
};

interface Rig {
  readonly world: FakeWorld;
  readonly run: Natter2Run;
  readonly lines: string[];
  readonly ends: number[];
  /** Lets others accept on that endpoint. */
  listen(endpoint: typeof TARGET): Promise<Disposable>;
}

function openRig(line: string): Rig {
  const world = openFakeWorld();
  const lines: string[] = [];
  const ends: number[] = [];
  const sink = { line: (text: string): void => void lines.push(text) };
  const log = new NatterLogger({
    format: natter1Format,
    level: "info",
    sinks: [sink],
    date: () => new Date(0),
  });
  const session = {
    platform: world.platform,
    log,
    print: (): void => {},
    end: (status: number): void => void ends.push(status),
  };
  const run = new Natter2Run({ args: argsOf(line), session, onInternal: () => {} });
  const handlers = { onData: (): void => {}, onEnd: (): void => {} };
  return {
    world,
    run,
    lines,
    ends,
    listen: (local) => world.net.listenStream({ local, onConnection: () => handlers }),
  };
}

function argsOf(line: string): Natter2Args {
  const reading = readNatter2Args(line.split(" "), { isFile: () => true });
  assert.ok(reading.kind === "run");
  return reading.args;
}

const ROUTE =
  "[INFO] - tcp://192.168.1.50:80 <--socket--> tcp://192.168.1.2:43910 <--Natter--> tcp://203.0.113.10:14600";

Deno.test("Natter2Run tells the route, the script, the port checks and no verdict when all is open", async () => {
  const { run, world, lines, listen } = openRig("-t 192.168.1.50 -p 80 -e qb.sh");
  using _target = await listen(TARGET);
  using _bind = await listen(INTERNAL);
  using _outer = await listen(EXTERNAL);
  await using ended = run;
  ended.take(MAPPED);
  assert.deepEqual(lines, ["[INFO] - ", ROUTE, "[INFO] - ", "[INFO] - Calling script: qb.sh"]);
  lines.length = 0;
  await world.clock.advance(1000);
  assert.deepEqual(lines, [], "the self-check has not ended yet");
  ended.take(CHECKED);
  await world.clock.advance(0);
  assert.deepEqual(lines, [
    "[INFO] - LAN > 192.168.1.50:80       [ OPEN ]",
    "[INFO] - LAN > 192.168.1.2:43910     [ OPEN ]",
    "[INFO] - LAN > 203.0.113.10:14600    [ OPEN ]",
    "[INFO] - WAN > 203.0.113.10:14600    [ OPEN ]",
    "[INFO] - ",
  ]);
});

Deno.test("Natter2Run waits with -r until the target is open", async () => {
  const { run, world, lines, listen } = openRig("-t 192.168.1.50 -p 80 -r -k 7");
  await using ended = run;
  ended.take(MAPPED);
  ended.take({ ...CHECKED, reachability: { state: "unverified", reason: "nothing listens" } });
  await world.clock.advance(1000);
  assert.ok(lines.includes("[WARNING] - !! Target port is closed !!"));
  assert.ok(lines.includes("[INFO] - WAN > 203.0.113.10:14600    [ UNKNOWN ]"));
  assert.equal(lines.at(-1), "[INFO] - Retry after 7 seconds...");
  using _target = await listen(TARGET);
  lines.length = 0;
  await world.clock.advance(8000);
  assert.equal(lines[0], ROUTE);
  assert.equal(lines[1], "[INFO] - LAN > 192.168.1.50:80       [ OPEN ]");
  lines.length = 0;
  await world.clock.advance(60_000);
  assert.deepEqual(lines, []);
});

Deno.test("Natter2Run says UNKNOWN when the self-check never ends", async () => {
  const { run, world, lines } = openRig("-t 192.168.1.50 -p 80");
  await using ended = run;
  ended.take(MAPPED);
  await world.clock.advance(15_000);
  assert.ok(lines.includes("[INFO] - WAN > 203.0.113.10:14600    [ UNKNOWN ]"));
});

Deno.test("Natter2Run ends with -q when the mapped address changes, else starts over", async () => {
  const changed: MappingEvent = {
    ...BASE,
    event: "changed",
    internal: INTERNAL,
    external: { ...EXTERNAL, port: 14700 },
    previous: EXTERNAL,
  };
  const quitting = openRig("-q");
  await using _first = quitting.run;
  quitting.run.take(MAPPED);
  quitting.run.take(changed);
  assert.deepEqual(quitting.ends, [0]);
  assert.equal(quitting.lines.at(-1), "[INFO] - Natter is exiting because mapped address has changed");
  const staying = openRig("-b 43910");
  await using _second = staying.run;
  staying.run.take(changed);
  assert.deepEqual(staying.ends, []);
  assert.ok(
    staying.lines.includes("[INFO] - tcp://192.168.1.2:43910 <--Natter--> tcp://203.0.113.10:14700"),
  );
});

Deno.test("Natter2Run checks no ports over UDP", async () => {
  const { run, world, lines } = openRig("-u");
  await using ended = run;
  ended.take({ ...MAPPED, protocol: "udp" });
  await world.clock.advance(20_000);
  assert.equal(world.net.connects.length, 0);
  assert.ok(lines.includes("[INFO] - Please check [ udp://203.0.113.10:14600 ]"));
});

Deno.test("Natter2Run leaves nothing behind when it ends during its checks", async () => {
  const { run, world } = openRig("-r -p 80");
  run.take(MAPPED);
  await world.clock.advance(10);
  await run[Symbol.asyncDispose]();
  assert.equal(world.clock.pendingTimers, 0);
  assert.equal(world.net.open.size, 0);
});
