import assert from "node:assert/strict";
import fc from "fast-check";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import {
  initialKeeperState,
  type KeeperAction,
  type KeeperInput,
  type KeeperRules,
  type KeeperState,
  transition,
} from "../../../src/keeper/transition.ts";

const TCP: KeeperRules = { protocol: "tcp", intervalMs: 15_000, lookupIntervalMs: 60_000, isForced: false };
const UDP: KeeperRules = { ...TCP, protocol: "udp" };
const INTERNAL: Endpoint = { address: "192.168.1.2", port: 3456 };
const FIRST: Endpoint = { address: "203.0.113.10", port: 14500 };
const OTHER: Endpoint = { address: "203.0.113.10", port: 20000 };

/** Feeds inputs in order; gives the last state and all actions as short texts. */
function play(rules: KeeperRules, inputs: readonly KeeperInput[], from = initialKeeperState): {
  state: KeeperState;
  actions: KeeperAction[];
  last: readonly KeeperAction[];
} {
  let state = from;
  const actions: KeeperAction[] = [];
  let last: readonly KeeperAction[] = [];
  for (const input of inputs) {
    const next = transition(state, input, rules);
    state = next.state;
    last = next.actions;
    actions.push(...next.actions);
  }
  return { state, actions, last };
}

function events(actions: readonly KeeperAction[]): string[] {
  return actions.flatMap((a) =>
    a.type === "announce"
      ? [
        `${a.event.event} ${a.event.external.port}${
          "previous" in a.event ? ` was ${a.event.previous.port}` : ""
        }`,
      ]
      : []
  );
}

const types = (actions: readonly KeeperAction[]): string[] => actions.map((a) => a.type);

const UP: readonly KeeperInput[] = [
  { type: "address", address: INTERNAL.address },
  { type: "bound", internal: INTERNAL },
];
const MAPPED: readonly KeeperInput[] = [
  ...UP,
  { type: "anchor", isUp: true },
  { type: "answer", first: FIRST, second: FIRST },
];

Deno.test("transition() opens anchor and lookup side by side when the port is bound", () => {
  assert.deepEqual(types(play(TCP, UP).last), ["open-anchor", "look-up"]);
  assert.deepEqual(types(play(UDP, UP).last), ["open-anchor", "look-up", "probe-filtering"]);
});

Deno.test("transition() announces once while nothing changes", () => {
  const again: KeeperInput[] = [{ type: "timer" }, { type: "answer", first: FIRST }];
  const { actions, last } = play(TCP, [...MAPPED, ...again, ...again]);
  assert.deepEqual(events(actions), ["mapped 14500"]);
  assert.deepEqual(last, [{ type: "schedule", delayMs: 60_000, failures: 0 }]);
});

Deno.test("transition() asks two servers before it believes news from one", () => {
  const { actions, last, state } = play(TCP, [...MAPPED, { type: "timer" }, {
    type: "answer",
    first: OTHER,
  }]);
  assert.deepEqual(events(actions), ["mapped 14500"]);
  assert.deepEqual(last, [{ type: "look-up", opinions: 2 }]);
  const told = play(TCP, [{ type: "answer", first: OTHER, second: OTHER }], state);
  assert.deepEqual(events(told.actions), ["changed 20000 was 14500"]);
});

Deno.test("transition() believes one server when no other answers", () => {
  const { actions } = play(TCP, [
    ...MAPPED,
    { type: "doubt", isRestart: false },
    { type: "answer", first: OTHER },
  ]);
  assert.deepEqual(events(actions), ["mapped 14500", "changed 20000 was 14500"]);
});

Deno.test("transition() renews the anchor at once after a restart, and not again when the change is seen", () => {
  const { actions } = play(TCP, [
    ...MAPPED,
    { type: "doubt", isRestart: true },
    { type: "anchor", isUp: false },
    { type: "anchor", isUp: true },
    { type: "answer", first: OTHER, second: OTHER },
  ]);
  assert.equal(types(actions).filter((t) => t === "renew-anchor").length, 1);
});

Deno.test("transition() renews an anchor that is older than the change", () => {
  const { last } = play(TCP, [
    ...MAPPED,
    { type: "doubt", isRestart: false },
    { type: "answer", first: OTHER, second: OTHER },
  ]);
  assert.deepEqual(types(last), ["announce", "renew-anchor", "schedule"]);
});

