import assert from "node:assert/strict";
import {
  classifyNat,
  NAT_NUMBERS,
  type NatFindings,
  type NatType,
} from "../../../../../src/cli/compat/natter/nat_check.ts";

const INTERNAL = { address: "192.168.1.2", port: 3456 };
const A = { address: "203.0.113.10", port: 14500 };
const B = { address: "203.0.113.10", port: 14501 };
const BASE: NatFindings = {
  protocol: "udp",
  internal: INTERNAL,
  seen: [A, A],
  needed: 2,
  filtering: "endpoint-independent",
};

Deno.test("classifyNat() follows the table and guesses nothing", () => {
  const table: readonly (readonly [Partial<NatFindings>, NatType])[] = [
    [{}, "full-cone"],
    [{ filtering: "address-dependent" }, "restricted"],
    [{ filtering: "address-and-port-dependent" }, "port-restricted"],
    [{ filtering: "unknown" }, "unknown"],
    [{ seen: [A, B] }, "symmetric"],
    [{ seen: [A, B], filtering: "unknown" }, "symmetric"],
    [{ seen: [A, { ...A, address: "203.0.113.11" }] }, "symmetric"],
    [{ seen: [INTERNAL, INTERNAL] }, "open"],
    [{ seen: [INTERNAL, INTERNAL], filtering: "address-and-port-dependent" }, "firewall"],
    [{ seen: [INTERNAL, INTERNAL], filtering: "unknown" }, "unknown"],
    [{ seen: [A] }, "unknown"],
    [{ seen: [] }, "unknown"],
    [{ protocol: "tcp", needed: 3 }, "unknown"],
    [{ protocol: "tcp", needed: 3, seen: [A, A, A] }, "full-cone"],
    [{ protocol: "tcp", needed: 3, seen: [A, A, A], filtering: "unknown" }, "unknown"],
    [{ protocol: "tcp", needed: 3, seen: [INTERNAL, INTERNAL, INTERNAL], filtering: "unknown" }, "open"],
    // The address is compared with the address, and the port with the port.
    [{ seen: [{ ...INTERNAL, port: 1 }, { ...INTERNAL, port: 1 }] }, "full-cone"],
  ];
  for (const [changes, expected] of table) {
    assert.equal(classifyNat({ ...BASE, ...changes }).type, expected, JSON.stringify(changes));
  }
});

Deno.test("classifyNat() says why something is unknown, and what was seen", () => {
  assert.deepEqual(classifyNat({ ...BASE, filtering: "unknown", filteringReason: "nobody honours it" }), {
    type: "unknown",
    mapping: "same",
    external: A,
    reason: "nobody honours it",
  });
  assert.deepEqual(classifyNat({ ...BASE, seen: [A] }), {
    type: "unknown",
    mapping: "unknown",
    external: A,
    reason: "only 1 of 2 STUN servers answered",
  });
  assert.match(classifyNat({ ...BASE, seen: [] }).reason ?? "", /no STUN server/);
});

Deno.test("NAT_NUMBERS has a number of its own for every kind", () => {
  assert.equal(new Set(Object.values(NAT_NUMBERS)).size, 7);
  assert.deepEqual([NAT_NUMBERS["full-cone"], NAT_NUMBERS.symmetric, NAT_NUMBERS.unknown], [1, 4, -1]);
});
