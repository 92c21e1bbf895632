import { HOOK_DEFAULTS } from "../../../src/hook/hook.ts";
import assert from "node:assert/strict";
import type { OpenArgs } from "../../../src/cli/command_args.ts";
import { parseCommandLine } from "../../../src/cli/command_line.ts";
import { planOpen } from "../../../src/cli/plan_open.ts";
import { UsageError } from "../../../src/cli/usage_error.ts";
import { GATEWAY_AUTO } from "../../../src/gateway/settings.ts";
import type { TunnelPlan } from "../../../src/plan/tunnel_plan.ts";
import { textsOf } from "../../../src/text/texts.ts";

const texts = textsOf("en");
const defaults = {
  stunTcp: [{ host: "tcp.stun", port: 3478 }],
  stunUdp: [{ host: "udp.stun", port: 3478 }],
  keepAliveHosts: [{ host: "http", port: 80 }],
};

function argsOf(line: string): OpenArgs {
  const parsed = parseCommandLine(["open", ...line.split(" ")], { texts });
  assert.ok(parsed.kind === "command" && parsed.args.command === "open");
  return parsed.args;
}

function planned(line: string): readonly TunnelPlan[] {
  return planOpen(argsOf(line), { texts, defaults });
}

Deno.test("planOpen() fills in every default when only a port is given", () => {
  assert.deepEqual(planned("3456"), [{
    name: "tcp-3456",
    protocol: "tcp",
    family: 4,
    bindAddress: undefined,
    port: { kind: "fixed", port: 3456 },
    device: undefined,
    mark: undefined,
    stunServers: defaults.stunTcp,
    canaryServers: defaults.stunUdp,
    keepAliveHosts: defaults.keepAliveHosts,
    intervalMs: 15_000,
    lookupIntervalMs: 60_000,
    isForced: false,
    servesTestPage: false,
    sharesPort: true,
    waitsForService: false,
    gateway: GATEWAY_AUTO,
    hooks: [],
    publish: [],
  }]);
});

Deno.test("planOpen() takes what the user named, STUN servers for tunnel and canary alike", () => {
  const [plan] = planOpen(
    argsOf("--stun a --stun b --keep-alive c 1.2.3.4:0 --interval 2s --mark 3 --name web --test --force"),
    { texts, defaults, script: "/bin/x" },
  );
  const stun = [{ host: "a", port: 3478 }, { host: "b", port: 3478 }];
  assert.deepEqual(plan?.stunServers, stun);
  assert.deepEqual(plan?.canaryServers, stun);
  assert.deepEqual(plan?.keepAliveHosts, [{ host: "c", port: 80 }]);
  assert.equal(plan?.bindAddress, "1.2.3.4");
  assert.equal(plan?.intervalMs, 2000);
  assert.equal(plan?.mark, 3);
  assert.equal(plan?.name, "web");
  assert.ok(plan?.isForced && plan.servesTestPage);
  assert.deepEqual(plan?.hooks, [{ ...HOOK_DEFAULTS, run: ["/bin/x"], style: "natmap" }]);
});

Deno.test("planOpen() plans UDP, or both with names that differ", () => {
  assert.deepEqual(planned("0 --udp").map(({ name, protocol }) => [name, protocol]), [["udp-any", "udp"]]);
  assert.deepEqual(planned("7 --udp")[0]?.stunServers, defaults.stunUdp);
  assert.deepEqual(planned("5-9 --udp --tcp").map(({ name }) => name), ["tcp-5-9", "udp-5-9"]);
  assert.deepEqual(planned("5 --udp --tcp --name x").map(({ name }) => name), ["x-tcp", "x-udp"]);
});

Deno.test("planOpen() takes the IP version from flag or address, and any address as none", () => {
  const of = (line: string): unknown =>
    planned(line).map((plan) => [plan.family, plan.bindAddress, plan.device])[0];
  assert.deepEqual(of("1 -6"), [6, undefined, undefined]);
  assert.deepEqual(of("[fd00::1]:1"), [6, "fd00::1", undefined]);
  assert.deepEqual(of("0.0.0.0:1"), [4, undefined, undefined]);
  assert.deepEqual(of("[::]:1"), [6, undefined, undefined]);
  assert.deepEqual(of("1 --interface 10.0.0.1"), [4, "10.0.0.1", undefined]);
  assert.deepEqual(of("10.0.0.1:1 --interface 10.0.0.1"), [4, "10.0.0.1", undefined]);
  assert.deepEqual(of("1 --interface eth0 -4"), [4, undefined, "eth0"]);
});

Deno.test("planOpen() shares a port that the user named and something else serves, unless told not to", () => {
  const of = (line: string): unknown =>
    planned(line).map(({ sharesPort, waitsForService }) => ({ sharesPort, waitsForService }))[0];
  const shares = { sharesPort: true, waitsForService: false };
  const none = { sharesPort: false, waitsForService: false };
  assert.deepEqual(of("80"), shares);
  assert.deepEqual(of("80 --udp"), shares);
  assert.deepEqual(of("80 --no-reuse"), none);
  assert.deepEqual(of("80 --test"), none);
  assert.deepEqual(of("80-90"), none);
  assert.deepEqual(of("0"), none);
  assert.deepEqual(of("0 --wait-for-service"), { sharesPort: true, waitsForService: true });
  assert.deepEqual(of("80 --no-reuse --wait-for-service"), { sharesPort: false, waitsForService: true });
});

Deno.test("planOpen() refuses flags that contradict each other", () => {
  for (
    const line of [
      "1 -4 -6",
      "1.2.3.4:1 -6",
      "[::1]:1 -4",
      "1 --interface ::1 -4",
      "1.2.3.4:1 --interface 5.6.7.8",
      "1 --test --wait-for-service",
    ]
  ) {
    assert.throws(() => planned(line), UsageError, line);
  }
});
