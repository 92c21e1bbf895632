import assert from "node:assert/strict";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import type { Reachability } from "../../../src/core/mapping.ts";
import type { NatBehavior } from "../../../src/core/behavior.ts";
import { CheckTokens } from "../../../src/daemon/check_tokens.ts";
import { awaitService, selfCheck, type SelfCheckOptions } from "../../../src/daemon/self_check.ts";
import { CHECK_PREFIX, serveTest } from "../../../src/daemon/serve_test.ts";
import { kernelError } from "../../fakes/fake_net.ts";
import { KeeperWorld } from "../../fakes/keeper_world.ts";
import { planFor } from "../../fakes/tunnel_plan.ts";

const INTERNAL: Endpoint = { address: "192.168.1.2", port: 3456 };
const EXTERNAL: Endpoint = { address: "203.0.113.10", port: 14500 };

interface Checked {
  readonly world: KeeperWorld;
  readonly tokens: CheckTokens;
  readonly options: SelfCheckOptions;
}

function prepare(
  protocol: "tcp" | "udp",
  servesTestPage: boolean,
  filtering: NatBehavior = "unknown",
): Checked {
  const world = new KeeperWorld();
  const tokens = new CheckTokens(world.platform.random);
  const plan = planFor({ protocol, servesTestPage });
  const memory = { look: () => Promise.resolve({ filtering }) } as unknown as SelfCheckOptions["filtering"];
  return {
    world,
    tokens,
    options: {
      plan,
      platform: world.platform,
      tokens,
      internal: INTERNAL,
      external: EXTERNAL,
      filtering: memory,
    },
  };
}

/** Runs the check to its end by the fake clock. */
async function run({ world, options }: Checked): Promise<Reachability | undefined> {
  const checking = selfCheck(options, new AbortController().signal);
  await world.clock.advance(60_000);
  const outcome = await checking;
  assert.equal(world.openSockets, 0, "a socket was left");
  assert.equal(world.clock.pendingTimers, 0, "a timer was left");
  return outcome;
}

/** A listener that accepts, and passes check requests to `tokens` if given. */
async function listen(world: KeeperWorld, local: Endpoint, tokens?: CheckTokens): Promise<Disposable> {
  return await world.net.listenStream({
    local,
    onConnection: (connection) => ({
      onData: (data) => {
        const path = new TextDecoder().decode(data).split(" ")[1] ?? "";
        if (path.startsWith(CHECK_PREFIX)) tokens?.accept(path.slice(CHECK_PREFIX.length));
        connection.write(new TextEncoder().encode("HTTP/1.1 204 No Content\r\n\r\n"));
      },
      onEnd: () => connection.abort(),
    }),
  });
}

async function withListeners(
  it: Checked,
  opened: readonly Promise<Disposable>[],
): Promise<Reachability | undefined> {
  using stack = new DisposableStack();
  for (const listener of await Promise.all(opened)) stack.use(listener);
  const checking = selfCheck(it.options, new AbortController().signal);
  await it.world.clock.advance(60_000);
  return await checking;
}

const IS_SERVED = true;

Deno.test("selfCheck() says reachable when a foreign service accepts through the external endpoint", async () => {
  const it = prepare("tcp", !IS_SERVED);
  const outcome = await withListeners(it, [listen(it.world, EXTERNAL), listen(it.world, INTERNAL)]);
  assert.deepEqual(outcome, { state: "reachable", evidence: "a connection through it was accepted" });
});

Deno.test("selfCheck() says no hairpinning when only the internal endpoint answers", async () => {
  const it = prepare("tcp", !IS_SERVED);
  const outcome = await withListeners(it, [listen(it.world, INTERNAL)]);
  assert.deepEqual(outcome, { state: "unverified", reason: "no hairpinning" });
});

Deno.test("selfCheck() says that nothing listens when neither side answers", async () => {
  assert.deepEqual(await run(prepare("tcp", !IS_SERVED)), {
    state: "unverified",
    reason: "nothing listens on the port yet",
  });
});

