import assert from "node:assert/strict";
import { systemClock } from "../../src/core/clock.ts";
import { formatEndpoint, parseEndpoint } from "../../src/core/endpoint.ts";
import { silentLogger } from "../../src/core/log.ts";
import type { Protocol } from "../../src/core/mapping.ts";
import type { Net } from "../../src/core/net.ts";
import { systemRandom } from "../../src/core/random.ts";
import type { NatProfile } from "../../src/box/nat_profile.ts";
import { DemoChild } from "../../src/cli/demo_child.ts";
import { fetchPage } from "../../src/cli/demo_visit.ts";
import { type DemoWorld, openDemoWorld } from "../../src/cli/demo_world.ts";
import { openNet } from "../../src/net/open_net.ts";
import { openUdpPeer } from "../unit/box/box_rig.ts";

const isFull = Deno.build.os === "linux" && Deno.env.get("PORTHOLE_PORTABLE") !== "1";
const LIMIT_MS = 10_000;

interface Behind extends AsyncDisposable {
  readonly net: Net;
  readonly world: DemoWorld;
  readonly child: DemoChild;
}

/** The real command behind a box of this profile. */
async function openBehind(profile: NatProfile, protocol: Protocol): Promise<Behind> {
  await using stack = new AsyncDisposableStack();
  const net = stack.use(openNet({ log: silentLogger }));
  const platform = { net, clock: systemClock, random: systemRandom, log: silentLogger };
  const world = stack.use(await openDemoWorld(platform, { profile }));
  const args = [
    ...["open", "0", `--${protocol}`, "--test", "--json", "--interface", world.home],
    ...world.stunServers.flatMap((server) => ["--stun", formatEndpoint(server)]),
    ...(protocol === "tcp"
      ? world.webServers.flatMap((server) => ["--keep-alive", formatEndpoint(server)])
      : []),
  ];
  const child = stack.use(DemoChild.start(args, systemClock));
  const owned = stack.move();
  return { net, world, child, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** What a stranger gets to see. */
async function visit({ net, world }: Behind, protocol: Protocol, external: string): Promise<string> {
  const to = parseEndpoint(external);
  if (protocol === "tcp") {
    const signal = new AbortController().signal;
    return await fetchPage({ net, clock: systemClock, from: world.visitor, to, limitMs: LIMIT_MS, signal });
  }
  using stranger = await openUdpPeer(net, { address: world.visitor, port: 0 });
  stranger.send("hello", to);
  return (await stranger.inbox.next()).text;
}

const never = new AbortController().signal;

for (const protocol of ["tcp", "udp"] as const) {
  Deno.test({
    name: `porthole open serves a stranger behind a full cone before and after a restart over ${protocol}`,
    ignore: !isFull,
    fn: async (): Promise<void> => {
      await using behind = await openBehind("full-cone", protocol);
      const { child, world } = behind;
      const mapped = await child.next("mapped", LIMIT_MS, never);
      assert.ok(mapped, child.lastWords.join("\n"));
      assert.match(await visit(behind, protocol, String(mapped["external"])), /It works!/);
      const checked = await child.next("checked", LIMIT_MS, never);
      assert.equal(checked?.["reachability"], "reachable", JSON.stringify(checked));
      world.box.restart();
      const changed = await child.next("changed", LIMIT_MS, never);
      assert.ok(changed, child.lastWords.join("\n"));
      assert.equal(changed["previous"], mapped["external"]);
      assert.match(await visit(behind, protocol, String(changed["external"])), /It works!/);
      assert.equal((await child.terminate(2000))?.status, 143);
    },
  });

  Deno.test({
    name: `porthole open announces nothing and ends with 4 behind a symmetric NAT over ${protocol}`,
    ignore: !isFull,
    fn: async (): Promise<void> => {
      await using behind = await openBehind("symmetric", protocol);
      assert.equal(await behind.child.next("mapped", LIMIT_MS, never), undefined);
      assert.equal(behind.child.end?.status, 4, behind.child.lastWords.join("\n"));
    },
  });
}

for (const profile of ["address-restricted", "port-restricted"] as const) {
  Deno.test({
    name: `porthole open announces nothing and ends with 4 behind a ${profile} NAT over udp`,
    ignore: !isFull,
    fn: async (): Promise<void> => {
      await using behind = await openBehind(profile, "udp");
      assert.equal(await behind.child.next("mapped", LIMIT_MS, never), undefined);
      assert.equal(behind.child.end?.status, 4, behind.child.lastWords.join("\n"));
    },
  });
}
