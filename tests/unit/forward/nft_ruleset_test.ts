import assert from "node:assert/strict";
import fc from "fast-check";
import { parseCidr } from "../../../src/forward/cidr.ts";
import type { NftListed, NftObject } from "../../../src/forward/nft_json.ts";
import {
  installCommands,
  installedTunnels,
  type NftTunnel,
  ownerOf,
  removeCommands,
  type TargetWay,
} from "../../../src/forward/nft_ruleset.ts";
import { NftKernelFake } from "./nft_kernel.ts";

const OWNER = "p12_0a1b2c3d";

function tunnelOf(changes: Partial<NftTunnel> = {}): NftTunnel {
  return {
    id: `${OWNER}_t1`,
    name: "web",
    protocol: "tcp",
    internal: { address: "192.168.9.2", port: 20_123 },
    way: { kind: "dnat", to: { address: "10.77.0.2", port: 80 }, masquerade: "never" },
    access: { allow: [], deny: [] },
    ...changes,
  };
}

async function kernelOf(...tunnels: NftTunnel[]): Promise<NftKernelFake> {
  const kernel = new NftKernelFake();
  await apply(kernel, installCommands(OWNER, tunnels, new Set()));
  return kernel;
}

async function apply(kernel: NftKernelFake, commands: readonly NftObject[]): Promise<void> {
  const result = await kernel.run(["nft", "-j", "-f", "-"], JSON.stringify({ nftables: commands }));
  assert.equal(result.stderr, "");
}

function listed(kernel: NftKernelFake): NftListed[] {
  return (["chain", "set", "counter"] as const).flatMap((kind) =>
    kernel.names(kind).map((name) => ({
      kind,
      family: "inet",
      table: "porthole",
      name,
      packets: 0,
      bytes: 0,
    }))
  );
}

Deno.test("installCommands() leads the internal endpoint to the target, from outside and from this host", async () => {
  const kernel = await kernelOf(tunnelOf());
  for (const chain of ["_dnat", "_hairpin"]) {
    const rules = kernel.rulesOf(chain);
    assert.equal(rules.length, 1);
    assert.match(rules[0] ?? "", /"daddr"}},"right":"192\.168\.9\.2"/);
    assert.match(rules[0] ?? "", /"tcp","field":"dport"}},"right":20123/);
    assert.match(rules[0] ?? "", /"jump":{"target":"p12_0a1b2c3d_t1_nat"}/);
  }
  assert.match(kernel.rulesOf("_t1_nat")[0] ?? "", /"dnat":{"family":"ip","addr":"10\.77\.0\.2","port":80}/);
});

Deno.test("installCommands() forwards nothing while the target is not known", async () => {
  const kernel = await kernelOf(tunnelOf({ way: undefined, external: { address: "203.0.113.1", port: 4 } }));
  assert.deepEqual(["_dnat", "_hairpin", "_snat", "_t1_nat"].flatMap((chain) => kernel.rulesOf(chain)), []);
});

Deno.test("installCommands() takes the external endpoint from clients behind us, not from this host", async () => {
  const kernel = await kernelOf(tunnelOf({ external: { address: "203.0.113.1", port: 41_000 } }));
  assert.ok(kernel.rulesOf("_dnat").some((rule) => rule.includes("203.0.113.1")));
  assert.ok(
    !kernel.rulesOf("_hairpin").some((rule) => rule.includes("203.0.113.1")),
    "self-checks go outside",
  );
});

Deno.test("installCommands() masquerades as the way says", async () => {
  const ways: readonly [TargetWay, number][] = [
    [{ kind: "redirect", port: 80 }, 0],
    [{ kind: "dnat", to: { address: "10.0.0.1", port: 80 }, masquerade: "never" }, 0],
    [{ kind: "dnat", to: { address: "10.0.0.1", port: 80 }, masquerade: "always" }, 1],
    [{ kind: "dnat", to: { address: "10.0.0.1", port: 80 }, masquerade: "same-link", device: "lan1" }, 2],
  ];
  for (const [way, count] of ways) {
    const rules = (await kernelOf(tunnelOf({ way }))).rulesOf("_snat");
    assert.equal(rules.length, count, JSON.stringify(way));
    assert.ok(
      rules.every((rule) => rule.includes("dnat") && rule.includes("20123")),
      "only translated flows",
    );
  }
});

Deno.test("installCommands() binds to a device and marks answers when told", async () => {
  const kernel = await kernelOf(
    tunnelOf({ device: "wan0", mark: 7, external: { address: "203.0.113.1", port: 9 } }),
  );
  assert.deepEqual(kernel.rulesOf("_hairpin"), [], "a socket bound to a device would not hear this host");
  const [inside, outside] = [kernel.rulesOf("_dnat")[1] ?? "", kernel.rulesOf("_dnat")[0] ?? ""];
  assert.match(outside, /"op":"==","left":{"meta":{"key":"iifname"}},"right":"wan0"/);
  assert.match(inside, /"op":"!=","left":{"meta":{"key":"iifname"}},"right":"wan0"/);
  const marking = kernel.rulesOf("_local").filter((rule) => rule.includes(`"value":7`));
  assert.ok(marking.length > 0 && marking.every((rule) => rule.includes("reply")));
});

