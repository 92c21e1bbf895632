import assert from "node:assert/strict";
import { type ServerProbe, serverProbeOf } from "../../../../../src/cli/compat/nat1/probe_server.ts";
import { ServerWatch } from "../../../../../src/cli/compat/nat1/watch_server.ts";
import type { Endpoint } from "../../../../../src/core/endpoint.ts";
import { FakeClock } from "../../../../fakes/fake_clock.ts";
import { openFakeWorld, watch } from "../../../../fakes/fake_world.ts";
import { recordedLog } from "./recorded_log.ts";

const LOCAL: Endpoint = { address: "127.0.0.1", port: 25_565 };
const EXTERNAL: Endpoint = { address: "203.0.113.10", port: 14_500 };
const online = (text: string): ServerProbe => ({ kind: "online", text });
const offline = (reason: string): ServerProbe => ({ kind: "offline", reason });

interface Rig {
  readonly clock: FakeClock;
  readonly lines: string[];
  readonly asked: Endpoint[];
  readonly server: ServerWatch;
  answers: { readonly local: ServerProbe; readonly external: ServerProbe };
}

function setUp(): Rig {
  const clock = new FakeClock();
  const { log, lines } = recordedLog();
  const asked: Endpoint[] = [];
  const server = new ServerWatch({
    ...{ clock, log, local: LOCAL },
    probe: (endpoint) => {
      asked.push(endpoint);
      return Promise.resolve(rig.answers[endpoint === LOCAL ? "local" : "external"]);
    },
  });
  const answers = { local: offline("connect fail"), external: offline("timeout") };
  const rig: Rig = { clock, lines, asked, answers, server };
  return rig;
}

Deno.test("ServerWatch.untilOnline() looks every 10 s and tells the same reason only every 60th time", async () => {
  const rig = setUp();
  const waiting = watch(rig.server.untilOnline(new AbortController().signal));
  await rig.clock.advance(59 * 10_000);
  assert.equal(rig.asked.length, 60);
  assert.deepEqual(rig.lines, ["[ WARNING] 服务器不在线, connect fail"]);
  await rig.clock.advance(10_000);
  assert.equal(rig.lines.length, 2);
  rig.answers = { ...rig.answers, local: offline("timeout") };
  await rig.clock.advance(10_000);
  assert.equal(rig.lines[2], "[ WARNING] 服务器不在线, timeout");
  assert.ok(!waiting.isSettled);
  rig.answers = { ...rig.answers, local: online("{}") };
  await rig.clock.advance(10_000);
  assert.ok(waiting.isSettled && waiting.error === undefined);
  assert.equal(rig.lines.length, 3);
  assert.ok(rig.asked.every((endpoint) => endpoint === LOCAL));
  assert.equal(rig.clock.pendingTimers, 0);
});

Deno.test("ServerWatch.watch() tells a status when it changes and every half hour", async () => {
  const rig = setUp();
  const stopping = new AbortController();
  rig.answers = { local: online("never asked"), external: online('{"online": 0}') };
  const watching = watch(rig.server.watch(EXTERNAL, stopping.signal));
  await rig.clock.advance(1_799_999);
  assert.deepEqual(rig.lines, ['[    INFO] MOTD: {"online": 0}']);
  await rig.clock.advance(1);
  assert.equal(rig.lines.length, 2);
  rig.answers = { ...rig.answers, external: online('{"online": 1}') };
  await rig.clock.advance(30_000);
  assert.equal(rig.lines[2], '[    INFO] MOTD: {"online": 1}');
  assert.ok(rig.asked.every((endpoint) => endpoint === EXTERNAL));
  stopping.abort(new Error("enough"));
  await rig.clock.advance(0);
  assert.match(String(watching.error), /enough/);
  assert.equal(rig.clock.pendingTimers, 0);
});

Deno.test("ServerWatch.watch() warns once where there is no hairpinning, and looks locally then", async () => {
  const rig = setUp();
  const stopping = new AbortController();
  rig.answers = { local: online("{}"), external: offline("timeout") };
  const watching = watch(rig.server.watch(EXTERNAL, stopping.signal));
  await rig.clock.advance(600_000);
  assert.equal(rig.lines.length, 2);
  assert.match(rig.lines[0] ?? "", /^\[ WARNING\] 无法从本机访问映射地址（timeout）/);
  assert.equal(rig.lines[1], "[    INFO] MOTD: {}");
  rig.answers = { ...rig.answers, local: offline("connect fail") };
  await rig.clock.advance(60_000);
  assert.deepEqual(rig.lines.slice(2), ["[ WARNING] 服务器不在线, connect fail"]);
  assert.ok(!watching.isSettled);
  stopping.abort(new Error("enough"));
  await rig.clock.advance(0);
});

Deno.test("serverProbeOf() looks at web and tcp by a connection, and at the others by their own protocol", async () => {
  for (const type of ["web", "tcp", "mcje", "mcbe"] as const) {
    const world = openFakeWorld();
    const probe = serverProbeOf(type, world.platform);
    const signal = new AbortController().signal;
    const refused = watch(probe(LOCAL, signal));
    await world.clock.advance(10_000);
    assert.deepEqual(
      refused.value?.kind === "offline" && refused.value.reason,
      type === "mcbe" ? "timeout" : "connect fail",
    );
    const listener = await world.net.listenStream({
      local: LOCAL,
      onConnection: (connection) => ({ onData: () => {}, onEnd: () => connection.abort() }),
    });
    const accepted = watch(probe(LOCAL, signal));
    await world.clock.advance(10_000);
    const isPlain = type === "web" || type === "tcp";
    assert.deepEqual(
      accepted.value?.kind === "online" ? accepted.value.text : accepted.value?.reason,
      isPlain ? "port available confirm." : "timeout",
    );
    world.net.silent.add(LOCAL.address);
    const silent = watch(probe(LOCAL, signal));
    await world.clock.advance(10_000);
    assert.equal(silent.value?.kind === "offline" && silent.value.reason, "timeout");
    listener[Symbol.dispose]();
    assert.equal(world.clock.pendingTimers, 0);
  }
});
