import assert from "node:assert/strict";
import { DemoChild } from "../../src/cli/demo_child.ts";
import { fetchPage } from "../../src/cli/demo_visit.ts";
import { type DemoWorld, openDemoWorld } from "../../src/cli/demo_world.ts";
import { systemClock } from "../../src/core/clock.ts";
import { formatEndpoint, parseEndpoint } from "../../src/core/endpoint.ts";
import { errorCode } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/log.ts";
import type { Net } from "../../src/core/net.ts";
import { systemRandom } from "../../src/core/random.ts";
import { openNet } from "../../src/net/open_net.ts";
import { OwnService, SERVICE_TEXT } from "./own_service.ts";

const LIMIT_MS = 10_000;
const never = new AbortController().signal;
const isFull = Deno.build.os === "linux" && Deno.env.get("PORTHOLE_PORTABLE") !== "1";

/** Those whose bind mode shares ports. */
const FRONT_ENDS = ["natmap", "natter 2", "natter 0.9"] as const;

interface World extends AsyncDisposable {
  readonly net: Net;
  readonly world: DemoWorld;
  /** Starts `porthole open` behind the NAT. */
  open(port: number, ...flags: readonly string[]): DemoChild;
  /** Starts a front end behind the NAT. */
  start(frontEnd: (typeof FRONT_ENDS)[number], port: number): DemoChild;
}

async function openWorld(): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const net = stack.use(openNet({ log: silentLogger }));
  const world = stack.use(
    await openDemoWorld({ net, clock: systemClock, random: systemRandom, log: silentLogger }),
  );
  const children = stack.use(new AsyncDisposableStack());
  const servers = [
    ...world.stunServers.flatMap((server) => ["--stun", formatEndpoint(server)]),
    ...world.webServers.flatMap((server) => ["--keep-alive", formatEndpoint(server)]),
  ];
  const [stun = "", web = ""] = [world.stunServers[0], world.webServers[0]].map((at) =>
    at && formatEndpoint(at)
  );
  const { home } = world;
  const argsOf = (frontEnd: (typeof FRONT_ENDS)[number], port: number): readonly string[] => {
    switch (frontEnd) {
      case "natmap":
        return ["natmap", "-i", home, "-s", stun, "-h", web, "-b", `${port}`];
      case "natter 2":
        return ["natter", "-m", "none", "-i", home, "-b", `${port}`, ...servers];
      case "natter 0.9":
        return ["natter", home, `${port}`, ...servers];
    }
  };
  const owned = stack.move();
  return {
    net,
    world,
    start: (frontEnd, port) =>
      children.use(DemoChild.start([...argsOf(frontEnd, port), "--json"], systemClock)),
    open: (port, ...flags) => {
      const args = ["open", `${port}`, "--json", "--interface", world.home, ...servers, ...flags];
      return children.use(DemoChild.start(args, systemClock));
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** What a stranger gets to see. */
function visit({ net, world }: World, external: unknown): Promise<string> {
  const to = parseEndpoint(String(external));
  return fetchPage({ net, clock: systemClock, from: world.visitor, to, limitMs: LIMIT_MS, signal: never });
}

/**
 * What another who wants to share the port is told. At any address: of one that was shared the kernel remembers it
 * for the service's user.
 */
async function codeOfBind({ net }: World, port: number): Promise<string | undefined> {
  try {
    using _held = await net.reservePort({ local: { address: "0.0.0.0", port } });
    return undefined;
  } catch (error) {
    return errorCode(error);
  }
}

/** Another process of the same user may be looked into where no policy forbids it. */
function mayLookInto(): boolean {
  try {
    return Deno.uid() === 0 || Deno.readTextFileSync("/proc/sys/kernel/yama/ptrace_scope").trim() === "0";
  } catch {
    return true;
  }
}

Deno.test({
  name:
    "porthole open shares the port of a service that runs, before and after a NAT restart, and lets go of it",
  ignore: !isFull || !mayLookInto(),
  fn: async (): Promise<void> => {
    await using it = await openWorld();
    await using service = await OwnService.start(it.world.home, 0);
    assert.equal(await codeOfBind(it, service.port), "EADDRINUSE");
    const child = it.open(service.port);
    const mapped = await child.next("mapped", LIMIT_MS, never);
    assert.equal(mapped?.["sharing"], "pidfd", child.lastWords.join("\n"));
    assert.match(child.lastWords.join("\n"), /SO_REUSEPORT/);
    assert.equal(await visit(it, mapped["external"]), SERVICE_TEXT);
    it.world.box.restart();
    const changed = await child.next("changed", LIMIT_MS, never);
    assert.ok(changed, child.lastWords.join("\n"));
    assert.equal(await visit(it, changed["external"]), SERVICE_TEXT);
    assert.equal((await child.terminate(2000))?.status, 143);
    assert.equal(await codeOfBind(it, service.port), "EADDRINUSE", "it was given back");
  },
});

for (const frontEnd of FRONT_ENDS) {
  Deno.test({
    name: `porthole as ${frontEnd} shares the port of a service that runs`,
    ignore: !isFull || !mayLookInto(),
    fn: async (): Promise<void> => {
      await using it = await openWorld();
      await using service = await OwnService.start(it.world.home, 0);
      const child = it.start(frontEnd, service.port);
      const mapped = await child.next("mapped", LIMIT_MS, never);
      assert.equal(mapped?.["sharing"], "pidfd", child.lastWords.join("\n"));
      assert.equal(await visit(it, mapped["external"]), SERVICE_TEXT);
      await child.terminate(2000);
      assert.equal(await codeOfBind(it, service.port), "EADDRINUSE", "it was given back");
    },
  });
}

Deno.test({
  name: "porthole open --no-reuse leaves a service alone and points at forward",
  ignore: !isFull,
  fn: async (): Promise<void> => {
    await using it = await openWorld();
    await using service = await OwnService.start(it.world.home, 0);
    const child = it.open(service.port, "--no-reuse");
    assert.equal(await child.next("mapped", LIMIT_MS, never), undefined);
    assert.equal(child.end?.status, 1);
    assert.match(child.lastWords.join("\n"), /EADDRINUSE.*porthole forward/);
    assert.equal(await codeOfBind(it, service.port), "EADDRINUSE", "it was not touched");
  },
});

Deno.test({
  name:
    "porthole open --wait-for-service --no-reuse serves strangers by a service that comes later, untouched",
  ignore: !isFull,
  fn: async (): Promise<void> => {
    await using it = await openWorld();
    const child = it.open(0, "--wait-for-service", "--no-reuse");
    const mapped = await child.next("mapped", LIMIT_MS, never);
    assert.ok(mapped, child.lastWords.join("\n"));
    assert.match(child.lastWords.join("\n"), /the service may start now/);
    const { port } = parseEndpoint(String(mapped["internal"]));
    await using _service = await OwnService.start(it.world.home, port);
    assert.equal(await visit(it, mapped["external"]), SERVICE_TEXT);
    // Every socket that is needed now was bound before the service came.
    assert.equal(await codeOfBind(it, port), "EADDRINUSE");
    it.world.box.restart();
    const changed = await child.next("changed", LIMIT_MS, never);
    assert.ok(changed, child.lastWords.join("\n"));
    assert.equal(await visit(it, changed["external"]), SERVICE_TEXT);
    assert.equal((await child.terminate(2000))?.status, 143);
  },
});
