import assert from "node:assert/strict";
import { type Endpoint, formatEndpoint } from "../../../src/core/endpoint.ts";
import { askStun, type AskStunOptions, type StunOpinions } from "../../../src/keeper/ask_stun.ts";
import { StunServerList } from "../../../src/stun/server_list.ts";
import { settle } from "../../fakes/fake_clock.ts";
import { KeeperWorld } from "../../fakes/keeper_world.ts";

const LIE = "9.9.9.9:7777";

interface Asked {
  readonly world: KeeperWorld;
  readonly servers: StunServerList;
  /** Asks once; gives both opinions as text. */
  ask(options?: Partial<AskStunOptions>): Promise<readonly (string | undefined)[]>;
}

/** Servers in order; those in `liars` name an endpoint of their own. */
async function worldOf(count: number, liars: readonly number[] = []): Promise<Asked> {
  const world = new KeeperWorld();
  const map = world.nat.map.bind(world.nat);
  world.nat.map = (protocol, internal, server): Endpoint =>
    liars.includes(Number(server.address.split(".").at(-1)))
      ? { address: "9.9.9.9", port: 7777 }
      : map(protocol, internal, server);
  const specs = [];
  for (let i = 1; i <= count; i++) specs.push((await world.addStun(`198.51.100.${i}`)).spec);
  const servers = new StunServerList({ specs, family: 4, platform: world.platform });
  return {
    world,
    servers,
    async ask(options = {}): Promise<readonly (string | undefined)[]> {
      let told: StunOpinions | undefined;
      const asking = askStun({
        name: "x",
        protocol: "udp",
        isForced: false,
        platform: world.platform,
        servers,
        internal: { address: "192.168.1.2", port: 3456 },
        expected: undefined,
        opinions: 2,
        signal: new AbortController().signal,
        ...options,
      }).then((opinions) => told = opinions);
      while (told === undefined) await world.clock.advance(10);
      await asking;
      await settle();
      return [told.first, told.second].map((one) => one && formatEndpoint(one));
    },
  };
}

for (const liar of [1, 2]) {
  Deno.test(`askStun() believes all other servers against server ${liar}, which then rests`, async () => {
    const { ask, world, servers } = await worldOf(4, [liar]);
    assert.deepEqual(await ask(), ["203.0.113.10:14500", "203.0.113.10:14500"]);
    assert.equal(world.openSockets, 0);
    assert.ok(world.log.lines.some((line) => line.startsWith("warn") && line.includes(LIE)));
    for (let i = 0; i < 5; i++) {
      const taken = await servers.take(2);
      assert.ok(taken.every(({ endpoint }) => endpoint.address !== `198.51.100.${liar}`));
    }
  });
}

Deno.test("askStun() tells the disagreement where every server says something else", async () => {
  const { ask, world } = await worldOf(4);
  world.nat.isSymmetric = true;
  const [first, second] = await ask();
  assert.notEqual(first, second);
  assert.ok(second !== undefined);
  assert.ok(!world.log.lines.some((line) => line.startsWith("warn")));
});

Deno.test("askStun() tells the disagreement where a pool of addresses shows two servers each something else", async () => {
  const { ask, world } = await worldOf(5, [2, 4]);
  const told = await ask();
  assert.equal(new Set(told).size, 2, "two of five are no odd one");
  assert.ok(!world.log.lines.some((line) => line.startsWith("warn")));
});

Deno.test("askStun() tells the disagreement of two servers that nobody decides", async () => {
  const { ask } = await worldOf(2, [1]);
  assert.deepEqual((await ask()).toSorted(), ["203.0.113.10:14500", LIE]);
});

Deno.test("askStun() asks no third server where two agree, one is enough, or it is forced", async () => {
  const count = ({ net }: KeeperWorld): number => net.sent.filter(({ to }) => to.port === 3478).length;
  const agreed = await worldOf(4);
  await agreed.ask();
  assert.equal(count(agreed.world), 2);
  const known = await worldOf(4);
  assert.equal((await known.ask({ opinions: 1 }))[1], undefined);
  assert.equal(count(known.world), 1);
  const forced = await worldOf(4, [1]);
  await forced.ask({ isForced: true });
  assert.equal(count(forced.world), 2);
});
