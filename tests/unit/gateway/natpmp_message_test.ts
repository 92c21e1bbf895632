import assert from "node:assert/strict";
import * as fc from "fast-check";
import {
  decodeNatPmpAnswer,
  encodeNatPmpRequest,
  type NatPmpAnswer,
} from "../../../src/gateway/natpmp_message.ts";

const bytes = (hex: string): Uint8Array => Uint8Array.fromHex(hex.replaceAll(" ", ""));

Deno.test("encodeNatPmpRequest() writes RFC 6886's bytes", () => {
  assert.equal(encodeNatPmpRequest({ kind: "external-address" }).toHex(), "0000");
  const map = {
    kind: "map",
    protocol: "tcp",
    internalPort: 8080,
    externalPort: 8080,
    lifetimeSeconds: 7200,
  } as const;
  assert.equal(encodeNatPmpRequest(map).toHex(), "000200001f901f9000001c20");
  assert.equal(
    encodeNatPmpRequest({ ...map, protocol: "udp", externalPort: 0, lifetimeSeconds: 0 }).toHex(),
    "000100001f90000000000000",
  );
});

Deno.test("encodeNatPmpRequest() throws when a number does not fit", () => {
  const map = { kind: "map", protocol: "tcp", internalPort: 1, externalPort: 1, lifetimeSeconds: 1 } as const;
  assert.throws(() => encodeNatPmpRequest({ ...map, internalPort: 65_536 }), RangeError);
  assert.throws(() => encodeNatPmpRequest({ ...map, externalPort: -1 }), RangeError);
  assert.throws(() => encodeNatPmpRequest({ ...map, lifetimeSeconds: 2 ** 32 }), RangeError);
});

const ANSWERS: readonly (readonly [hex: string, answer: NatPmpAnswer | undefined, about: string])[] = [
  [
    "00800000 00000010 cb00710a",
    { kind: "external-address", result: 0, epochSeconds: 16, address: "203.0.113.10" },
    "an address",
  ],
  [
    "00820000 00000011 1f90 1f91 00000e10",
    {
      ...{ kind: "map", result: 0, epochSeconds: 17, protocol: "tcp", internalPort: 8080 },
      ...{ externalPort: 8081, lifetimeSeconds: 3600 },
    },
    "a mapping",
  ],
  ["00820002 00000012", { kind: "refusal", result: 2, epochSeconds: 18, opcode: 2 }, "a short refusal"],
  ["00800003 00000012 00000000", { kind: "refusal", result: 3, epochSeconds: 18, opcode: 0 }, "a refusal"],
  ["00800000 00000010", undefined, "a success that ends too soon"],
  ["00810000 00000010 1f90", undefined, "a mapping that ends too soon"],
  ["00020000 1f901f90 00001c20", undefined, "a request"],
  ["02800000 00000010 cb00710a", undefined, "another version"],
  ["00830000 00000010 0000000000000000", undefined, "an opcode that nobody knows"],
  ["", undefined, "nothing"],
];

for (const [hex, answer, about] of ANSWERS) {
  Deno.test(`decodeNatPmpAnswer() reads ${about}`, () =>
    assert.deepEqual(decodeNatPmpAnswer(bytes(hex)), answer));
}

Deno.test("decodeNatPmpAnswer() takes any bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (data) => {
    const framed = Uint8Array.from([0, 0x80 | ((data[0] ?? 0) % 4), ...data]);
    for (const input of [data, framed]) {
      const answer = decodeNatPmpAnswer(input);
      if (answer !== undefined) assert.equal(answer.kind === "refusal", answer.result !== 0);
    }
  }));
});
