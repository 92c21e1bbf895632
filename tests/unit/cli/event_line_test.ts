import assert from "node:assert/strict";
import { eventToLines, localTime } from "../../../src/cli/event_line.ts";
import type { MappingEvent } from "../../../src/core/mapping.ts";
import { textsOf } from "../../../src/text/texts.ts";

const at = new Date(2026, 10, 21, 2, 3, 4);
const base = { name: "ssh", protocol: "tcp" as const, at };
const internal = { address: "192.168.1.2", port: 3456 };
const external = { address: "203.0.113.10", port: 14500 };
const texts = textsOf("en");

Deno.test("localTime() writes local time to the second", () => {
  assert.equal(localTime(at), "2026-11-21 02:03:04");
});

Deno.test("eventToLines() writes one line per event", () => {
  const time = "2026-11-21 02:03:04  tcp  ";
  const cases: readonly (readonly [MappingEvent, string])[] = [
    [{ ...base, event: "mapped", internal, external }, "192.168.1.2:3456 -> 203.0.113.10:14500  mapped"],
    [
      { ...base, event: "mapped", internal, external, target: { address: "127.0.0.1", port: 22 } },
      "192.168.1.2:3456 -> 203.0.113.10:14500 -> 127.0.0.1:22  mapped",
    ],
    [
      { ...base, event: "changed", internal, external, previous: { address: "203.0.113.9", port: 1 } },
      "192.168.1.2:3456 -> 203.0.113.10:14500  changed, was 203.0.113.9:1",
    ],
    [{ ...base, event: "restored", internal, external }, "192.168.1.2:3456 -> 203.0.113.10:14500  restored"],
    [{ ...base, event: "lost", external, reason: "no route" }, "203.0.113.10:14500  lost: no route"],
    [{ ...base, event: "lost", reason: "no route" }, "lost: no route"],
    [{ ...base, event: "unusable", internal, reason: "x" }, "192.168.1.2:3456  unusable: x"],
    [
      { ...base, event: "checked", external, reachability: { state: "reachable", evidence: "e" } },
      "203.0.113.10:14500  reachable",
    ],
    [
      {
        ...base,
        event: "checked",
        external,
        reachability: { state: "unverified", reason: "no hairpinning" },
      },
      "203.0.113.10:14500  not verified: no hairpinning",
    ],
    [{ ...base, event: "hook", command: "./x", status: 3 }, "hook ./x ended with 3"],
    [{ ...base, event: "hook", command: "./x", error: "gone" }, "hook ./x failed: gone"],
    [{ ...base, event: "stopped" }, "stopped"],
  ];
  for (const [event, want] of cases) assert.deepEqual(eventToLines(event, { texts }), [time + want]);
});

Deno.test("eventToLines() says how to try it when the tunnel serves the test page", () => {
  const mapped: MappingEvent = { ...base, event: "mapped", internal, external };
  const options = { texts, servesTestPage: true };
  assert.match(eventToLines(mapped, options)[1] ?? "", /http:\/\/203\.0\.113\.10:14500\//);
  const six = { ...mapped, external: { address: "2001:db8::1", port: 2 } };
  assert.match(eventToLines(six, options)[1] ?? "", /http:\/\/\[2001:db8::1\]:2\//);
  assert.match(
    eventToLines({ ...mapped, protocol: "udp" }, options)[1] ?? "",
    /datagram to 203\.0\.113\.10:14500/,
  );
  assert.equal(eventToLines({ ...base, event: "stopped" }, options).length, 1);
});
