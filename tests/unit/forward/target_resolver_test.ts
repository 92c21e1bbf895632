import assert from "node:assert/strict";
import { formatEndpoint, type HostPort } from "../../../src/core/endpoint.ts";
import { TargetResolver, type TargetResolverOptions } from "../../../src/forward/target_resolver.ts";
import { settle } from "../../fakes/fake_clock.ts";
import { type FakeWorld, openFakeWorld } from "../../fakes/fake_world.ts";

async function withResolver(
  target: HostPort,
  body: (parts: { world: FakeWorld; resolver: TargetResolver; lists: string[] }) => Promise<void>,
  options: Partial<TargetResolverOptions> & { readonly names?: Readonly<Record<string, string[] | "hang">> } =
    {},
): Promise<void> {
  const world = openFakeWorld();
  for (const [name, addresses] of Object.entries(options.names ?? {})) world.net.names.set(name, addresses);
  const lists: string[] = [];
  {
    await using resolver = TargetResolver.start({
      platform: world.platform,
      target,
      onTargets: (targets) => lists.push(targets.map(formatEndpoint).join(" ")),
      ...options,
    });
    await settle();
    await body({ world, resolver, lists });
  }
  assert.equal(world.clock.pendingTimers, 0);
}

const NAS: HostPort = { host: "nas", port: 22 };

Deno.test("TargetResolver tells a literal address at once and asks nobody", async () => {
  await withResolver({ host: "192.168.1.9", port: 22 }, ({ world, resolver, lists }) => {
    assert.deepEqual(lists, ["192.168.1.9:22"]);
    resolver.reportFailure();
    assert.deepEqual(world.net.resolved, []);
    assert.equal(world.clock.pendingTimers, 0);
    return Promise.resolve();
  });
});

Deno.test("TargetResolver gives both families, the preferred one first", async () => {
  const names = { nas: ["192.168.1.9", "fd00::9"] };
  for (const preferredFamily of [4, 6] as const) {
    await withResolver(NAS, ({ resolver }) => {
      const want = ["192.168.1.9:22", "[fd00::9]:22"];
      assert.deepEqual(
        resolver.targets.map(formatEndpoint),
        preferredFamily === 4 ? want : want.toReversed(),
      );
      return Promise.resolve();
    }, { names, preferredFamily });
  }
});

Deno.test("TargetResolver waits for the external port when the target's is 0, and follows it", async () => {
  await withResolver({ host: "192.168.1.9", port: 0 }, ({ resolver, lists }) => {
    assert.deepEqual(resolver.targets, []);
    for (const port of [14500, 14500, 14501]) resolver.setExternalPort(port);
    assert.deepEqual(lists, ["192.168.1.9:14500", "192.168.1.9:14501"]);
    return Promise.resolve();
  });
});

Deno.test("TargetResolver asks again after failures with growing pauses, and keeps the last list meanwhile", async () => {
  await withResolver(NAS, async ({ world, resolver, lists }) => {
    assert.deepEqual(lists, []);
    await world.clock.advance(60_000);
    const asked = world.net.resolved.length / 2;
    assert.ok(asked >= 5 && asked <= 10, `${asked} times`);
    world.net.names.set("nas", ["192.168.1.9"]);
    await world.clock.advance(60_000);
    assert.deepEqual(lists, ["192.168.1.9:22"]);
    world.net.names.delete("nas");
    await world.clock.advance(400_000);
    assert.deepEqual(resolver.targets.map(formatEndpoint), ["192.168.1.9:22"]);
  });
});

Deno.test("TargetResolver notices another address within five minutes, or soon after a failure is reported", async () => {
  await withResolver(NAS, async ({ world, resolver, lists }) => {
    world.net.names.set("nas", ["192.168.1.10"]);
    await world.clock.advance(299_000);
    assert.equal(lists.length, 1);
    await world.clock.advance(2000);
    assert.equal(lists.at(-1), "192.168.1.10:22");
    world.net.names.set("nas", ["192.168.1.11"]);
    for (let i = 0; i < 100; i++) resolver.reportFailure();
    await world.clock.advance(2000);
    assert.deepEqual(lists, ["192.168.1.9:22", "192.168.1.10:22", "192.168.1.11:22"]);
    assert.equal(world.net.resolved.length, 6);
  }, { names: { nas: ["192.168.1.9"] } });
});

Deno.test("TargetResolver says nothing new when the same addresses come in another order", async () => {
  await withResolver(NAS, async ({ world, lists }) => {
    world.net.names.set("nas", ["192.168.1.10", "192.168.1.9"]);
    await world.clock.advance(700_000);
    assert.equal(lists.length, 1);
  }, { names: { nas: ["192.168.1.9", "192.168.1.10"] } });
});

Deno.test("TargetResolver ends at once when it is disposed while the name server hangs", async () => {
  await withResolver(NAS, () => Promise.resolve(), { names: { nas: "hang" } });
});
