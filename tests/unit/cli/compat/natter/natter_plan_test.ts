import assert from "node:assert/strict";
import { isAbsolute } from "node:path";
import { type NatterConfig, readNatterConfig } from "../../../../../src/config/import/natter_config.ts";
import { planNatter1Config, planNatter1Punch } from "../../../../../src/cli/compat/natter/natter1_plan.ts";
import {
  NATTER2_METHODS,
  type Natter2Args,
  readNatter2Args,
} from "../../../../../src/cli/compat/natter/natter2_args.ts";
import { followOwnAddress, planNatter2 } from "../../../../../src/cli/compat/natter/natter2_plan.ts";
import type { OwnFlags } from "../../../../../src/cli/compat/natter/own_flags.ts";
import type { ServicePlan } from "../../../../../src/plan/service_plan.ts";
import type { TunnelPlan } from "../../../../../src/plan/tunnel_plan.ts";
import { SAMPLE } from "./natter_sample.ts";

const NO_FLAGS: OwnFlags = { stun: [], keepAlive: [], json: false };
const OURS: OwnFlags = {
  stun: [{ host: "s.example", port: 1 }],
  keepAlive: [{ host: "k.example", port: 2 }],
  json: true,
};

function configOf(text: string): NatterConfig {
  const reading = readNatterConfig(text);
  assert.ok(reading.kind === "config");
  return reading.config;
}

function argsOf(line: string): Natter2Args {
  const reading = readNatter2Args(line.split(" "), { isFile: () => true });
  assert.ok(reading.kind === "run", line);
  return reading.args;
}

function plan2(line: string, flags: OwnFlags = NO_FLAGS): ServicePlan {
  return planNatter2(argsOf(line), { flags, ownAddress: "192.168.1.100" });
}

function tunnelOf(plan: ServicePlan): TunnelPlan {
  const [tunnel] = plan.tunnels;
  assert.ok(tunnel !== undefined && plan.tunnels.length === 1);
  return tunnel;
}

const PUNCH = {
  kind: "punch",
  address: "0.0.0.0",
  port: 3456,
  servesTestPage: true,
  isVerbose: false,
} as const;

Deno.test("planNatter1Punch() punches one TCP port every 10 s, www.qq.com first", () => {
  const plan = planNatter1Punch(PUNCH, NO_FLAGS);
  const tunnel = tunnelOf(plan);
  assert.deepEqual(plan.status, {});
  assert.deepEqual(
    [
      tunnel.protocol,
      tunnel.bindAddress,
      tunnel.port,
      tunnel.servesTestPage,
      tunnel.intervalMs,
      tunnel.hooks,
    ],
    ["tcp", undefined, { kind: "fixed", port: 3456 }, true, 10_000, []],
  );
  assert.deepEqual(tunnel.keepAliveHosts[0], { host: "www.qq.com", port: 80 });
  assert.equal(tunnel.keepAliveHosts.filter(({ host }) => host === "www.qq.com").length, 1);
  assert.ok(tunnel.stunServers.length > 1);
  assert.equal(
    tunnelOf(planNatter1Punch({ ...PUNCH, address: "10.0.0.1" }, NO_FLAGS)).bindAddress,
    "10.0.0.1",
  );
});

Deno.test("planNatter1Config() opens and forwards everything in the file", () => {
  const { tunnels, status } = planNatter1Config(configOf(SAMPLE), NO_FLAGS);
  assert.deepEqual(status, { file: { path: "./natter-status.json", format: "natter" } });
  assert.deepEqual(
    tunnels.map(({ protocol, port, forward }) => [protocol, port, forward?.target]),
    [
      ["tcp", { kind: "fixed", port: 3456 }, undefined],
      ["tcp", { kind: "fixed", port: 0 }, { host: "192.168.1.100", port: 443 }],
      ["udp", { kind: "fixed", port: 0 }, { host: "127.0.0.1", port: 53 }],
    ],
  );
  assert.equal(new Set(tunnels.map(({ name }) => name)).size, 3);
  for (const { hooks, keepAliveHosts, stunServers, protocol, canaryServers, forward, name } of tunnels) {
    assert.equal(hooks[0]?.style, "natter");
    assert.equal(hooks[0]?.run, "echo {protocol} {inner_ip}:{inner_port} {outer_ip}:{outer_port}");
    assert.deepEqual(keepAliveHosts, [{ host: "www.qq.com", port: 80 }]);
    assert.equal(stunServers[0]?.host, protocol === "tcp" ? "stun.nextcloud.com" : "stun.miwifi.com");
    assert.equal(canaryServers[0]?.host, "stun.miwifi.com");
    assert.equal(forward?.name ?? name, name);
  }
});

