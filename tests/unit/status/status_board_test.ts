import assert from "node:assert/strict";
import fc from "fast-check";
import type { MappingEvent } from "../../../src/core/mapping.ts";
import type { TunnelSnapshot } from "../../../src/status/service_snapshot.ts";
import { StatusBoard } from "../../../src/status/status_board.ts";
import type { TunnelVitals } from "../../../src/status/tunnel_vitals.ts";
import { after, mapping, NOW } from "./status_rig.ts";

const id = { name: "ssh", protocol: "tcp" as const };
const six = { address: "2001:db8::1", port: 14500 };

function openBoard(): StatusBoard {
  let seconds = 0;
  const clock = { date: (): Date => after(seconds++) };
  return new StatusBoard({ version: "0.1.0", pid: 42, startedAt: NOW, clock });
}

function at(seconds: number): { readonly name: string; readonly protocol: "tcp"; readonly at: Date } {
  return { ...id, at: after(seconds) };
}

/** The tunnel after these events; what is empty everywhere is left out. */
function shown(events: readonly MappingEvent[], vitals?: TunnelVitals): Partial<TunnelSnapshot> {
  const board = openBoard();
  board.add(id);
  for (const event of events) board.note(event);
  const [only] = board.snapshot(NOW, () => vitals).tunnels;
  assert.ok(only);
  const { name: _name, protocol: _protocol, hooks, publish, ...rest } = only;
  return { ...rest, ...(hooks.length > 0 && { hooks }), ...(publish.length > 0 && { publish }) };
}

const mapped: MappingEvent = { ...at(1), event: "mapped", ...mapping() };
const changed: MappingEvent = {
  ...at(5),
  event: "changed",
  ...mapping(15000),
  previous: { address: "203.0.113.10", port: 14500 },
};
const lost: MappingEvent = { ...at(7), event: "lost", ...mapping(), reason: "no answer" };
const seen = { state: "reachable", evidence: "someone came in" } as const;
const first = { internal: "192.168.1.2:3456", external: "203.0.113.10:14500", ip4p: "2001::38a4:cb00:710a" };

