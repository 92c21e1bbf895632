/** The bench's correctness gates, driven against our relay on loopback by its own load tools; no namespace needed. */
import assert from "node:assert/strict";
import { gateSubject, passGates } from "../../bench/forward/gate_subject.ts";
import { Rig } from "../../bench/forward/rig.ts";
import { RunningSubject } from "../../bench/forward/running_subject.ts";
import { porthole } from "../../bench/forward/subjects.ts";
import { silentLogger } from "../../src/core/log.ts";
import { openNet } from "../../src/net/open_net.ts";

const ignore = Deno.build.os !== "linux" || Deno.env.get("PORTHOLE_PORTABLE") === "1";
const MANY = 10_000;
/** Descriptors that a runtime opens once and keeps. */
const SPARE_DESCRIPTORS = 8;

interface Gated extends AsyncDisposable {
  readonly rig: Rig;
  readonly subject: RunningSubject;
}

/** Our relay between load clients and targets, on ports that are held for it as the keeper holds them. */
async function openGated(): Promise<Gated> {
  await using stack = new AsyncDisposableStack();
  const net = stack.use(openNet({ log: silentLogger }));
  const rig = stack.use(await Rig.open());
  const hold = async (): Promise<number> =>
    stack.use(await net.reservePort({ local: { address: "127.0.0.1", port: 0 }, reusePort: true })).local
      .port;
  const [bulk, ping, udp] = [await hold(), await hold(), await hold()];
  const wiring = { listens: { bulk, ping, udp }, targets: rig.targets, folder: "", descriptorLimit: 0 };
  const { signal } = new AbortController();
  const subject = stack.use(await RunningSubject.start(porthole, wiring, { needsUdp: true, signal }));
  const all = stack.move();
  return { rig, subject, [Symbol.asyncDispose]: () => all[Symbol.asyncDispose]() };
}

Deno.test(
  { name: "openForwarder() loses, alters and hides nothing when the bench's gates drive it", ignore },
  async () => {
    await using gated = await openGated();
    const { rig, subject } = gated;
    assert.deepEqual(await gateSubject(rig, subject, { hasUdp: true }), { tcp: [], udp: [], resets: [] });
  },
);

Deno.test(
  { name: "openForwarder() echoes 1 GiB byte by byte when the client half-closes", ignore },
  async () => {
    await using gated = await openGated();
    const { rig, subject } = gated;
    const ports = { port: subject.ports.bulk, targetPort: rig.targets.bulk };
    assert.deepEqual(await passGates(rig, ["gibibyte"], ports), []);
  },
);

Deno.test(
  { name: "openForwarder() keeps no descriptor when 10,000 connections came and went", ignore },
  async () => {
    await using gated = await openGated();
    const { rig, subject } = gated;
    const storm = { port: subject.ports.ping, concurrency: 16, durationMs: 50_000 };
    assert.equal((await rig.bulk.run("storm", { ...storm, count: 100 })).connections, 100);
    const before = subject.tree.descriptors();
    const { connections, failures } = await rig.bulk.run("storm", { ...storm, count: MANY });
    assert.deepEqual({ connections, failures }, { connections: MANY, failures: 0 });
    // The last ones' ends are a moment away.
    await rig.ping.run("ping", { port: subject.ports.ping, durationMs: 100 });
    const growth = subject.tree.descriptors() - before;
    assert.ok(growth <= SPARE_DESCRIPTORS, `${growth} descriptors more than before`);
  },
);