Deno.test("transition() checks the anchor in doubt: a NAT that gives the same port again gives no other sign", () => {
  const doubt: KeeperInput = { type: "doubt", isRestart: false };
  assert.deepEqual(types(play(TCP, [...MAPPED, doubt]).last), ["check-anchor", "look-up"]);
  assert.deepEqual(types(play(UDP, [...MAPPED, doubt]).last), ["look-up"]);
  assert.deepEqual(types(play(TCP, [...MAPPED, { type: "anchor", isUp: false }, doubt]).last), ["look-up"]);
});

Deno.test("transition() keeps the mapping while every STUN server is dead", () => {
  const dead: KeeperInput[] = [{ type: "timer" }, { type: "lookup-failed", reason: "silence" }];
  const { actions, state, last } = play(TCP, [...MAPPED, ...dead, ...dead, ...dead]);
  assert.deepEqual(events(actions), ["mapped 14500"]);
  assert.equal(state.phase, "mapped");
  assert.equal(types(actions).filter((t) => t === "unbind").length, 1);
  assert.deepEqual(last, [{ type: "schedule", delayMs: 15_000, failures: 3 }]);
  const reports = actions.filter((a) => a.type === "report");
  assert.equal(reports.length, 1);
});

Deno.test("transition() looks more often while no keep-alive connection stands, without pushing lookups back", () => {
  const { last } = play(TCP, [...MAPPED, { type: "anchor", isUp: false }]);
  assert.deepEqual(last, [{ type: "hasten", delayMs: 15_000 }]);
});

Deno.test("transition() gives up when two servers disagree twice", () => {
  const disagree: KeeperInput = { type: "answer", first: FIRST, second: OTHER };
  const once = play(TCP, [...UP, disagree]);
  assert.deepEqual(once.last, [{ type: "look-up", opinions: 2 }]);
  const twice = play(TCP, [disagree], once.state);
  assert.deepEqual(events([...once.actions, ...twice.actions]), []);
  assert.deepEqual(types(twice.last), ["give-up", "schedule"]);
});

Deno.test("transition() takes a restart between two answers for no disagreement", () => {
  const { actions } = play(TCP, [
    ...UP,
    { type: "answer", first: FIRST, second: OTHER },
    { type: "answer", first: OTHER, second: OTHER },
  ]);
  assert.deepEqual(events(actions), ["mapped 20000"]);
});

Deno.test("transition() holds a UDP announcement until filtering is known", () => {
  const held = play(UDP, [...UP, { type: "answer", first: FIRST, second: FIRST }]);
  assert.deepEqual(events(held.actions), []);
  for (const behavior of ["endpoint-independent", "unknown", "none"] as const) {
    assert.deepEqual(events(play(UDP, [{ type: "filtering", behavior }], held.state).actions), [
      "mapped 14500",
    ]);
  }
  for (const behavior of ["address-dependent", "address-and-port-dependent"] as const) {
    const shut = play(UDP, [{ type: "filtering", behavior }], held.state);
    assert.deepEqual(events(shut.actions), []);
    assert.ok(types(shut.actions).includes("give-up"));
  }
});

Deno.test("transition() goes on when forced", () => {
  const forced = { ...UDP, isForced: true };
  const { actions } = play(forced, [
    ...UP,
    { type: "filtering", behavior: "address-and-port-dependent" },
    { type: "answer", first: FIRST, second: OTHER },
  ]);
  assert.deepEqual(events(actions), ["mapped 14500"]);
});

Deno.test("transition() tells loss and return of the local address", () => {
  const gone: KeeperInput = { type: "address", address: undefined };
  const lost = play(TCP, [...MAPPED, gone, gone]);
  assert.deepEqual(events(lost.actions), ["mapped 14500", "lost 14500"]);
  const back = play(TCP, [
    { type: "address", address: INTERNAL.address },
    { type: "answer", first: FIRST, second: FIRST },
  ], lost.state);
  assert.deepEqual(events(back.actions), ["restored 14500"]);
  assert.ok(!types(back.actions).includes("bind"), "the sockets survived");
  const elsewhere = play(TCP, [
    { type: "address", address: "192.168.1.3" },
    { type: "bound", internal: { address: "192.168.1.3", port: 3456 } },
    { type: "answer", first: OTHER, second: OTHER },
  ], lost.state);
  assert.deepEqual(types(elsewhere.actions).slice(0, 3), ["cancel", "unbind", "bind"]);
  assert.deepEqual(events(elsewhere.actions), ["changed 20000 was 14500"]);
});

