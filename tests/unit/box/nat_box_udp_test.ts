import assert from "node:assert/strict";
import { formatEndpoint, parseEndpoint } from "../../../src/core/endpoint.ts";
import type { NatProfile } from "../../../src/box/nat_profile.ts";
import { FakeClock } from "../../fakes/fake_clock.ts";
import { boxTest, freshAddress, openRig, openUdpPeer, portOf, type Rig, type UdpPeer } from "./box_rig.ts";

/** Sends from the host to a server and gives the external endpoint that the server saw. */
async function see(rig: Rig, host: UdpPeer, index: 0 | 1 | 2): Promise<string> {
  host.send("hello", rig.facades[index]);
  const letter = await rig.udp[index].inbox.next();
  assert.equal(letter.text, "hello");
  return letter.from;
}

const CASES: readonly { profile: NatProfile; samePort: boolean; lets: readonly string[] }[] = [
  { profile: "full-cone", samePort: true, lets: ["same address", "stranger"] },
  { profile: "address-restricted", samePort: true, lets: ["same address"] },
  { profile: "port-restricted", samePort: true, lets: [] },
  { profile: "symmetric", samePort: false, lets: [] },
];

for (const { profile, samePort, lets } of CASES) {
  boxTest(`openNatBox() maps UDP and filters strangers when the profile is ${profile}`, async () => {
    await using rig = await openRig({ profile });
    using host = await openUdpPeer(rig.net, { address: rig.host, port: 0 });
    using stranger = await openUdpPeer(rig.net, { address: freshAddress(), port: 0 });
    const seen = await see(rig, host, 0);
    const external = parseEndpoint(seen);
    assert.equal(external.address, rig.external);
    assert.notEqual(external.port, host.local.port);
    assert.equal(await see(rig, host, 0), seen, "the mapping is stable");

    rig.udp[1].send("same address", external);
    stranger.send("stranger", external);
    // The server that was asked always gets in; what was sent before it has been judged by then.
    rig.udp[0].send("asked", external);
    const came: string[] = [];
    for (let text = ""; text !== "asked"; came.push(text)) text = (await host.inbox.next()).text;
    // Stand-ins are opened on the way, so a stranger's datagram may come after.
    while (came.length < lets.length + 1) came.push((await host.inbox.next()).text);
    assert.deepEqual(came.sort(), [...lets, "asked"].sort());
    assert.equal(rig.box.filteredCountOf("udp"), 2 - lets.length);

    assert.equal(await see(rig, host, 2) === seen, samePort);
  });
}

boxTest("openNatBox() shows answers as coming from the facades, whichever endpoint answered", async () => {
  await using rig = await openRig({ profile: "full-cone" });
  using host = await openUdpPeer(rig.net, { address: rig.host, port: 0 });
  const external = parseEndpoint(await see(rig, host, 0));
  for (const index of [0, 1, 2] as const) {
    rig.udp[index].send("answer", external);
    assert.deepEqual(await host.inbox.next(), { text: "answer", from: formatEndpoint(rig.facades[index]) });
  }
});

boxTest("openNatBox() carries a talk between a stranger and the host over UDP", async () => {
  await using rig = await openRig({ profile: "full-cone" });
  using host = await openUdpPeer(rig.net, { address: rig.host, port: 0 });
  using stranger = await openUdpPeer(rig.net, { address: freshAddress(), port: 0 });
  const external = parseEndpoint(await see(rig, host, 0));
  for (let i = 0; i < 3; i++) {
    stranger.send(`question ${i}`, external);
    const question = await host.inbox.next();
    assert.equal(question.text, `question ${i}`);
    assert.equal(parseEndpoint(question.from).address, stranger.local.address);
    host.send(`answer ${i}`, parseEndpoint(question.from));
    assert.deepEqual(await stranger.inbox.next(), { text: `answer ${i}`, from: formatEndpoint(external) });
  }
});

boxTest(
  "openNatBox() serves a host that connects one socket to a server and answers with another",
  async () => {
    await using rig = await openRig({ profile: "full-cone" });
    using listening = await rig.net.openDatagram({
      local: { address: rig.host, port: 0 },
      reusePort: true,
      onDatagram: (data, from) => listening.send(data, from),
    });
    using asking = await rig.net.openDatagram({
      local: listening.local,
      remote: rig.facades[0],
      reusePort: true,
      onDatagram: () => assert.fail("a connected socket takes nothing from strangers"),
    });
    asking.send(new TextEncoder().encode("hello"));
    const external = parseEndpoint((await rig.udp[0].inbox.next()).from);
    using stranger = await openUdpPeer(rig.net, { address: freshAddress(), port: 0 });
    stranger.send("echo", external);
    assert.equal((await stranger.inbox.next()).text, "echo");
  },
);

boxTest("NatBox.restart() gives UDP another port and closes the old one", async () => {
  await using rig = await openRig({ profile: "full-cone" });
  using host = await openUdpPeer(rig.net, { address: rig.host, port: 0 });
  const before = parseEndpoint(await see(rig, host, 0));
  rig.box.restart();
  assert.deepEqual(rig.box.mappingsOf("udp"), []);
  using stranger = await openUdpPeer(rig.net, { address: freshAddress(), port: 0 }, before);
  stranger.send("anybody there?");
  assert.match(String(await stranger.errors.next()), /ECONNREFUSED/);
  const after = parseEndpoint(await see(rig, host, 0));
  assert.equal(after.address, before.address);
  assert.notEqual(after.port, before.port);
});

boxTest("NatBox.restart() moves to another external address when told one", async () => {
  await using rig = await openRig({ profile: "full-cone" });
  using host = await openUdpPeer(rig.net, { address: rig.host, port: 0 });
  await see(rig, host, 0);
  const externalAddress = freshAddress();
  rig.box.restart({ externalAddress });
  assert.equal(rig.box.externalAddress, externalAddress);
  assert.equal(parseEndpoint(await see(rig, host, 0)).address, externalAddress);
});

boxTest("openNatBox() drops a UDP mapping when it idled for its lifetime", async () => {
  const clock = new FakeClock();
  {
    await using rig = await openRig({ profile: "full-cone", lifetimeMs: 30_000, clock });
    using host = await openUdpPeer(rig.net, { address: rig.host, port: 0 });
    const first = await see(rig, host, 0);
    await clock.advance(20_000);
    assert.equal(await see(rig, host, 0), first);
    await clock.advance(20_000);
    assert.equal(await see(rig, host, 0), first);
    await clock.advance(30_000);
    assert.deepEqual(rig.box.mappingsOf("udp"), []);
    assert.notEqual(portOf(await see(rig, host, 0)), portOf(first));
  }
  assert.equal(clock.pendingTimers, 0);
});

boxTest("openNatBox() lets the inside in by its external address only when it hairpins", async () => {
  for (const hairpins of [true, false]) {
    await using rig = await openRig({ profile: "full-cone", hairpins });
    using host = await openUdpPeer(rig.net, { address: rig.host, port: 0 });
    using another = await openUdpPeer(rig.net, { address: rig.host, port: 0 });
    const external = parseEndpoint(await see(rig, host, 0));
    another.send("hairpin", external);
    rig.udp[0].send("asked", external);
    if (hairpins) {
      const texts = [(await host.inbox.next()).text, (await host.inbox.next()).text];
      assert.deepEqual(texts.sort(), ["asked", "hairpin"]);
    } else {
      assert.equal((await host.inbox.next()).text, "asked");
      assert.equal(rig.box.filteredCountOf("udp"), 1);
    }
  }
});
