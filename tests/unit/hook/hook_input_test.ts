import assert from "node:assert/strict";
import fc from "fast-check";
import type { ChangedEvent, LostEvent, MappedEvent, MappingFields } from "../../../src/core/mapping.ts";
import {
  fillNatterTemplate,
  hookEnvironment,
  hookInput,
  hookKey,
  natmapArguments,
  natter2Arguments,
} from "../../../src/hook/hook_input.ts";

const at = new Date("2026-11-21T02:00:00.000Z");

const bind: MappingFields = {
  internal: { address: "192.168.1.2", port: 3456 },
  external: { address: "203.0.113.10", port: 14500 },
};

const forward: MappingFields = { ...bind, target: { address: "192.168.1.100", port: 443 } };

const ipv6: MappingFields = {
  internal: { address: "2001:db8::1", port: 3456 },
  external: { address: "2001:db8::1", port: 14500 },
};

const mapped: MappedEvent = { event: "mapped", name: "ssh", protocol: "tcp", at, ...bind };

const lost: LostEvent = { event: "lost", name: "ssh", protocol: "tcp", at, reason: "no answer" };

Deno.test("natmapArguments() gives natmap's six in natmap's order when the mapping is TCP over IPv4", () => {
  assert.deepEqual(natmapArguments("tcp", forward), [
    "203.0.113.10",
    "14500",
    "2001::38a4:cb00:710a",
    "3456",
    "tcp",
    "192.168.1.2",
  ]);
});

Deno.test("natmapArguments() leaves IP4P empty when the mapping is UDP over IPv6", () => {
  assert.deepEqual(natmapArguments("udp", ipv6), [
    "2001:db8::1",
    "14500",
    "",
    "3456",
    "udp",
    "2001:db8::1",
  ]);
});

Deno.test("natter2Arguments() gives the target as inner, or the internal endpoint where nothing is forwarded", () => {
  assert.deepEqual(natter2Arguments("tcp", forward), [
    "tcp",
    "192.168.1.100",
    "443",
    "203.0.113.10",
    "14500",
  ]);
  assert.deepEqual(natter2Arguments("udp", bind), ["udp", "192.168.1.2", "3456", "203.0.113.10", "14500"]);
});

Deno.test("fillNatterTemplate() replaces every known tag and nothing else, as Natter 0.9 does", () => {
  const cases: readonly (readonly [string, MappingFields, string])[] = [
    [
      "echo {protocol} {inner_ip}:{inner_port} {outer_ip}:{outer_port}",
      forward,
      "echo tcp 192.168.1.100:443 203.0.113.10:14500",
    ],
    [
      "h.sh '{protocol}' '{inner_ip}' '{inner_port}' '{outer_ip}' '{outer_port}'",
      bind,
      "h.sh 'tcp' '192.168.1.2' '3456' '203.0.113.10' '14500'",
    ],
    ["a {x} {protocol}{protocol}", bind, "a {x} tcptcp"],
    [
      "{outer_ip} { outer_ip } {OUTER_IP} {{outer_port}} $& $1",
      ipv6,
      "2001:db8::1 { outer_ip } {OUTER_IP} {14500} $& $1",
    ],
  ];
  for (const [template, mapping, want] of cases) {
    assert.equal(fillNatterTemplate(template, "tcp", mapping), want);
  }
});

Deno.test("fillNatterTemplate() refuses an address that a shell could read otherwise", () => {
  fc.assert(fc.property(fc.string({ maxLength: 12 }), (text) => {
    const mapping = { ...bind, external: { address: text, port: 1 } };
    try {
      assert.match(fillNatterTemplate("{outer_ip}", "tcp", mapping), /^[\w.:%-]+$/);
    } catch (error) {
      assert.ok(error instanceof TypeError);
    }
  }));
  for (const address of ["1.2.3.4;id", "$(id)", "fe80::1%eth0 x", "`id`", "fe80::1%\n"]) {
    const mapping = { ...bind, external: { address, port: 1 } };
    assert.throws(() => fillNatterTemplate("{outer_ip}", "tcp", mapping), TypeError, address);
  }
  const zone = { ...bind, external: { address: "fe80::1%eth0", port: 1 } };
  assert.equal(fillNatterTemplate("{outer_ip}", "tcp", zone), "fe80::1%eth0");
});

Deno.test("hookInput() takes the mapping known last when the event has none", () => {
  assert.deepEqual(hookInput(lost, forward).mapping, forward);
  const moved = { ...lost, internal: { address: "192.168.1.3", port: 9 }, external: bind.external };
  assert.deepEqual(hookInput(moved, undefined).mapping, {
    internal: moved.internal,
    external: bind.external,
  });
  assert.equal(hookInput(lost, undefined).mapping, undefined);
  assert.equal(
    hookInput({ ...lost, event: "unusable", internal: bind.internal }, undefined).mapping,
    undefined,
  );
});

Deno.test("hookKey() differs exactly when an argument of the style differs", () => {
  const others: readonly MappingFields[] = [
    { ...bind, external: { address: "203.0.113.11", port: 14500 } },
    { ...bind, external: { address: "203.0.113.10", port: 14501 } },
    { ...bind, internal: { address: "192.168.1.3", port: 3456 } },
    { ...bind, internal: { address: "192.168.1.2", port: 3457 } },
  ];
  const keys = (style: "natmap" | "natter2", all: readonly MappingFields[]): number =>
    new Set(all.map((mapping) => hookKey(style, mapping))).size;
  assert.equal(keys("natmap", [bind, forward, ...others]), 5);
  assert.equal(keys("natter2", [bind, forward, ...others]), 6);
});

Deno.test("hookEnvironment() names both sides, the event and what it was before", () => {
  const changed: ChangedEvent = {
    ...mapped,
    event: "changed",
    previous: { address: "203.0.113.9", port: 9 },
    target: { address: "2001:db8::5", port: 22 },
  };
  assert.deepEqual(hookEnvironment({ event: changed, mapping: changed }), {
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
    PORTHOLE_REASON: "",
    PORTHOLE_AT: "2026-11-21T02:00:00.000Z",
  });
});

Deno.test("hookEnvironment() has every variable, empty where nothing is known, and no NUL", () => {
  const empty = hookEnvironment({ event: { ...lost, reason: "a\0b" } });
  assert.deepEqual(Object.keys(empty), Object.keys(hookEnvironment({ event: mapped, mapping: mapped })));
  assert.equal(empty["PORTHOLE_REASON"], "a b");
  assert.equal(empty["PORTHOLE_EXTERNAL"], "");
  assert.equal(empty["PORTHOLE_IP4P"], "");
});
