import assert from "node:assert/strict";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import { errorCode } from "../../../src/core/errors.ts";
import type { Net } from "../../../src/core/net.ts";
import type { NatProfile } from "../../../src/box/nat_profile.ts";
import { FakeClock } from "../../fakes/fake_clock.ts";
import {
  boxTest,
  freshAddress,
  openRig,
  openTcpPeer,
  openTcpServer,
  type Rig,
  type TcpPeer,
} from "./box_rig.ts";

/** A connection from the host to a server, both sides of it. */
interface Pair extends Disposable {
  readonly inner: TcpPeer;
  readonly outer: TcpPeer;
  /** What the server sees. */
  readonly external: Endpoint;
}

async function connect(rig: Rig, internal: Endpoint, index: 0 | 1 | 2): Promise<Pair> {
  const inner = await openTcpPeer(rig.net, rig.facades[index], internal);
  const outer = await rig.tcp[index].accepted.next();
  return {
    inner,
    outer,
    external: outer.connection.remote,
    [Symbol.dispose]: (): void => {
      inner.connection.abort();
      outer.connection.abort();
    },
  };
}

/** What a visitor gets: the greeting of the host's server, or how it was refused. */
async function visit(net: Net, external: Endpoint, local: Endpoint): Promise<string> {
  try {
    using visitor = await openTcpPeer(net, external, local);
    return await visitor.inbox.next();
  } catch (error) {
    return `<${errorCode(error)}>`;
  }
}

const CASES: readonly {
  profile: NatProfile;
  samePort: boolean;
  visits: { sameAddress: string; stranger: string };
}[] = [
  { profile: "full-cone", samePort: true, visits: { sameAddress: "welcome", stranger: "welcome" } },
  {
    profile: "address-restricted",
    samePort: true,
    visits: { sameAddress: "welcome", stranger: "<ECONNRESET>" },
  },
  {
    profile: "port-restricted",
    samePort: true,
    visits: { sameAddress: "<ECONNREFUSED>", stranger: "<ECONNREFUSED>" },
  },
  {
    profile: "symmetric",
    samePort: false,
    visits: { sameAddress: "<ECONNREFUSED>", stranger: "<ECONNREFUSED>" },
  },
];

for (const { profile, samePort, visits } of CASES) {
  boxTest(`openNatBox() maps TCP and filters strangers when the profile is ${profile}`, async () => {
    await using rig = await openRig({ profile });
    using server = await openTcpServer(rig.net, {
      local: { address: rig.host, port: 0 },
      greeting: "welcome",
    });
    using first = await connect(rig, server.local, 0);
    assert.equal(first.external.address, rig.external);
    assert.notEqual(first.external.port, server.local.port);
    using again = await connect(rig, server.local, 1);
    assert.equal(again.external.port === first.external.port, samePort);
    using other = await connect(rig, server.local, 2);
    assert.equal(other.external.port === first.external.port, samePort);

    const neighbour = { address: rig.outsideOf(rig.facades[0]).address, port: 0 };
    assert.equal(await visit(rig.net, first.external, neighbour), visits.sameAddress);
    assert.equal(await visit(rig.net, first.external, { address: freshAddress(), port: 0 }), visits.stranger);
    first.inner.write("still");
    assert.equal(await first.outer.inbox.next(), "still");
    first.outer.write("here");
    assert.equal(await first.inner.inbox.next(), "here");
  });
}

boxTest("openNatBox() shows a stranger's own address to the host", async () => {
  await using rig = await openRig({ profile: "full-cone" });
  using server = await openTcpServer(rig.net, { local: { address: rig.host, port: 0 }, greeting: "welcome" });
  using pair = await connect(rig, server.local, 0);
  const address = freshAddress();
  using _visitor = await openTcpPeer(rig.net, pair.external, { address, port: 0 });
  assert.equal((await server.accepted.next()).connection.remote.address, address);
});

boxTest("openNatBox() passes a half-close on, and the answer after it", async () => {
  await using rig = await openRig({ profile: "full-cone" });
  using pair = await connect(rig, { address: rig.host, port: 0 }, 0);
  pair.inner.write("question");
  assert.equal(await pair.outer.inbox.next(), "question");
  pair.inner.connection.end();
  assert.equal(await pair.outer.inbox.next(), "<end>");
  pair.outer.write("answer");
  assert.equal(await pair.inner.inbox.next(), "answer");
  pair.outer.connection.end();
  assert.equal(await pair.inner.inbox.next(), "<end>");
});

boxTest("openNatBox() passes a reset on, in both directions", async () => {
  await using rig = await openRig({ profile: "full-cone" });
  using first = await connect(rig, { address: rig.host, port: 0 }, 0);
  first.inner.connection.abort();
  assert.equal(await first.outer.inbox.next(), "<ECONNRESET>");
  using second = await connect(rig, { address: rig.host, port: 0 }, 0);
  second.outer.connection.abort();
  assert.equal(await second.inner.inbox.next(), "<ECONNRESET>");
});