Deno.test("installCommands() keeps blocks of the tunnel's family, the widest for those inside", async () => {
  const deny = ["10.1.0.0/16", "10.0.0.0/8", "10.0.0.0/8", "2001:db8::/32", "192.0.2.7"].map(parseCidr);
  const [rule = ""] = (await kernelOf(tunnelOf({ access: { deny, allow: [] } }))).rulesOf("_t1_in");
  assert.deepEqual(
    [...rule.matchAll(/"addr":"([^"]+)","len":(\d+)/g)].map(([, addr, len]) => `${addr}/${len}`),
    ["10.0.0.0/8", "192.0.2.7/32"],
  );
  const everyone =
    (await kernelOf(tunnelOf({ access: { deny: [parseCidr("::/0"), parseCidr("0.0.0.0/0")], allow: [] } })))
      .rulesOf("_t1_in")[0] ?? "";
  assert.match(everyone, /"addr":"0\.0\.0\.0","len":1}},{"prefix":{"addr":"128\.0\.0\.0","len":1/);
});

Deno.test("installCommands() lets nobody in when nobody of the family is allowed", async () => {
  const [rule = ""] =
    (await kernelOf(tunnelOf({ access: { deny: [], allow: [parseCidr("2001:db8::/32")] } })))
      .rulesOf("_t1_in");
  assert.match(rule, /"expr":\[{"match":[^[]*"right":"new"}},{"counter":"[^"]*_refused"},{"drop":null}\]/);
});

Deno.test("installCommands() counts what came before the limits, not what they refuse", async () => {
  const access = { deny: [], allow: [], perClient: 2, perClientPerSecond: 3, maxSessions: 4 };
  const rules = (await kernelOf(tunnelOf({ access }))).rulesOf("_t1_in");
  assert.equal(rules.length, 4);
  assert.ok(rules.slice(0, 3).every((rule) => rule.includes("refused") && rule.includes(`"drop":null`)));
  assert.match(rules[3] ?? "", /_bytes_in/);
});

const TUNNEL = fc.record({
  name: fc.string(),
  protocol: fc.constantFrom("tcp", "udp"),
  internal: fc.constantFrom("0.0.0.0", "192.168.9.2", "::", "2001:db8::2", "fe80::1%eth0").map((address) => ({
    address,
    port: 20_123,
  })),
  external: fc.option(fc.constant({ address: "203.0.113.1", port: 41_000 }), { nil: undefined }),
  device: fc.option(fc.constant("wan0"), { nil: undefined }),
  way: fc.option(
    fc.oneof(
      fc.record({ kind: fc.constant("redirect"), port: fc.nat(65_535) }),
      fc.record({
        kind: fc.constant("dnat"),
        to: fc.constant({ address: "10.0.0.1", port: 80 }),
        masquerade: fc.constantFrom("always", "same-link", "never"),
      }),
    ),
    { nil: undefined },
  ),
  access: fc.record({
    allow: fc.constantFrom([], [parseCidr("10.0.0.0/8")]),
    deny: fc.constantFrom([], [parseCidr("10.0.0.0/8")]),
    perClient: fc.option(fc.nat(), { nil: undefined }),
    perClientPerSecond: fc.option(fc.nat(), { nil: undefined }),
    maxSessions: fc.option(fc.nat(), { nil: undefined }),
  }),
}) as fc.Arbitrary<Omit<NftTunnel, "id">>;

Deno.test("installCommands() changes nothing the second time and removeCommands() leaves nothing, whatever the tunnels", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(TUNNEL, { maxLength: 4 }), async (parts) => {
      const tunnels = parts.map((part, i): NftTunnel => ({ ...part, id: `${OWNER}_t${i}` }));
      const kernel = await kernelOf(...tunnels);
      const once = JSON.stringify([[...kernel.objects], [...kernel.rules]]);
      await apply(kernel, installCommands(OWNER, tunnels, installedTunnels(listed(kernel))));
      assert.equal(JSON.stringify([[...kernel.objects], [...kernel.rules]]), once);
      const objects = listed(kernel);
      assert.ok(objects.every(({ name }) => ownerOf(name) === OWNER));
      await apply(kernel, removeCommands(objects));
      assert.deepEqual(listed(kernel), []);
    }),
    { numRuns: 60 },
  );
});

Deno.test("installCommands() writes a comment that listings can be read back with", async () => {
  const kernel = await kernelOf(tunnelOf({ name: `a"b\n${"x".repeat(200)}` }));
  const [rule] = kernel.rules.get(`${OWNER}_t1_nat`) ?? [];
  assert.equal(rule?.["comment"], `a_b_${"x".repeat(56)}`);
});

Deno.test("ownerOf() knows our names only", () => {
  assert.equal(ownerOf(`${OWNER}_t1_in`), OWNER);
  for (const name of ["input", "p12_t1_in", "p12_0a1b2c3dx_in", OWNER]) {
    assert.equal(ownerOf(name), undefined);
  }
});
