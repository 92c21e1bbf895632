import assert from "node:assert/strict";
import { readNat1Settings } from "../../../../../src/cli/compat/nat1/nat1_settings.ts";
import { planNat1 } from "../../../../../src/cli/compat/nat1/plan_nat1.ts";
import { type Nat1Config, readNat1Config } from "../../../../../src/config/import/nat1_config.ts";
import type { Nat1Args } from "../../../../../src/cli/compat/nat1/nat1_args.ts";

type Args = Pick<Nat1Args, "local" | "remote" | "webhookStyle">;
const NO_ARGS: Args = { local: undefined, remote: undefined, webhookStyle: undefined };
const OWN = { stun: [], keepAlive: [] };

function config(values: Readonly<Record<string, unknown>>): Nat1Config {
  const reading = readNat1Config(JSON.stringify(values));
  return reading.kind === "config" ? reading.config : assert.fail(reading.message);
}

/** What is said, at once or after the local address was tried; "" if all is well. */
function complaint(
  values: Readonly<Record<string, unknown>>,
  args: Partial<Args> = {},
  system = "linux",
): string {
  const reading = readNat1Settings({ ...NO_ARGS, ...args }, config(values), system as typeof Deno.build.os);
  return reading.kind === "refused" ? reading.message : reading.late ?? "";
}

Deno.test("readNat1Settings() refuses what nat1_traversal refuses, in its words", () => {
  const forward = { local: ":25565", remote: ":25566" };
  const table: readonly (readonly [string, Readonly<Record<string, unknown>>, string?])[] = [
    ["缺少参数 --local", { local: null }],
    ["缺少参数 --local", { local: "  " }],
    ["共端口模式port不能为0", { local: ":0" }],
    ["", { local: ":0", remote: ":25566" }],
    ["通用UDP仅支持转发模式", { type: "udp", local: ":53" }],
    ["", { type: "udp", ...forward }],
    ["", { type: "mcje", ...forward }],
    ["", { type: "mcje", local: ":25565" }],
    ["Windows平台不支持共端口模式", { local: ":25565" }, "windows"],
    ["", forward, "windows"],
    ["不支持的type: x", { type: "x", local: ":1" }],
    ["IP格式错误", { local: "a:b" }],
    ["端口不是数字", { local: ":1", remote: ":x" }],
    ["不支持的proxy_protocol: v3", { proxy_protocol: "v3", ...forward }],
    ["", { proxy_protocol: "v1", ...forward }],
    ["proxy_protocol仅支持TCP转发模式", { type: "mcbe", proxy_protocol: "v1", ...forward }],
    ["proxy_protocol仅支持TCP转发模式", { type: "udp", proxy_protocol: "v2", ...forward }],
    ["remote不能与local相同：127.0.0.1:80", { local: "127.0.0.1:80", remote: ":80" }],
    ["不受支持的DNS供应商 godaddy", { dns: "godaddy", local: null }],
    ["cloudflare: token: it is missing", { dns: "cloudflare", local: ":1" }],
    ["alidns: id: it is missing", { dns: "alidns", token: "t", domain: "e.x", local: ":1" }],
    ["dynv6: domain: it is missing", { dns: "dynv6", token: "t", local: ":1" }],
    ["aliesa: type: aliesa only serves the type web", {
      ...{ dns: "aliesa", id: "i", token: "t", domain: "e.x", local: ":1" },
    }],
    ["webhook缺少id（webhook的URL）", { dns: "webhook", local: ":1" }],
  ];
  for (const [message, values, system] of table) {
    assert.equal(complaint(values, {}, system), message, JSON.stringify(values));
  }
});

Deno.test("readNat1Settings() puts the command line before the file", () => {
  const values = {
    local: ":1",
    remote: ":2",
    dns: "webhook",
    id: "http://127.0.0.1/",
    sub_domain: "mc",
    domain: "e.x",
  };
  const args: Args = { local: ":3", remote: "10.0.0.1:4", webhookStyle: "nat1-records" };
  const reading = readNat1Settings(args, config(values), "linux");
  assert.ok(reading.kind === "settings");
  const { settings } = reading;
  assert.deepEqual([settings.local.port, settings.remote], [3, { address: "10.0.0.1", port: 4 }]);
  assert.ok(settings.publisher?.provider === "webhook");
  assert.deepEqual([settings.publisher.style, settings.recordName], ["nat1-records", "mc.e.x"]);
  assert.equal(complaint({ local: null }, { local: ":" }), "");
});

Deno.test("readNat1Settings() warns of a proxy_protocol that nobody sends", () => {
  const reading = readNat1Settings(NO_ARGS, config({ local: ":1", proxy_protocol: "v2" }), "linux");
  assert.ok(reading.kind === "settings");
  assert.deepEqual([reading.warnings.length, reading.settings.proxyProtocol], [1, undefined]);
});

Deno.test("planNat1() makes one tunnel of each mode, with the SRV prefix of each type", () => {
  const prefixes = {
    mcje: ["tcp", "_minecraft._tcp."],
    mcbe: ["udp", "_minecraft._udp."],
    web: ["tcp", "_web._tcp."],
    tcp: ["tcp", "_tcp."],
    udp: ["udp", "_udp."],
  } as const;
  for (const [type, [protocol, srvPrefix]] of Object.entries(prefixes)) {
    const values = { type, local: ":25565", remote: "10.0.0.1:80", dns: "webhook", id: "http://127.0.0.1/" };
    const reading = readNat1Settings(NO_ARGS, config(values), "linux");
    assert.ok(reading.kind === "settings");
    const [tunnel, ...more] = planNat1(reading.settings, OWN).tunnels;
    assert.deepEqual(more, []);
    assert.equal(tunnel?.protocol, protocol);
    assert.equal(tunnel?.forward?.protocol, protocol);
    assert.deepEqual(tunnel?.forward?.target, { host: "10.0.0.1", port: 80 });
    const publisher = tunnel?.publish[0];
    assert.ok(publisher?.provider === "webhook");
    assert.deepEqual([publisher.srvPrefix, publisher.style], [srvPrefix, "nat1"]);
    assert.deepEqual([tunnel?.bindAddress, tunnel?.port], [undefined, { kind: "fixed", port: 25_565 }]);
    assert.ok((tunnel?.stunServers.length ?? 0) > 3 && (tunnel?.keepAliveHosts.length ?? 0) > 3);
  }
});

Deno.test("planNat1() shares the port without a remote, and takes servers that were named", () => {
  const reading = readNat1Settings(NO_ARGS, config({ local: "192.168.1.2:25565" }), "linux");
  assert.ok(reading.kind === "settings");
  const server = { host: "s.example", port: 1 };
  const [tunnel] = planNat1(reading.settings, { stun: [server], keepAlive: [server] }).tunnels;
  assert.equal(tunnel?.forward, undefined);
  assert.equal(tunnel?.bindAddress, "192.168.1.2");
  assert.deepEqual([tunnel?.stunServers, tunnel?.canaryServers, tunnel?.keepAliveHosts], [
    ...[[server], [server], [server]],
  ]);
  assert.deepEqual(tunnel?.publish, []);
});
