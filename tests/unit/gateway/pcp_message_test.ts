import assert from "node:assert/strict";
import * as fc from "fast-check";
import {
  decodePcpAnswer,
  encodePcpRequest,
  isNatPmpRefusal,
  type PcpRequest,
} from "../../../src/gateway/pcp_message.ts";
import { decodePcpRequest } from "./pcp_request.ts";

const NONCE = Uint8Array.fromHex("000102030405060708090a0b");
const MAP: PcpRequest = {
  kind: "map",
  client: "192.168.1.2",
  nonce: NONCE,
  protocol: "tcp",
  internalPort: 8080,
  externalPort: 8080,
  lifetimeSeconds: 600,
};
/** RFC 6887, figures 2 and 9, filled in by hand. */
const MAP_HEX = "0201 0000 00000258 00000000000000000000ffffc0a80102" +
  "000102030405060708090a0b 06 000000 1f90 1f90 00000000000000000000ffff00000000";
const ANSWER_HEX = "0281 0000 00000258 0000002a 000000000000000000000000" +
  "000102030405060708090a0b 06 000000 1f90 1f91 00000000000000000000ffffcb00710a";

const bytes = (hex: string): Uint8Array => Uint8Array.fromHex(hex.replaceAll(" ", ""));

Deno.test("encodePcpRequest() writes RFC 6887's bytes", () => {
  assert.equal(encodePcpRequest(MAP).toHex(), MAP_HEX.replaceAll(" ", ""));
  assert.equal(
    encodePcpRequest({ kind: "announce", client: "192.168.1.2" }).toHex(),
    "020000000000000000000000000000000000ffffc0a80102",
  );
});

Deno.test("encodePcpRequest() writes IPv6 as it is, without a zone", () => {
  const request = encodePcpRequest({ ...MAP, client: "fe80::2%eth0" });
  assert.equal(request.subarray(8, 24).toHex(), "fe800000000000000000000000000002");
  assert.equal(request.subarray(44).toHex(), "00".repeat(16), "any address of that family");
});

Deno.test("encodePcpRequest() throws when something does not fit", () => {
  assert.throws(() => encodePcpRequest({ ...MAP, nonce: new Uint8Array(11) }), RangeError);
  assert.throws(() => encodePcpRequest({ ...MAP, internalPort: 70_000 }), RangeError);
  assert.throws(() => encodePcpRequest({ ...MAP, lifetimeSeconds: -1 }), RangeError);
  assert.throws(() => encodePcpRequest({ ...MAP, client: "router.lan" }), TypeError);
});

Deno.test("encodePcpRequest() says what a server reads, for any mapping", () => {
  const port = fc.integer({ min: 0, max: 65_535 });
  const seconds = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  fc.assert(
    fc.property(port, port, seconds, fc.uint8Array({ minLength: 12, maxLength: 12 }), (a, b, n, nonce) => {
      const request: PcpRequest = {
        ...{ kind: "map", client: "10.0.0.2", nonce, protocol: "udp", externalAddress: "203.0.113.1" },
        ...{ internalPort: a, externalPort: b, lifetimeSeconds: n },
      };
      assert.deepEqual(decodePcpRequest(encodePcpRequest(request)), request);
    }),
  );
});

Deno.test("decodePcpAnswer() reads a mapping", () => {
  assert.deepEqual(decodePcpAnswer(bytes(ANSWER_HEX)), {
    ...{ opcode: 1, result: 0, lifetimeSeconds: 600, epochSeconds: 42 },
    mapping: {
      ...{ nonce: NONCE, protocol: "tcp", internalPort: 8080, externalPort: 8081 },
      externalAddress: "203.0.113.10",
    },
  });
});

Deno.test("decodePcpAnswer() reads a refusal without a body", () => {
  const answer = decodePcpAnswer(bytes("0281 0008 0000001e 0000002a 000000000000000000000000"));
  assert.deepEqual(answer, { opcode: 1, result: 8, lifetimeSeconds: 30, epochSeconds: 42 });
});

for (
  const [hex, about] of [
    [MAP_HEX, "a request"],
    [ANSWER_HEX.replace("0281", "0181"), "another version"],
    [`${ANSWER_HEX}00`, "a length that is no multiple of 4"],
    [ANSWER_HEX + "00".repeat(1100), "more than 1100 bytes"],
    ["0281", "too few bytes"],
  ] as const
) {
  Deno.test(`decodePcpAnswer() takes no answer for ${about}`, () => {
    assert.equal(decodePcpAnswer(bytes(hex)), undefined);
  });
}

Deno.test("decodePcpAnswer() takes any bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 1200 }), (data) => {
    const framed = Uint8Array.from([2, 0x81, ...data]);
    for (const input of [data, framed, framed.subarray(0, framed.length & ~3)]) {
      decodePcpAnswer(input);
      isNatPmpRefusal(input);
    }
  }));
});

Deno.test("isNatPmpRefusal() knows a server of NAT-PMP only by its answer", () => {
  assert.ok(isNatPmpRefusal(bytes("00810001 00000001")));
  assert.ok(!isNatPmpRefusal(bytes("00810000 00000001")));
  assert.ok(!isNatPmpRefusal(bytes("0001")));
});