Deno.test("planNatter1Config() lets our flags win and counts an entry once", () => {
  const config = configOf(`{"open_port": {"tcp": ["0.0.0.0:1", "0.0.0.0:1"], "udp": ["192.168.1.2:1"]}}`);
  const { tunnels, status } = planNatter1Config(config, OURS);
  assert.deepEqual(status, {});
  assert.deepEqual(tunnels.map(({ protocol, bindAddress }) => [protocol, bindAddress]), [
    ["tcp", undefined],
    ["udp", "192.168.1.2"],
  ]);
  for (const { stunServers, keepAliveHosts } of tunnels) {
    assert.deepEqual([stunServers, keepAliveHosts], [OURS.stun, OURS.keepAlive]);
  }
});

Deno.test("planNatter2() gives each method what it means", () => {
  for (const method of NATTER2_METHODS) {
    const { forward, servesTestPage, sharesPort } = tunnelOf(plan2(`-m ${method} -t 10.1 -p 80 -b 3456`));
    assert.equal(servesTestPage, method === "test");
    assert.equal(sharesPort, method === "none");
    const isOurs = ["socat", "gost", "socket"].includes(method);
    const kernel = method === "none" || method === "test" ? undefined : "nftables";
    assert.equal(forward?.method, isOurs ? "auto" : kernel, method);
    if (forward !== undefined) assert.deepEqual(forward.target, { host: "10.0.0.1", port: 80 });
  }
});

Deno.test("planNatter2() forwards to our own address and the public port where none is named", () => {
  const targetOf = (line: string): unknown => tunnelOf(plan2(line)).forward?.target;
  assert.deepEqual(targetOf("-p 80"), { host: "192.168.1.100", port: 80 });
  assert.deepEqual(targetOf("-m iptables"), { host: "192.168.1.100", port: 0 });
  assert.deepEqual(targetOf("-t 127.0.0.1 -p 80"), { host: "192.168.1.100", port: 80 });
  assert.equal(targetOf("-b 3456"), undefined);
});

Deno.test("planNatter2() takes binding, servers and interval", () => {
  const tunnel = tunnelOf(plan2("-u -b 3456 -i eth0 -k 20 -s a.example -h b.example"));
  assert.deepEqual(
    [tunnel.protocol, tunnel.port, tunnel.device, tunnel.bindAddress, tunnel.intervalMs],
    ["udp", { kind: "fixed", port: 3456 }, "eth0", undefined, 20_000],
  );
  assert.deepEqual(tunnel.stunServers, [{ host: "a.example", port: 3478 }]);
  assert.ok(tunnel.keepAliveHosts.every(({ host }) => host !== "b.example"), "it is no HTTP host over UDP");
  assert.deepEqual(tunnelOf(plan2("-h b.example")).keepAliveHosts, [{ host: "b.example", port: 80 }]);
  assert.equal(tunnelOf(plan2("-i 192.168.1.2")).bindAddress, "192.168.1.2");
  assert.ok(tunnelOf(plan2("-k 999999999")).intervalMs < 2 ** 31);
  const { stunServers, keepAliveHosts } = tunnelOf(plan2("-s a.example -h b.example", OURS));
  assert.deepEqual([stunServers, keepAliveHosts], [OURS.stun, OURS.keepAlive]);
});

Deno.test("planNatter2() runs both scripts of a POT line, the second one with the service's name", () => {
  const { hooks, name } = tunnelOf(plan2("-e cf-redir.py -key ssh cf-service.py"));
  assert.equal(name, "ssh");
  const [first, second] = hooks;
  assert.equal(first?.style, "natter2");
  assert.ok(isAbsolute(first?.run[0] ?? ""));
  assert.equal(second?.style, "natter");
  assert.deepEqual(second?.run.slice(1), [
    ..."protocol inner_ip inner_port outer_ip outer_port".split(" ").map((tag) => `{${tag}}`),
    "ssh",
  ]);
});

Deno.test("followOwnAddress() changes the plan only if the target is our own address and another one now", () => {
  const internal = { address: "192.168.1.77", port: 1 };
  const follow = (line: string): ServicePlan | undefined =>
    followOwnAddress(argsOf(line), plan2(line), internal);
  assert.deepEqual(tunnelOf(follow("-p 80") ?? { tunnels: [], status: {} }).forward?.target, {
    host: "192.168.1.77",
    port: 80,
  });
  assert.equal(follow("-t 10.1 -p 80"), undefined);
  assert.equal(follow("-b 3456"), undefined);
  assert.equal(
    followOwnAddress(argsOf("-p 80"), plan2("-p 80"), { ...internal, address: "192.168.1.100" }),
    undefined,
  );
});