const table: readonly (readonly [string, readonly MappingEvent[], Partial<TunnelSnapshot>])[] = [
  ["opening", [], { state: "opening", since: after(0).toISOString(), changes: 0 }],
  ["mapped", [mapped], {
    ...{ state: "mapped", since: after(1).toISOString(), ...first },
    ...{ confirmedAt: after(1).toISOString(), changes: 0 },
  }],
  ["with a target, over IPv6", [{
    ...at(1),
    event: "mapped",
    internal: { address: "fd00::2", port: 1 },
    external: six,
    target: { address: "192.168.1.3", port: 22 },
  }], {
    ...{ state: "mapped", since: after(1).toISOString(), internal: "[fd00::2]:1" },
    ...{ external: "[2001:db8::1]:14500", target: "192.168.1.3:22" },
    ...{ confirmedAt: after(1).toISOString(), changes: 0 },
  }],
  ["changed: mapped all the time, and no verdict on the new endpoint yet", [
    mapped,
    { ...at(2), event: "checked", external: mapping().external, reachability: seen },
    changed,
  ], {
    ...{ state: "mapped", since: after(1).toISOString(), internal: first.internal },
    ...{ external: "203.0.113.10:15000", ip4p: "2001::3a98:cb00:710a" },
    ...{ confirmedAt: after(5).toISOString(), changes: 1 },
  }],
  ["lost keeps what was announced last", [mapped, lost, { ...lost, ...at(9), reason: "still none" }], {
    ...{ state: "lost", since: after(7).toISOString(), ...first, reason: "still none" },
    ...{ confirmedAt: after(1).toISOString(), changes: 0 },
  }],
  ["lost before anything was announced", [{ ...at(3), event: "lost", reason: "no route" }], {
    ...{ state: "lost", since: after(3).toISOString(), reason: "no route", changes: 0 },
  }],
  ["restored has no reason any more", [mapped, lost, { ...at(8), event: "restored", ...mapping() }], {
    ...{ state: "mapped", since: after(8).toISOString(), ...first },
    ...{ confirmedAt: after(8).toISOString(), changes: 0 },
  }],
  ["unusable shows no external endpoint", [mapped, {
    ...at(4),
    event: "unusable",
    internal: mapping().internal,
    reason: "symmetric",
  }], {
    ...{ state: "unusable", since: after(4).toISOString(), internal: first.internal },
    ...{ reason: "symmetric", changes: 0 },
  }],
  ["stopped shows nothing of the mapping", [mapped, { ...at(4), event: "stopped" }], {
    ...{ state: "opening", since: after(4).toISOString(), reason: "stopped", changes: 0 },
  }],
  ["a new start with another endpoint is a change as well", [mapped, { ...at(4), event: "stopped" }, {
    ...at(6),
    event: "mapped",
    ...mapping(14501),
  }], {
    ...{ state: "mapped", since: after(6).toISOString(), internal: first.internal },
    ...{ external: "203.0.113.10:14501", ip4p: "2001::38a5:cb00:710a" },
    ...{ confirmedAt: after(6).toISOString(), changes: 1 },
  }],
  ["checked", [
    mapped,
    { ...at(2), event: "checked", external: mapping().external, reachability: seen },
    { ...at(3), event: "checked", external: six, reachability: { state: "unverified", reason: "old" } },
  ], {
    ...{ state: "mapped", since: after(1).toISOString(), ...first },
    ...{ confirmedAt: after(1).toISOString(), changes: 0 },
    ...{ reachability: "reachable", evidence: "someone came in" },
  }],
  ["clients change nothing", [mapped, { ...at(2), event: "client", state: "opened", client: six }], {
    ...{ state: "mapped", since: after(1).toISOString(), ...first },
    ...{ confirmedAt: after(1).toISOString(), changes: 0 },
  }],
  ["hooks and publishers, each with its last news", [
    { ...at(2), event: "hook", command: "a", status: 0, output: "fine", attempt: 1 },
    { ...at(3), event: "hook", command: "b", error: "ended by SIGKILL", skipped: 2 },
    { ...at(4), event: "hook", command: "a", status: 3, skipped: 1 },
    { ...at(4), event: "published", provider: "webhook", external: six },
    { ...at(5), event: "publish-failed", provider: "webhook", external: six, reason: "HTTP 500" },
  ], {
    ...{ state: "opening", since: after(0).toISOString(), changes: 0 },
    hooks: [
      { command: "a", runs: 2, failures: 1, skipped: 1, status: 3, at: after(4).toISOString() },
      {
        ...{ command: "b", runs: 1, failures: 1, skipped: 2, error: "ended by SIGKILL" },
        at: after(3).toISOString(),
      },
    ],
    publish: [{
      ...{ provider: "webhook", state: "failed", external: "[2001:db8::1]:14500", reason: "HTTP 500" },
      at: after(5).toISOString(),
    }],
  }],
];

for (const [title, events, want] of table) {
  Deno.test(`StatusBoard shows a tunnel that is ${title}`, () => assert.deepEqual(shown(events), want));
}

Deno.test("StatusBoard shows failures of all tunnels of that name until they are mapped", () => {
  const board = openBoard();
  board.setTunnels([id, { ...id, protocol: "udp" }, { ...id, name: "web" }]);
  board.note(mapped);
  board.fail("ssh", "EADDRINUSE");
  board.fail("nobody", "x");
  const failed = board.snapshot(NOW, () => undefined).tunnels;
  assert.deepEqual(failed.map(({ state, reason }) => [state, reason]), [
    ["failed", "EADDRINUSE"],
    ["failed", "EADDRINUSE"],
    ["opening", undefined],
  ]);
  assert.equal(failed[0]?.external, undefined);
  board.note(mapped);
  const [again] = board.snapshot(NOW, () => undefined).tunnels;
  assert.deepEqual([again?.state, again?.reason, again?.changes], ["mapped", undefined, 0]);
});

Deno.test("StatusBoard.setTunnels() sets the order, keeps what it knows, and forgets the others for good", () => {
  const board = openBoard();
  const [a, b, c] = ["a", "b", "c"].map((name) => ({ name, protocol: "tcp" as const }));
  assert.ok(a && b && c);
  const view = (): readonly string[] =>
    board.snapshot(NOW, () => undefined).tunnels.map(({ name, state }) => `${name} ${state}`);
  board.setTunnels([a, b]);
  board.note({ ...mapped, ...b });
  board.setTunnels([c, b]);
  board.note({ ...mapped, ...a });
  assert.deepEqual(view(), ["c opening", "b mapped"]);
  board.add(a);
  board.add(b);
  board.remove(c);
  assert.deepEqual(view(), ["b mapped", "a opening"]);
});

