import assert from "node:assert/strict";
import { holdLibc, interfaceIndex } from "../../../ffi/mod.ts";
import { endpointOf, socketAddressOf } from "../../../src/net/socket_address.ts";

Deno.test("socketAddressOf() and endpointOf() are inverse", () => {
  using _libc = holdLibc();
  for (const address of ["192.0.2.1", "2001:db8::1", "::", "fe80::1%lo"]) {
    assert.deepEqual(endpointOf(socketAddressOf({ address, port: 99 })), { address, port: 99 });
  }
});

Deno.test("socketAddressOf() takes a zone by name or by index", () => {
  using _libc = holdLibc();
  const lo = interfaceIndex("lo");
  assert.equal(socketAddressOf({ address: "fe80::1%lo", port: 1 }).scopeId, lo);
  assert.equal(socketAddressOf({ address: `fe80::1%${lo}`, port: 1 }).scopeId, lo);
  assert.throws(() => socketAddressOf({ address: "fe80::1%nosuchif0", port: 1 }), { code: "ENODEV" });
});

Deno.test("endpointOf() keeps the index where the interface has gone", () => {
  using _libc = holdLibc();
  const bytes = Uint8Array.fromHex("fe80" + "00".repeat(13) + "01");
  assert.deepEqual(endpointOf({ bytes, port: 1, scopeId: 2_000_000 }), {
    address: "fe80::1%2000000",
    port: 1,
  });
});

Deno.test("socketAddressOf() throws TypeError when the text is no address", () => {
  assert.throws(() => socketAddressOf({ address: "localhost", port: 1 }), TypeError);
});
