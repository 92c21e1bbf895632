import assert from "node:assert/strict";
import type { ForwardArgs } from "../../../src/cli/command_args.ts";
import { parseCommandLine } from "../../../src/cli/command_line.ts";
import { planForward } from "../../../src/cli/plan_forward.ts";
import { UsageError } from "../../../src/cli/usage_error.ts";
import type { TunnelPlan } from "../../../src/plan/tunnel_plan.ts";
import { textsOf } from "../../../src/text/texts.ts";

const texts = textsOf("en");
const defaults = { stunTcp: [], stunUdp: [], keepAliveHosts: [] };

function argsOf(line: string): ForwardArgs {
  const parsed = parseCommandLine(["forward", ...line.split(" ")], { texts });
  assert.ok(parsed.kind === "command" && parsed.args.command === "forward");
  return parsed.args;
}

function planned(line: string): readonly TunnelPlan[] {
  return planForward(argsOf(line), { texts, defaults });
}

Deno.test("planForward() fills in every default when only a target is given", () => {
  const [plan, ...others] = planned("nas.lan:22");
  assert.equal(others.length, 0);
  assert.equal(plan?.name, "tcp-22");
  assert.deepEqual(plan?.port, { kind: "fixed", port: 0 });
  assert.ok(!plan?.servesTestPage);
  assert.deepEqual(plan?.forward, {
    name: "tcp-22",
    protocol: "tcp",
    target: { host: "nas.lan", port: 22 },
    method: "auto",
    idleMs: 300_000,
    connectTimeoutMs: 10_000,
    congestion: undefined,
    proxyProtocol: undefined,
    isTransparent: false,
    access: {
      allow: [],
      deny: [],
      perClient: undefined,
      perClientPerSecond: undefined,
      maxSessions: undefined,
      bytesPerSecond: undefined,
    },
    device: undefined,
    mark: undefined,
  });
});

Deno.test("planForward() takes what the user named", () => {
  const [plan] = planned(
    "[fd00::9]:443 --port 10.0.0.1:3456 --idle 12h --method relay --proxy-protocol v2 --transparent " +
      "--congestion bbr --allow 192.0.2.7/24 --allow 2001:DB8::/32 --deny 192.0.2.66 --max-clients 500 " +
      "--per-client 8 --per-client-rate 2 --rate 1.5M --mark 7 --name web",
  );
  assert.equal(plan?.bindAddress, "10.0.0.1");
  assert.deepEqual(plan?.port, { kind: "fixed", port: 3456 });
  assert.deepEqual(plan?.forward, {
    name: "web",
    protocol: "tcp",
    target: { host: "fd00::9", port: 443 },
    method: "relay",
    idleMs: 43_200_000,
    connectTimeoutMs: 10_000,
    congestion: "bbr",
    proxyProtocol: "v2",
    isTransparent: true,
    access: {
      allow: ["192.0.2.0/24", "2001:db8::/32"],
      deny: ["192.0.2.66/32"],
      perClient: 8,
      perClientPerSecond: 2,
      maxSessions: 500,
      bytesPerSecond: 1_500_000,
    },
    device: undefined,
    mark: 7,
  });
});

Deno.test("planForward() plans UDP with its own idle limit, or both", () => {
  const both = planned("53 --tcp --udp").map((
    { name, forward },
  ) => [name, forward?.protocol, forward?.idleMs]);
  assert.deepEqual(both, [["tcp-53", "tcp", 300_000], ["udp-53", "udp", 90_000]]);
  assert.deepEqual(planned("53 --tcp --udp --name x").map(({ forward }) => forward?.name), [
    "x-tcp",
    "x-udp",
  ]);
  assert.equal(planned("53 --port 9 --udp")[0]?.name, "udp-9");
  assert.equal(planned("0 --udp")[0]?.name, "udp-any");
});

Deno.test("planForward() refuses what cannot be together, and a target that is what it binds", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["22 --udp --proxy-protocol v1", /v1 has no UDP/],
    ["22 --method nftables --proxy-protocol v2", /nftables and --proxy-protocol exclude/],
    ["22 --method nftables --transparent", /nftables and --transparent exclude/],
    ["22 --method nftables --idle 1m", /nftables and --idle exclude/],
    ["22 --method nftables --rate 1M", /nftables and --rate exclude/],
    ["10.0.0.1:22 --port 10.0.0.1:22", /Cannot forward to 10\.0\.0\.1:22/],
    ["[fd00::1]:22 --port 22 --interface fd00::1", /Cannot forward to \[fd00::1\]:22/],
    ["22 -4 -6", /exclude/],
  ];
  for (const [line, want] of cases) {
    assert.throws(
      () => planned(line),
      (error) => error instanceof UsageError && want.test(error.message),
      line,
    );
  }
});

Deno.test("planForward() lets a service on the same port of another address be the target", () => {
  for (const line of ["22 --port 22", "10.0.0.2:22 --port 10.0.0.1:22", "22 --port 0.0.0.0:22"]) {
    assert.equal(planned(line).length, 1, line);
  }
});
