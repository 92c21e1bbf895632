import assert from "node:assert/strict";
import { CheckTokens } from "../../../src/daemon/check_tokens.ts";
import { CHECK_PREFIX, serveTest } from "../../../src/daemon/serve_test.ts";
import { KeeperWorld } from "../../fakes/keeper_world.ts";
import { planFor } from "../../fakes/tunnel_plan.ts";

const INTERNAL = { address: "192.168.1.2", port: 3456 };

Deno.test("serveTest() answers each datagram with one short line, and check tokens not at all", async () => {
  const world = new KeeperWorld();
  const tokens = new CheckTokens(world.platform.random);
  const plan = planFor({ protocol: "udp", servesTestPage: true });
  const answers: string[] = [];
  using visitor = await world.net.openDatagram({
    local: { address: "198.51.100.99", port: 5 },
    onDatagram: (data) => answers.push(new TextDecoder().decode(data)),
  });
  const served = await serveTest(INTERNAL, {
    plan,
    platform: world.platform,
    tokens,
    lang: "en",
    getMapping: () => undefined,
  });
  const send = async (data: Uint8Array): Promise<void> => {
    visitor.send(data, INTERNAL);
    await world.clock.advance(100);
  };
  await send(new Uint8Array(0));
  await send(new TextEncoder().encode("hello"));
  await send(new Uint8Array(1400));
  assert.deepEqual(answers, ["It works!\n", "It works!\n", "It works!\n"]);
  await send(new TextEncoder().encode("It works!\n"));
  assert.equal(answers.length, 3, "two test services must not keep each other busy");
  const token = tokens.issue();
  await send(new TextEncoder().encode(CHECK_PREFIX + token));
  await send(new TextEncoder().encode(`${CHECK_PREFIX}guess`));
  await send(Uint8Array.from([...new TextEncoder().encode(CHECK_PREFIX), 0xff, 0xfe]));
  assert.ok(tokens.hasSeen(token));
  assert.equal(answers.length, 3);
  await served[Symbol.asyncDispose]();
  await send(new TextEncoder().encode("hello"));
  assert.equal(answers.length, 3);
});

Deno.test("serveTest() survives a visitor who cannot be answered", async () => {
  const world = new KeeperWorld();
  const plan = planFor({ protocol: "udp", servesTestPage: true });
  await using _served = await serveTest(INTERNAL, {
    plan,
    platform: world.platform,
    tokens: new CheckTokens(world.platform.random),
    lang: "en",
    getMapping: () => undefined,
  });
  using visitor = await world.net.openDatagram({
    local: { address: "198.51.100.99", port: 5 },
    onDatagram: () => assert.fail("no answer can come"),
  });
  world.net.route = (packet) => {
    if (packet.from.port !== INTERNAL.port) return packet;
    throw Object.assign(new Error("Cannot send: EPERM"), { code: "EPERM" });
  };
  visitor.send(new Uint8Array(3), INTERNAL);
  await world.clock.advance(100);
  assert.ok(world.log.lines.some((line) => line.includes("Cannot answer") && line.includes("EPERM")));
});

Deno.test("serveTest() opens nothing where the plan has no test page", async () => {
  const world = new KeeperWorld();
  for (const protocol of ["tcp", "udp"] as const) {
    await using _served = await serveTest(INTERNAL, {
      plan: planFor({ protocol }),
      platform: world.platform,
      tokens: new CheckTokens(world.platform.random),
      lang: "en",
      getMapping: () => undefined,
    });
    assert.equal(world.openSockets, 0);
  }
});
