import assert from "node:assert/strict";
import type { OpenArgs } from "../../../src/cli/command_args.ts";
import { parseCommandLine } from "../../../src/cli/command_line.ts";
import { readNatter2Args } from "../../../src/cli/compat/natter/natter2_args.ts";
import { planNatter2 } from "../../../src/cli/compat/natter/natter2_plan.ts";
import { planOpen } from "../../../src/cli/plan_open.ts";
import { UsageError } from "../../../src/cli/usage_error.ts";
import type { Config, TunnelConfig } from "../../../src/config/config.ts";
import { parseConfig } from "../../../src/config/parse_config.ts";
import { eventToJson } from "../../../src/core/event_json.ts";
import type { CheckedEvent, MappedEvent } from "../../../src/core/mapping.ts";
import { Secret } from "../../../src/core/secret.ts";
import {
  GATEWAY_AUTO,
  GATEWAY_OFF,
  GATEWAY_WAYS,
  type GatewaySettings,
} from "../../../src/gateway/settings.ts";
import { planService } from "../../../src/plan/plan_service.ts";
import { StatusBoard } from "../../../src/status/status_board.ts";
import { textsOf } from "../../../src/text/texts.ts";

const texts = textsOf("en");
const defaults = { stunTcp: [], stunUdp: [], keepAliveHosts: [] };

function planned(line: string): GatewaySettings | undefined {
  const parsed = parseCommandLine(["open", "3456", ...line.split(" ").filter((word) => word !== "")], {
    texts,
  });
  assert.ok(parsed.kind === "command");
  return planOpen(parsed.args as OpenArgs, { texts, defaults })[0]?.gateway;
}

const FLAGS: readonly (readonly [line: string, settings: GatewaySettings])[] = [
  ["", GATEWAY_AUTO],
  ["--gateway off", GATEWAY_OFF],
  ["--gateway auto", GATEWAY_AUTO],
  ["--gateway force", { mode: "force", ways: GATEWAY_WAYS }],
  ["--gateway 192.168.1.1", { mode: "force", address: "192.168.1.1", ways: GATEWAY_WAYS }],
  ["--gateway fe80::1%eth0", { mode: "force", address: "fe80::1%eth0", ways: GATEWAY_WAYS }],
];

for (const [line, settings] of FLAGS) {
  Deno.test(`planOpen() takes "${line}"`, () => assert.deepEqual(planned(line), settings));
}

Deno.test("parseCommandLine() refuses a gateway that is none, in both languages", () => {
  for (const value of ["on", "router.lan", "0.0.0.0", "239.255.255.250", "127.0.0.1", "192.168.1.1:5351"]) {
    assert.throws(
      () => planned(`--gateway ${value}`),
      (error) =>
        error instanceof UsageError && error.message.includes(`gateway "${value}"`) &&
        !error.message.includes("\n"),
    );
  }
  assert.match(textsOf("zh-CN").gateway.badGateway("x"), /“x”/);
});

function configured(tunnel: TunnelConfig): GatewaySettings | undefined {
  const parsed = parseConfig(JSON.stringify({ tunnels: [tunnel] }));
  assert.ok(parsed.kind === "config", JSON.stringify(parsed));
  const config: Config = parsed.config;
  const planning = planService(config, {
    defaults,
    baseDirectory: "/",
    secretOf: (text) => new Secret(text),
  });
  assert.ok(planning.kind === "plan");
  return planning.plan.tunnels[0]?.gateway;
}

const CONFIGURED: readonly (readonly [gateway: TunnelConfig["gateway"], settings: GatewaySettings])[] = [
  [undefined, GATEWAY_AUTO],
  ["off", GATEWAY_OFF],
  [{}, GATEWAY_AUTO],
  [{ mode: "force", protocols: ["upnp", "pcp"] }, { mode: "force", ways: ["pcp", "upnp"] }],
  [{ address: "10.0.0.1" }, { mode: "force", address: "10.0.0.1", ways: GATEWAY_WAYS }],
  [{ address: "10.0.0.1", mode: "auto" }, { mode: "auto", address: "10.0.0.1", ways: GATEWAY_WAYS }],
];

for (const [gateway, settings] of CONFIGURED) {
  Deno.test(`planService() takes the gateway ${JSON.stringify(gateway)}`, () => {
    assert.deepEqual(configured({ bind: 3456, ...(gateway !== undefined && { gateway }) }), settings);
  });
}

Deno.test("parseConfig() tells where a gateway is wrong", () => {
  for (
    const gateway of ["on", 1, { mode: "on" }, { address: "router.lan" }, { protocols: [] }, {
      protocol: "pcp",
    }]
  ) {
    const parsed = parseConfig(JSON.stringify({ tunnels: [{ bind: 1, gateway }] }));
    assert.ok(parsed.kind === "faults", JSON.stringify(gateway));
    assert.match(JSON.stringify(parsed.faults), /gateway/);
  }
});

Deno.test("planNatter2() asks routers with -U only", () => {
  const plan = (line: string): GatewaySettings | undefined => {
    const reading = readNatter2Args(line.split(" "), { isFile: () => true });
    assert.ok(reading.kind === "run");
    const flags = { stun: [], keepAlive: [], json: false };
    return planNatter2(reading.args, { flags, ownAddress: "192.168.1.2" }).tunnels[0]?.gateway;
  };
  assert.equal(plan("-b 3456")?.mode, "off");
  assert.deepEqual(plan("-b 3456 -U"), { mode: "force", ways: GATEWAY_WAYS });
});

const NEWS: MappedEvent = {
  event: "mapped",
  name: "web",
  protocol: "tcp",
  at: new Date(0),
  gateway: "pcp",
  internal: { address: "192.168.1.2", port: 3456 },
  external: { address: "203.0.113.10", port: 14500 },
};

Deno.test("eventToJson() tells by which protocol a router was asked, and nothing where none was", () => {
  assert.equal(eventToJson(NEWS)["gateway"], "pcp");
  const { gateway: _, ...bare } = NEWS;
  assert.ok(!("gateway" in eventToJson(bare)));
  const checked: CheckedEvent = {
    ...bare,
    event: "checked",
    reachability: { state: "unverified", reason: "x" },
  };
  assert.equal(eventToJson({ ...checked, gateway: "upnp" })["gateway"], "upnp");
  assert.ok(!("gateway" in eventToJson(checked)));
});

Deno.test("StatusBoard.snapshot() shows the routers that let strangers in", () => {
  const board = new StatusBoard({ version: "1", pid: 1, startedAt: new Date(0) });
  board.add({ name: "web", protocol: "tcp" });
  board.note(NEWS);
  const hop = {
    router: "192.168.1.1",
    way: "pcp",
    externalAddress: "100.64.0.2",
    externalPort: 3456,
  } as const;
  const seen = board.snapshot(new Date(0), () => ({ confirmedAt: undefined, gateway: [hop] })).tunnels[0];
  assert.deepEqual(seen?.gateway, [{ router: "192.168.1.1", way: "pcp", address: "100.64.0.2", port: 3456 }]);
  const none = board.snapshot(new Date(0), () => ({ confirmedAt: undefined })).tunnels[0];
  assert.ok(none !== undefined && !("gateway" in none));
});
