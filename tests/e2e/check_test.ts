import assert from "node:assert/strict";
import type { NatProfile } from "../../src/box/nat_profile.ts";
import { type DemoWorld, openDemoWorld } from "../../src/cli/demo_world.ts";
import { systemClock } from "../../src/core/clock.ts";
import { formatEndpoint } from "../../src/core/endpoint.ts";
import { silentLogger } from "../../src/core/log.ts";
import { systemRandom } from "../../src/core/random.ts";
import { openNet } from "../../src/net/open_net.ts";
import { boxTest } from "../unit/box/box_rig.ts";
import { runPorthole } from "./porthole_child.ts";

async function inWorld(
  profile: NatProfile,
  body: (flags: readonly string[], world: DemoWorld) => Promise<void>,
): Promise<void> {
  await using net = openNet({ log: silentLogger });
  const platform = { net, clock: systemClock, random: systemRandom, log: silentLogger };
  await using world = await openDemoWorld(platform, { profile });
  const servers = world.stunServers.flatMap((server) => ["--stun", formatEndpoint(server)]);
  await body(["check", "--interface", world.home, ...servers], world);
}

boxTest("porthole check tells a full cone in words, in JSON and in Chinese", async () => {
  await inWorld("full-cone", async (command, world) => {
    const [text, json, chinese] = await Promise.all([
      runPorthole([...command, "--verbose"]),
      runPorthole([...command, "--json", "--udp"]),
      runPorthole([...command, "--tcp", "--lang", "zh-CN"]),
    ]);
    assert.deepEqual([text.code, text.stderr], [0, ""]);
    assert.match(text.stdout, /^porthole will work for TCP and UDP: full cone \(NAT 1\)\n\n/);
    assert.match(text.stdout, /^mapping +endpoint-independent +endpoint-independent$/m);
    assert.match(text.stdout, /^ {2}udp filtering .* answered /m);
    assert.match(text.stdout, /\n {2}\* Next: porthole open --tcp --udp PORT;/);
    assert.deepEqual([json.code, json.stderr], [0, ""]);
    const { udp, tcp, advice, adviceCodes } = JSON.parse(json.stdout);
    assert.deepEqual(
      [udp.mapping, udp.filtering, udp.hairpinning, udp.portPreservation, udp.rfc3489, tcp],
      ["endpoint-independent", "endpoint-independent", "yes", "no", "full-cone", undefined],
    );
    assert.ok(udp.external.startsWith(`${world.box.externalAddress}:`));
    assert.deepEqual([advice.length, adviceCodes], [1, ["full-cone"]]);
    assert.equal(chinese.code, 0);
    assert.match(chinese.stdout, /^porthole 可用于 TCP：全锥形（NAT 1）\n/);
  });
});

boxTest("porthole check ends with 4 behind NATs that cannot do it", async () => {
  const kinds = { "port-restricted": "port-restricted", "symmetric": "symmetric" } as const;
  for (const [profile, kind] of Object.entries(kinds)) {
    await inWorld(profile as NatProfile, async (command) => {
      const { code, stdout, stderr } = await runPorthole([...command, "--json"]);
      const { udp, tcp } = JSON.parse(stdout);
      assert.deepEqual([code, stderr, udp.rfc3489, udp.outlook], [4, "", kind, "cannot"], stdout);
      assert.equal(tcp.outlook, profile === "symmetric" ? "cannot" : "unlikely");
      assert.equal(tcp.rfc3489Reason !== undefined, tcp.rfc3489 === "unknown");
    });
  }
});

boxTest("porthole check --bind looks at that port", async () => {
  await inWorld("full-cone", async (command, world) => {
    using held = Deno.listen({ hostname: world.home, port: 0 });
    const { port } = held.addr;
    held.close();
    const { code, stdout } = await runPorthole([...command, "--bind", `${port}`, "--tcp", "--json"]);
    const { tcp, advice } = JSON.parse(stdout);
    assert.deepEqual([code, tcp.internal], [0, `${world.home}:${port}`]);
    assert.match(advice[0], new RegExp(`porthole open ${port};`));
  });
});

Deno.test("porthole check ends with 1 when nobody answers, and says what to do", async () => {
  const flags = ["--stun", "127.0.0.1:1", "--interface", "127.0.0.1"];
  const { code, stdout } = await runPorthole(["check", "--tcp", ...flags]);
  assert.equal(code, 1);
  assert.match(stdout, /^it cannot be told whether porthole works for TCP: no STUN server answered/);
  assert.match(stdout, /\n {2}\* Too few STUN servers answered over TCP: give others by --stun/);
});

Deno.test("porthole check refuses what contradicts itself, before anything is opened", async () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["-4", "-6"], /-4/],
    [["--token", "x"], /--reflector/],
    [["--bind", "0"], /--bind/],
    [["--bind", "127.0.0.1:99999"], /--bind/],
    [["-6", "--interface", "127.0.0.1"], /127\.0\.0\.1/],
    [["--reflector", "ftp://secret@x"], /--reflector/],
  ];
  const ended = await Promise.all(cases.map(([flags]) => runPorthole(["check", ...flags])));
  for (const [i, { code, stdout, stderr }] of ended.entries()) {
    const [flags, pattern] = cases[i] ?? assert.fail();
    assert.deepEqual([code, stdout], [2, ""], flags.join(" "));
    assert.match(stderr, pattern);
    assert.match(stderr, /^porthole: [^\n]*\n$/);
    assert.doesNotMatch(stderr, /secret/);
  }
});
