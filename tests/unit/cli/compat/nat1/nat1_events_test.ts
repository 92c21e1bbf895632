import assert from "node:assert/strict";
import { Nat1Events } from "../../../../../src/cli/compat/nat1/nat1_events.ts";
import { natTestLines } from "../../../../../src/cli/compat/nat1/nat_test.ts";
import type { NatCheck } from "../../../../../src/cli/compat/natter/nat_check.ts";
import type { ClientEvent, MappedEvent, MappingEvent } from "../../../../../src/core/mapping.ts";
import { FakeClock } from "../../../../fakes/fake_clock.ts";
import { hookTo } from "../../../publish/webhook_rig.ts";
import { recordedLog } from "./recorded_log.ts";

const base = { name: "nat1", protocol: "tcp", at: new Date(0) } as const;
const external = { address: "203.0.113.10", port: 14_500 };
const mapped: MappedEvent = {
  ...base,
  event: "mapped",
  internal: { address: "192.168.1.2", port: 25_565 },
  external,
};
const client = { address: "198.51.100.7", port: 51_234 };
const local = { address: "127.0.0.1", port: 40_000 };
const target = { address: "127.0.0.1", port: 25_566 };

function linesOf(
  events: readonly MappingEvent[],
  settings: Partial<ConstructorParameters<typeof Nat1Events>[0]["settings"]> = {},
): readonly string[] {
  const { log, lines } = recordedLog();
  using printer = new Nat1Events({
    log,
    clock: new FakeClock(),
    settings: { publisher: undefined, recordName: "mc.example.com", proxyProtocol: undefined, ...settings },
  });
  for (const event of events) printer.note(event);
  return lines;
}

Deno.test("Nat1Events tells the mapping in nat1_traversal's words", () => {
  assert.deepEqual(
    linesOf([
      { ...mapped, target },
      { ...base, event: "lost", reason: "silence" },
      { ...mapped, event: "restored" },
      { ...base, event: "unusable", reason: "symmetric" },
      { ...base, event: "stopped" },
    ]),
    [
      "[    INFO] 获取到映射地址： 203.0.113.10:14500",
      "[    INFO] 开启从 192.168.1.2:25565(203.0.113.10:14500) 到 127.0.0.1:25566 的端口转发",
      "[ WARNING] 映射地址离线，开始重新映射，silence",
      "[    INFO] 获取到映射地址： 203.0.113.10:14500",
      "[ WARNING] 获取映射地址失败：symmetric",
    ],
  );
});

Deno.test("Nat1Events tells of DNS only where something is published", () => {
  const published: MappingEvent = { ...base, event: "published", provider: "webhook", external };
  const failed: MappingEvent = {
    ...base,
    ...{ event: "publish-failed", provider: "webhook", external, reason: "status 500" },
  };
  const restored: MappingEvent = { ...mapped, event: "restored" };
  const webhook = hookTo("http://127.0.0.1/");
  const seen = linesOf([mapped, published, restored, failed, restored], { publisher: webhook });
  assert.deepEqual(seen.filter((line) => line.includes("DDNS") || line.includes("DNS")), [
    "[    INFO] 开始更新DDNS记录",
    "[    INFO] DDNS更新成功 mc.example.com",
    "[ WARNING] DDNS更新失败： status 500",
    "[    INFO] 开始更新DDNS记录",
  ]);
  assert.equal(linesOf([mapped]).length, 1);
});

Deno.test("Nat1Events tells of clients with the endpoint that the target's log shows", () => {
  const event: ClientEvent = { ...base, event: "client", state: "opened", client, local, target };
  const unreached: ClientEvent = { ...base, event: "client", state: "opened", client, target };
  const udp = { protocol: "udp" } as const;
  assert.deepEqual(
    linesOf([
      event,
      { ...event, state: "closed", reason: "eof" },
      unreached,
      { ...unreached, state: "closed", reason: "target refused" },
      { ...base, event: "client", state: "refused", client, reason: "full" },
      { ...event, ...udp },
      { ...event, ...udp, state: "closed", reason: "idle" },
    ], { proxyProtocol: "v2" }),
    [
      "[    INFO] 新客户端 198.51.100.7:51234 尝试连接到 127.0.0.1:25566",
      "[    INFO] 客户端 198.51.100.7:51234 已连接，绑定到本地地址 127.0.0.1:40000",
      "[    INFO] 已发送 PROXY Protocol v2 头，客户端真实地址 198.51.100.7:51234",
      "[    INFO] 客户端 198.51.100.7:51234 断开连接",
      "[    INFO] 新客户端 198.51.100.7:51234 尝试连接到 127.0.0.1:25566",
      "[ WARNING] 转发错误，客户端 198.51.100.7:51234 无法连接到 127.0.0.1:25566：target refused",
      "[ WARNING] 转发错误，客户端 198.51.100.7:51234 被拒绝：full",
      "[    INFO] 新客户端 198.51.100.7:51234 ，绑定到本地地址 127.0.0.1:40000",
      "[    INFO] 客户端 198.51.100.7:51234 停止活动，断开连接",
    ],
  );
});

Deno.test("Nat1Events thins out a flood of clients and says so", () => {
  const event: ClientEvent = { ...base, event: "client", state: "refused", client };
  const seen = linesOf(new Array<ClientEvent>(100).fill(event));
  assert.ok(seen.length < 15);
  assert.match(seen.at(-1) ?? "", /^\[ {4}INFO\] 另有 \d+ 条客户端日志未显示$/);
});

Deno.test("natTestLines() names what was seen and ends with the number", () => {
  const same = { mapping: "same", external } as const;
  const table: readonly (readonly [NatCheck, number, readonly string[]])[] = [
    [{ ...same, type: "open" }, 0, ["203.0.113.10:14500", "OPEN INTERNET"]],
    [{ ...same, type: "full-cone" }, 1, [
      ...[
        "203.0.113.10:14500",
        "Endpoint-Independent Mapping",
        "Endpoint-Independent Filtering",
        "FULL CONE",
      ],
    ]],
    [{ ...same, type: "restricted" }, 2, [
      ...["203.0.113.10:14500", "Endpoint-Independent Mapping", "Address-Dependent Filtering", "RESTRICTED"],
    ]],
    [{ ...same, type: "port-restricted" }, 3, [
      ...["203.0.113.10:14500", "Endpoint-Independent Mapping", "Address and Port-Dependent Filtering"],
      "PORT RESTRICTED",
    ]],
    [{ mapping: "differs", external, type: "symmetric" }, 4, [
      ...["203.0.113.10:14500", "Address and Port-Dependent Mapping", "SYMMETRIC"],
    ]],
    [{ mapping: "unknown", type: "unknown", reason: "no STUN server answered" }, -1, [
      "UNKNOWN (no STUN server answered)",
    ]],
  ];
  for (const [check, number, details] of table) {
    const lines = natTestLines("tcp", check);
    assert.deepEqual(lines, [...details.map((line) => `TCP: ${line}`), `TCP: NAT${number}`]);
  }
  assert.equal(natTestLines("udp", { ...same, type: "firewall" }).at(-1), "UDP: NAT3");
});