Deno.test("StatusBoard.snapshot() takes confirmation and counters from the tunnel itself", () => {
  const forward = { method: "relay" as const, active: 1, opened: 9, refused: 2, bytesIn: 10, bytesOut: 20 };
  const tunnel = shown([mapped], { confirmedAt: after(60), forward });
  assert.equal(tunnel.confirmedAt, after(60).toISOString());
  assert.deepEqual(tunnel.clients, { ...forward, bytesInPerSecond: 0, bytesOutPerSecond: 0 });
  assert.equal(shown([], { confirmedAt: after(60) }).confirmedAt, undefined);
});

Deno.test("StatusBoard.sample() gives rates that fall to 0 when nothing moves any more", () => {
  const board = openBoard();
  board.add(id);
  let bytesIn = 0;
  const vitals = (): TunnelVitals => ({
    confirmedAt: undefined,
    forward: { method: "relay", active: 0, opened: 0, refused: 0, bytesIn, bytesOut: 7 },
  });
  const rate = (): number | undefined => board.snapshot(NOW, vitals).tunnels[0]?.clients?.bytesInPerSecond;
  board.sample(0, vitals);
  bytesIn = 50_000;
  board.sample(5_000, vitals);
  assert.equal(rate(), 10_000);
  for (const ms of [10_000, 15_000, 20_000]) board.sample(ms, vitals);
  assert.equal(rate(), 0);
});

Deno.test("StatusBoard.snapshot() shows the service, in the order it is written", () => {
  const board = new StatusBoard({ version: "1.2.3", pid: 7, startedAt: NOW, configFile: "/etc/p.json" });
  board.setConfig({ loadedAt: after(1), fault: "line 3" });
  const head =
    `{"version":"1.2.3","pid":7,"startedAt":"${NOW.toISOString()}","at":"${after(2).toISOString()}",` +
    `"config":"/etc/p.json","configLoadedAt":"${after(1).toISOString()}"`;
  const text = (): string => JSON.stringify(board.snapshot(after(2), () => undefined));
  assert.equal(text(), `${head},"configFault":"line 3","tunnels":[]}`);
  board.setConfig({ loadedAt: after(1), fault: undefined });
  assert.equal(text(), `${head},"tunnels":[]}`);
});

Deno.test("StatusBoard says mapped exactly while an external endpoint stands, whatever came before", () => {
  const any = fc.constantFrom<MappingEvent>(
    mapped,
    changed,
    lost,
    { ...at(8), event: "restored", ...mapping() },
    { ...at(4), event: "unusable", reason: "x" },
    { ...at(4), event: "stopped" },
    { ...at(4), event: "checked", external: mapping().external, reachability: seen },
  );
  fc.assert(fc.property(fc.array(any, { maxLength: 12 }), (events) => {
    const { state, external, confirmedAt, reason, reachability } = shown(events);
    if (state === "mapped") assert.ok(external && confirmedAt && reason === undefined);
    else assert.equal(reachability, undefined);
    if (state === "unusable" || state === "opening") assert.equal(external, undefined);
    const last = events.findLast(({ event }) => event !== "checked");
    const isUp = last?.event === "mapped" || last?.event === "changed" || last?.event === "restored";
    assert.equal(state === "mapped", isUp);
  }));
});

Deno.test("StatusBoard tells of every change, and of nothing else", () => {
  let changes = 0;
  const board = new StatusBoard({ version: "1", pid: 1, startedAt: NOW, onChange: () => changes++ });
  const tells = (act: () => void): boolean => {
    const before = changes;
    act();
    return changes === before + 1;
  };
  assert.ok(tells(() => board.setTunnels([id, { ...id, name: "b" }])));
  assert.ok(tells(() => board.add({ ...id, name: "c" })));
  assert.ok(!tells(() => board.add(id)));
  assert.ok(tells(() => board.remove({ ...id, name: "c" })));
  assert.ok(!tells(() => board.remove({ ...id, name: "c" })));
  assert.ok(tells(() => board.note(mapped)));
  assert.ok(!tells(() => board.note({ ...mapped, name: "c" })));
  assert.ok(!tells(() => board.note({ ...at(2), event: "client", state: "opened", client: six })));
  assert.ok(!tells(() => board.sample(0, () => undefined)));
  assert.ok(tells(() => board.fail("ssh", "x")));
  assert.ok(tells(() => board.setConfig({ loadedAt: NOW, fault: undefined })));
});
