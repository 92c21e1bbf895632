import assert from "node:assert/strict";
import {
  NAT_NUMBERS,
  type NatCheck,
  natCheckOf,
  natterCheckNumber,
  type NatType,
} from "../../../../../src/cli/compat/natter/nat_check.ts";
import type { Protocol } from "../../../../../src/core/mapping.ts";
import type { TransportReport } from "../../../../../src/behavior/nat_report.ts";
import { SEEN, transport } from "../../nat_reports.ts";

Deno.test("natCheckOf() follows the table and guesses nothing", () => {
  const table:
    readonly (readonly [Protocol, string, Partial<TransportReport>, NatType, NatCheck["mapping"]])[] = [
      ["udp", "full cone", {}, "full-cone", "same"],
      ["udp", "restricted", SEEN["restricted"] ?? {}, "restricted", "same"],
      ["udp", "port restricted", SEEN["portRestricted"] ?? {}, "port-restricted", "same"],
      ["udp", "kept out", SEEN["filtered"] ?? {}, "unknown", "same"],
      ["udp", "unseen", SEEN["unseen"] ?? {}, "unknown", "same"],
      ["udp", "symmetric", SEEN["symmetric"] ?? {}, "symmetric", "differs"],
      ["udp", "address-dependent", { mapping: "address-dependent" }, "symmetric", "differs"],
      ["udp", "open", SEEN["open"] ?? {}, "open", "same"],
      ["udp", "firewall", SEEN["firewall"] ?? {}, "firewall", "same"],
      ["udp", "no NAT, firewall unseen", SEEN["openUnseen"] ?? {}, "unknown", "same"],
      ["udp", "blocked", SEEN["blocked"] ?? {}, "unknown", "unknown"],
      ["udp", "dead", SEEN["dead"] ?? {}, "unknown", "unknown"],
      ["udp", "cloud", SEEN["cloud"] ?? {}, "full-cone", "same"],
      ["tcp", "full cone", {}, "full-cone", "same"],
      ["tcp", "unseen", SEEN["unseen"] ?? {}, "unknown", "same"],
      ["tcp", "symmetric", SEEN["symmetric"] ?? {}, "symmetric", "differs"],
      ["tcp", "no NAT is open, whatever a firewall does", SEEN["openUnseen"] ?? {}, "open", "same"],
    ];
  for (const [protocol, name, changes, type, mapping] of table) {
    const check = natCheckOf(transport(protocol, changes));
    assert.deepEqual([check.type, check.mapping], [type, mapping], `${protocol} ${name}`);
    assert.equal(check.reason !== undefined, type === "unknown", `${protocol} ${name}`);
  }
});

Deno.test("natCheckOf() says why something is unknown, and what was seen", () => {
  assert.deepEqual(natCheckOf(transport("tcp", SEEN["unseen"])), {
    type: "unknown",
    mapping: "same",
    external: { address: "203.0.113.10", port: 14_500 },
    reason: "nobody was asked to knock",
  });
  assert.deepEqual(natCheckOf(transport("udp", SEEN["dead"])), {
    type: "unknown",
    mapping: "unknown",
    reason: "nothing seen (no-answer)",
  });
  assert.ok(natCheckOf(transport("udp", SEEN["cloud"])).isOneToOne);
});

Deno.test("NAT_NUMBERS has a number of its own for every kind, and natter-check no 2 for TCP", () => {
  assert.equal(new Set(Object.values(NAT_NUMBERS)).size, 7);
  assert.deepEqual([NAT_NUMBERS["full-cone"], NAT_NUMBERS.symmetric, NAT_NUMBERS.unknown], [1, 4, -1]);
  assert.deepEqual(
    [natterCheckNumber("tcp", "restricted"), natterCheckNumber("udp", "restricted")],
    [3, 2],
  );
  assert.equal(natterCheckNumber("tcp", "full-cone"), 1);
});