Deno.test("transition() looks again when doubt arises during a lookup", () => {
  const { actions, last } = play(TCP, [
    ...MAPPED,
    { type: "timer" },
    { type: "doubt", isRestart: false },
    { type: "answer", first: FIRST },
  ]);
  assert.equal(last.at(-1)?.type, "look-up");
  assert.deepEqual(events(actions), ["mapped 14500"]);
});

Deno.test("transition() looks again at an unusable NAT, probing UDP filtering anew, and announces when it is cured", () => {
  const shut = play(UDP, [
    ...UP,
    { type: "answer", first: FIRST, second: FIRST },
    { type: "filtering", behavior: "address-dependent" },
  ]);
  const again = play(UDP, [{ type: "timer" }], shut.state);
  assert.deepEqual(types(again.last), ["look-up", "probe-filtering"]);
  const cured = play(UDP, [
    { type: "answer", first: FIRST, second: FIRST },
    { type: "filtering", behavior: "endpoint-independent" },
  ], again.state);
  assert.deepEqual(events(cured.actions), ["mapped 14500"]);
});

const endpoints = fc.constantFrom(FIRST, OTHER, { address: "198.51.100.7", port: 80 });
const inputs: fc.Arbitrary<KeeperInput> = fc.oneof(
  fc.record({
    type: fc.constant("address" as const),
    address: fc.constantFrom(undefined, "10.0.0.1", "10.0.0.2"),
  }),
  fc.record({
    type: fc.constant("bound" as const),
    internal: fc.constantFrom({ address: "10.0.0.1", port: 1 }, { address: "10.0.0.2", port: 1 }),
  }),
  fc.record({ type: fc.constant("bind-failed" as const) }),
  fc.record({
    type: fc.constant("answer" as const),
    first: endpoints,
    second: fc.option(endpoints, { nil: undefined }),
  }),
  fc.record({ type: fc.constant("lookup-failed" as const), reason: fc.constant("x") }),
  fc.record({
    type: fc.constant("filtering" as const),
    behavior: fc.constantFrom(
      "endpoint-independent" as const,
      "address-dependent" as const,
      "unknown" as const,
    ),
  }),
  fc.record({ type: fc.constant("anchor" as const), isUp: fc.boolean() }),
  fc.record({ type: fc.constant("doubt" as const), isRestart: fc.boolean() }),
  fc.record({ type: fc.constant("timer" as const) }),
);

Deno.test("transition() tells a story that holds together, whatever happens", () => {
  fc.assert(fc.property(fc.array(inputs, { maxLength: 60 }), fc.constantFrom(TCP, UDP), (sequence, rules) => {
    const { actions } = play(rules, sequence);
    let external: number | undefined;
    let isLost = false;
    for (const action of actions) {
      if (action.type !== "announce") continue;
      const { event } = action;
      if (event.event === "mapped") assert.equal(external, undefined);
      if (event.event === "changed") {
        assert.equal(event.previous.port, external);
        assert.notDeepEqual(event.previous, event.external);
      }
      if (event.event === "restored") assert.ok(isLost && event.external.port === external);
      if (event.event === "lost") assert.ok(external !== undefined && !isLost);
      isLost = event.event === "lost";
      external = event.external.port;
    }
  }));
});

Deno.test("transition() never leaves a bound mapping without a lookup running or scheduled", () => {
  fc.assert(fc.property(fc.array(inputs, { maxLength: 60 }), fc.constantFrom(TCP, UDP), (sequence, rules) => {
    let state = initialKeeperState;
    let isScheduled = false;
    for (const input of sequence) {
      if (input.type === "timer") isScheduled = false;
      const next = transition(state, input, rules);
      state = next.state;
      for (const action of next.actions) {
        if (action.type === "schedule" || action.type === "hasten") isScheduled = true;
        if (action.type === "cancel") isScheduled = false;
      }
      const waitsForProbe = state.held !== undefined && state.filtering === "pending";
      const isIdle = state.lookup === "idle" && !isScheduled && !waitsForProbe;
      assert.ok(
        !(isIdle && ["mapped", "opening", "unusable"].includes(state.phase)),
        JSON.stringify({ input, state }),
      );
    }
  }));
});