Deno.test("selfCheck() believes the test page only if its token arrived", async () => {
  const genuine = prepare("tcp", IS_SERVED);
  const good = await withListeners(genuine, [listen(genuine.world, EXTERNAL, genuine.tokens)]);
  assert.equal(good?.state, "reachable");
  // Somebody else sits on the external endpoint.
  const foreign = prepare("tcp", IS_SERVED);
  const bad = await withListeners(foreign, [listen(foreign.world, EXTERNAL)]);
  assert.deepEqual(bad, { state: "unverified", reason: "no hairpinning" });
});

Deno.test("selfCheck() gives up on an external endpoint that swallows everything", async () => {
  const it = prepare("tcp", IS_SERVED);
  it.world.net.silent.add(EXTERNAL.address);
  assert.equal((await run(it))?.state, "unverified");
});

Deno.test("awaitService() resolves when a service begins to listen, however late", async () => {
  const it = prepare("tcp", !IS_SERVED);
  const waiting = awaitService(it.options, new AbortController().signal);
  await it.world.clock.advance(3_600_000);
  using _service = await listen(it.world, INTERNAL);
  await it.world.clock.advance(3_000);
  assert.ok(await waiting);
  assert.equal(it.world.clock.pendingTimers, 0, "a timer was left");
});

Deno.test("awaitService() says no, and leaves nothing behind, when aborted", async () => {
  const it = prepare("tcp", !IS_SERVED);
  const controller = new AbortController();
  const waiting = awaitService(it.options, controller.signal);
  await it.world.clock.advance(5_000);
  controller.abort();
  assert.ok(!await waiting);
  assert.deepEqual([it.world.openSockets, it.world.clock.pendingTimers], [0, 0]);
});

Deno.test("selfCheck() leaves a foreign UDP service alone", async () => {
  const it = prepare("udp", !IS_SERVED, "endpoint-independent");
  assert.deepEqual(await run(it), {
    state: "unverified",
    reason: "the service on the port was left alone; UDP filtering of this NAT is endpoint-independent",
  });
  assert.deepEqual(it.world.net.sent, []);
});

Deno.test("selfCheck() sees its datagram come round through a hairpinning NAT", async () => {
  for (const turnsRound of [true, false]) {
    const it = prepare("udp", IS_SERVED);
    const { world, options } = it;
    if (turnsRound) {
      world.net.route = (packet) => packet.to.port === EXTERNAL.port ? { ...packet, to: INTERNAL } : packet;
    }
    {
      await using _served = await serveTest(INTERNAL, {
        ...options,
        lang: "en",
        getMapping: () => undefined,
      });
      const checking = selfCheck(options, new AbortController().signal);
      await world.clock.advance(60_000);
      assert.equal((await checking)?.state, turnsRound ? "reachable" : "unverified");
    }
    assert.equal(world.openSockets, 0);
  }
});

Deno.test("selfCheck() claims nothing where there is no NAT", async () => {
  const it = prepare("tcp", !IS_SERVED);
  const outcome = await run({ ...it, options: { ...it.options, external: INTERNAL } });
  assert.equal(outcome?.state, "unverified");
  assert.deepEqual(it.world.net.connects, []);
});

Deno.test("selfCheck() ends with undefined and leaves nothing when aborted", async () => {
  for (const protocol of ["tcp", "udp"] as const) {
    for (const ms of [0, 5, 1_500]) {
      const it = prepare(protocol, IS_SERVED);
      it.world.net.silent.add(EXTERNAL.address);
      const controller = new AbortController();
      const checking = selfCheck(it.options, controller.signal);
      await it.world.clock.advance(ms);
      controller.abort(new Error("stop"));
      assert.equal(await checking, undefined);
      await it.world.clock.advance(20);
      assert.equal(it.world.openSockets, 0);
      assert.equal(it.world.clock.pendingTimers, 0);
    }
  }
});

Deno.test("selfCheck() takes a connection that was reset at once for one that was accepted", async () => {
  const servesTestPage = false;
  const it = prepare("tcp", servesTestPage);
  it.world.net.connectStream = () => Promise.reject(kernelError("ECONNRESET", "connect"));
  assert.deepEqual(await run(it), { state: "reachable", evidence: "a connection through it was accepted" });
});
