import assert from "node:assert/strict";
import type { ChangedEvent, MappedEvent } from "../../../src/core/mapping.ts";
import { hookEnvironment, hookKey, natmapArguments } from "../../../src/hook/hook_input.ts";

const mapped: MappedEvent = {
  event: "mapped",
  name: "ssh",
  protocol: "tcp",
  at: new Date("2026-11-21T02:00:00.000Z"),
  internal: { address: "192.168.1.2", port: 3456 },
  external: { address: "203.0.113.10", port: 14500 },
};

Deno.test("natmapArguments() gives natmap's six in natmap's order when the mapping is TCP over IPv4", () => {
  assert.deepEqual(natmapArguments(mapped), [
    "203.0.113.10",
    "14500",
    "2001::38a4:cb00:710a",
    "3456",
    "tcp",
    "192.168.1.2",
  ]);
});

Deno.test("natmapArguments() leaves IP4P empty when the mapping is UDP over IPv6", () => {
  const event: MappedEvent = {
    ...mapped,
    protocol: "udp",
    internal: { address: "2001:db8::1", port: 3456 },
    external: { address: "2001:db8::1", port: 14500 },
  };
  assert.deepEqual(natmapArguments(event), ["2001:db8::1", "14500", "", "3456", "udp", "2001:db8::1"]);
});

Deno.test("hookKey() differs exactly when one of the six arguments differs", () => {
  const same = { ...mapped, name: "other", at: new Date(0), event: "restored" as const };
  assert.equal(hookKey(same), hookKey(mapped));
  const others = [
    { ...mapped, external: { address: "203.0.113.11", port: 14500 } },
    { ...mapped, external: { address: "203.0.113.10", port: 14501 } },
    { ...mapped, internal: { address: "192.168.1.3", port: 3456 } },
    { ...mapped, internal: { address: "192.168.1.2", port: 3457 } },
  ];
  assert.equal(new Set([mapped, ...others].map(hookKey)).size, 5);
});

Deno.test("hookEnvironment() names both sides, the event and what it was before", () => {
  const changed: ChangedEvent = {
    ...mapped,
    event: "changed",
    previous: { address: "203.0.113.9", port: 9 },
    target: { address: "2001:db8::5", port: 22 },
  };
  assert.deepEqual(hookEnvironment(changed), {
    PORTHOLE_EVENT: "changed",
    PORTHOLE_NAME: "ssh",
    PORTHOLE_PROTOCOL: "tcp",
    PORTHOLE_INTERNAL: "192.168.1.2:3456",
    PORTHOLE_INTERNAL_ADDRESS: "192.168.1.2",
    PORTHOLE_INTERNAL_PORT: "3456",
    PORTHOLE_EXTERNAL: "203.0.113.10:14500",
    PORTHOLE_EXTERNAL_ADDRESS: "203.0.113.10",
    PORTHOLE_EXTERNAL_PORT: "14500",
    PORTHOLE_IP4P: "2001::38a4:cb00:710a",
    PORTHOLE_PREVIOUS: "203.0.113.9:9",
    PORTHOLE_TARGET: "[2001:db8::5]:22",
    PORTHOLE_AT: "2026-11-21T02:00:00.000Z",
  });
  assert.equal(hookEnvironment(mapped)["PORTHOLE_PREVIOUS"], "");
});
