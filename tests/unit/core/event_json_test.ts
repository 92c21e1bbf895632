import assert from "node:assert/strict";
import { eventToJson } from "../../../src/core/event_json.ts";
import type { MappingEvent } from "../../../src/core/mapping.ts";

const base = { name: "ssh", protocol: "tcp" as const, at: new Date("2026-11-21T02:00:00.000Z") };
const internal = { address: "192.168.1.2", port: 3456 };
const external = { address: "203.0.113.10", port: 14500 };
const head = '"name":"ssh","protocol":"tcp"';
const sides = '"internal":"192.168.1.2:3456","external":"203.0.113.10:14500"';
const ip4p = '"ip4p":"2001::38a4:cb00:710a"';
const at = '"at":"2026-11-21T02:00:00.000Z"';

Deno.test("eventToJson() writes each event as ARCHITECTURE has it, byte for byte", () => {
  const target = { address: "127.0.0.1", port: 22 };
  const cases: readonly (readonly [MappingEvent, string])[] = [
    [
      { ...base, event: "mapped", internal, external, target },
      `{"event":"mapped",${head},${sides},"target":"127.0.0.1:22",${ip4p},${at}}`,
    ],
    [
      { ...base, event: "changed", internal, external, previous: { address: "203.0.113.9", port: 1 } },
      `{"event":"changed",${head},${sides},${ip4p},${at},"previous":"203.0.113.9:1"}`,
    ],
    [
      { ...base, event: "mapped", internal, external, sharing: "pidfd" },
      `{"event":"mapped",${head},${sides},${ip4p},${at},"sharing":"pidfd"}`,
    ],
    [
      { ...base, event: "restored", internal, external },
      `{"event":"restored",${head},${sides},${ip4p},${at}}`,
    ],
    [{ ...base, event: "lost", reason: "no route" }, `{"event":"lost",${head},${at},"reason":"no route"}`],
    [
      { ...base, event: "lost", internal, external, reason: "x" },
      `{"event":"lost",${head},${sides},${ip4p},${at},"reason":"x"}`,
    ],
    [
      { ...base, event: "unusable", internal, reason: "x" },
      `{"event":"unusable",${head},"internal":"192.168.1.2:3456",${at},"reason":"x"}`,
    ],
    [
      { ...base, event: "checked", external, reachability: { state: "reachable", evidence: "hairpin" } },
      `{"event":"checked",${head},"external":"203.0.113.10:14500",${ip4p},${at},` +
      '"reachability":"reachable","evidence":"hairpin"}',
    ],
    [
      {
        ...base,
        event: "checked",
        external,
        reachability: { state: "unverified", reason: "no hairpinning" },
      },
      `{"event":"checked",${head},"external":"203.0.113.10:14500",${ip4p},${at},` +
      '"reachability":"unverified","reason":"no hairpinning"}',
    ],
    [
      { ...base, event: "hook", command: "./x.sh", status: 0 },
      `{"event":"hook",${head},${at},"command":"./x.sh","status":0}`,
    ],
    [
      { ...base, event: "hook", command: "./x.sh", error: "No such file" },
      `{"event":"hook",${head},${at},"command":"./x.sh","error":"No such file"}`,
    ],
    [{ ...base, event: "stopped" }, `{"event":"stopped",${head},${at}}`],
  ];
  for (const [event, want] of cases) assert.equal(JSON.stringify(eventToJson(event)), want);
});

Deno.test("eventToJson() leaves IP4P out and puts brackets when the external endpoint is IPv6", () => {
  const json = eventToJson({
    ...base,
    event: "mapped",
    internal: { address: "fd00::2", port: 1 },
    external: { address: "2001:db8::1", port: 2 },
  });
  assert.equal(json["external"], "[2001:db8::1]:2");
  assert.ok(!("ip4p" in json));
});
