import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeSockaddr, encodeSockaddr, isSameSocketAddress } from "../../../ffi/mod.ts";

const IPV6 = Uint8Array.fromHex("20010db8000000000000000000000001");

Deno.test("encodeSockaddr() builds sockaddr_in as the kernel has it", () => {
  const address = { bytes: new Uint8Array([192, 0, 2, 33]), port: 3478, scopeId: 0 };
  assert.equal(encodeSockaddr(address).toHex(), "02000d96c00002210000000000000000");
});

Deno.test("encodeSockaddr() builds sockaddr_in6 as the kernel has it", () => {
  const address = { bytes: IPV6, port: 0x1234, scopeId: 7 };
  assert.equal(
    encodeSockaddr(address).toHex(),
    "0a00" + "1234" + "00000000" + "20010db8000000000000000000000001" + "07000000",
  );
});

Deno.test("encodeSockaddr() throws RangeError when address or port is none", () => {
  assert.throws(() => encodeSockaddr({ bytes: new Uint8Array(5), port: 1, scopeId: 0 }), RangeError);
  for (const port of [-1, 65536, 1.5, NaN]) {
    assert.throws(() => encodeSockaddr({ bytes: new Uint8Array(4), port, scopeId: 0 }), RangeError);
  }
});

Deno.test("decodeSockaddr() turns an IPv4-mapped address into IPv4", () => {
  const mapped = new Uint8Array(16);
  mapped.set([0xff, 0xff, 198, 51, 100, 7], 10);
  const decoded = decodeSockaddr(encodeSockaddr({ bytes: mapped, port: 80, scopeId: 0 }));
  assert.deepEqual(decoded, { bytes: new Uint8Array([198, 51, 100, 7]), port: 80, scopeId: 0 });
});

Deno.test("decodeSockaddr() returns undefined when the family is another or bytes are missing", () => {
  const ipv6 = encodeSockaddr({ bytes: IPV6, port: 1, scopeId: 0 });
  assert.equal(decodeSockaddr(ipv6, 27), undefined);
  assert.equal(decodeSockaddr(ipv6.subarray(0, 20)), undefined);
  assert.equal(decodeSockaddr(new Uint8Array([1, 0, 0x2f])), undefined);
  assert.equal(decodeSockaddr(new Uint8Array(28)), undefined);
});

Deno.test("decodeSockaddr() gives back what encodeSockaddr() was given", () => {
  const address = fc.record({
    bytes: fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }).filter((bytes) => bytes[0] !== 0),
    ),
    port: fc.nat(65535),
    scopeId: fc.nat(2 ** 31),
  });
  fc.assert(fc.property(address, (it) => {
    const expected = it.bytes.length === 4 ? { ...it, scopeId: 0 } : it;
    const decoded = decodeSockaddr(encodeSockaddr(it));
    assert.ok(decoded !== undefined && isSameSocketAddress(decoded, expected));
  }));
});

Deno.test("decodeSockaddr() is total", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(64), (bytes, length) => {
    const decoded = decodeSockaddr(bytes, length);
    assert.ok(decoded === undefined || decoded.bytes.length === 4 || decoded.bytes.length === 16);
  }));
});

Deno.test("isSameSocketAddress() tells apart address, port, scope and family", () => {
  const one = { bytes: IPV6, port: 1, scopeId: 0 };
  assert.ok(isSameSocketAddress(one, { ...one, bytes: IPV6.slice() }));
  assert.ok(!isSameSocketAddress(one, { ...one, port: 2 }));
  assert.ok(!isSameSocketAddress(one, { ...one, scopeId: 2 }));
  assert.ok(!isSameSocketAddress(one, { ...one, bytes: IPV6.slice(0, 4) }));
  assert.ok(!isSameSocketAddress(one, { ...one, bytes: IPV6.with(15, 2) }));
});