boxTest("openNatBox() resets the inside when the server outside refuses", async () => {
  await using rig = await openRig({ profile: "full-cone" });
  rig.tcp[0][Symbol.dispose]();
  using inner = await openTcpPeer(rig.net, rig.facades[0], { address: rig.host, port: 0 });
  assert.equal(await inner.inbox.next(), "<ECONNRESET>");
});

boxTest("openNatBox() carries much without losing a byte when the reader is slow", async () => {
  await using rig = await openRig({ profile: "full-cone" });
  using pair = await connect(rig, { address: rig.host, port: 0 }, 0);
  const chunk = new Uint8Array(1024 * 1024).fill(0x2e);
  const [isPaused, isFlowing] = [true, false];
  pair.outer.connection.setPaused(isPaused);
  for (let i = 0; i < 24; i++) pair.inner.connection.write(chunk);
  pair.inner.connection.end();
  // The second connection passes while the first one is stuck.
  using other = await connect(rig, { address: rig.host, port: 0 }, 1);
  other.inner.write("overtakes");
  assert.equal(await other.outer.inbox.next(), "overtakes");
  assert.ok(pair.inner.connection.pendingBytes > 0, "the box pushes back");
  pair.outer.connection.setPaused(isFlowing);
  let bytes = 0;
  for (let text = ""; text !== "<end>"; bytes += text === "<end>" ? 0 : text.length) {
    text = await pair.outer.inbox.next();
  }
  assert.equal(bytes, 24 * chunk.length);
});

boxTest("NatBox.restart() forgets connections silently and maps the next one anew", async () => {
  await using rig = await openRig({ profile: "full-cone" });
  using server = await openTcpServer(rig.net, { local: { address: rig.host, port: 0 }, greeting: "welcome" });
  using before = await connect(rig, server.local, 0);
  const stranger = { address: freshAddress(), port: 0 };
  assert.equal(await visit(rig.net, before.external, stranger), "welcome");
  rig.box.restart();
  assert.deepEqual(rig.box.mappingsOf("tcp"), []);
  before.inner.write("lost");
  before.outer.write("lost");
  assert.equal(await visit(rig.net, before.external, stranger), "<ECONNREFUSED>");
  using after = await connect(rig, server.local, 1);
  assert.notEqual(after.external.port, before.external.port);
  assert.equal(await visit(rig.net, after.external, stranger), "welcome");
  assert.deepEqual(before.inner.inbox.waiting, []);
  assert.deepEqual(before.outer.inbox.waiting, []);
  // The old connection is gone by a reset and the same pair of endpoints is free for a new one.
  before.inner.connection.abort();
  using again = await connect(rig, server.local, 0);
  assert.equal(again.external.port, after.external.port);
  assert.deepEqual(before.outer.inbox.waiting, []);
});

boxTest("NatBox.restart() resets connections when the restart mode says so", async () => {
  await using rig = await openRig({ profile: "full-cone", restartMode: "reset" });
  using pair = await connect(rig, { address: rig.host, port: 0 }, 0);
  rig.box.restart();
  assert.equal(await pair.inner.inbox.next(), "<ECONNRESET>");
  assert.equal(await pair.outer.inbox.next(), "<ECONNRESET>");
});

boxTest("openNatBox() drops a TCP mapping when it idled for its lifetime", async () => {
  const clock = new FakeClock();
  {
    await using rig = await openRig({ profile: "full-cone", lifetimeMs: 30_000, clock });
    using pair = await connect(rig, { address: rig.host, port: 0 }, 0);
    await clock.advance(20_000);
    pair.outer.write("busy");
    assert.equal(await pair.inner.inbox.next(), "busy");
    await clock.advance(20_000);
    assert.equal(rig.box.mappingsOf("tcp").length, 1);
    await clock.advance(10_000);
    assert.deepEqual(rig.box.mappingsOf("tcp"), []);
    using after = await connect(rig, pair.inner.connection.local, 1);
    assert.notEqual(after.external.port, pair.external.port);
    assert.deepEqual(pair.inner.inbox.waiting, []);
  }
  assert.equal(clock.pendingTimers, 0);
});

boxTest("openNatBox() serves 100 visitors in a row who close first", async () => {
  await using rig = await openRig({ profile: "full-cone" });
  using server = await openTcpServer(rig.net, { local: { address: rig.host, port: 0 }, greeting: "welcome" });
  using pair = await connect(rig, server.local, 0);
  const stranger = { address: freshAddress(), port: 0 };
  for (let i = 0; i < 100; i++) assert.equal(await visit(rig.net, pair.external, stranger), "welcome");
});
