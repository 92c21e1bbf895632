import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import {
  ATTRIBUTE,
  decodeAddress,
  decodeErrorCode,
  decodeText,
  decodeUnknownAttributes,
  encodeAddress,
  encodeErrorCode,
  encodeSoftware,
  encodeUnknownAttributes,
  findAttribute,
} from "../../../src/stun/attributes.ts";
import { encodeBindingRequest, isUsableAlternate, readBindingAnswer } from "../../../src/stun/binding.ts";
import { StunDecodeError } from "../../../src/stun/errors.ts";
import { checkFingerprint, crc32, encodeWithFingerprint } from "../../../src/stun/fingerprint.ts";
import {
  decodeMessage,
  encodeMessage,
  MAX_MESSAGE_BYTES,
  messageType,
  type StunAttribute,
} from "../../../src/stun/message.ts";
import {
  CHANGE_BOTH_REQUEST,
  CHANGE_PORT_REQUEST,
  COMPAT_ANSWERS,
  COMPAT_ID,
  NATTER_REQUEST,
  OTHER_ADDRESS_ATTRIBUTE,
} from "../../vectors/stun_compat.ts";
import {
  LONG_TERM,
  SAMPLE_IPV4_RESPONSE,
  SAMPLE_IPV6_RESPONSE,
  SAMPLE_LONG_TERM_REQUEST,
  SAMPLE_REQUEST,
  SHORT_TERM_PASSWORD,
} from "../../vectors/stun_rfc5769.ts";

const ID = Uint8Array.fromHex(COMPAT_ID);

function answer(...attributes: readonly StunAttribute[]): Uint8Array {
  return encodeMessage({ class: "success", method: 1, id: ID, attributes });
}

/** MESSAGE-INTEGRITY as RFC 8489 section 14.5 computes it: the length field ends behind the attribute. */
function hasValidIntegrity(bytes: Uint8Array, key: Uint8Array): boolean {
  const found = findAttribute(decodeMessage(bytes), ATTRIBUTE.messageIntegrity);
  if (found === undefined) return false;
  const covered = bytes.slice(0, found.offset);
  new DataView(covered.buffer).setUint16(2, found.offset + 24 - 20);
  const digest = createHmac("sha1", key).update(covered).digest();
  return digest.equals(found.value);
}

Deno.test("decodeMessage() reads the vectors of RFC 5769", () => {
  const key = new TextEncoder().encode(SHORT_TERM_PASSWORD);
  for (const hex of [SAMPLE_REQUEST, SAMPLE_IPV4_RESPONSE, SAMPLE_IPV6_RESPONSE]) {
    const bytes = Uint8Array.fromHex(hex);
    assert.equal(checkFingerprint(bytes), "valid");
    assert.ok(hasValidIntegrity(bytes, key));
  }
  const request = decodeMessage(Uint8Array.fromHex(SAMPLE_REQUEST));
  assert.equal(request.class, "request");
  assert.equal(request.method, 1);
  const username = findAttribute(request, ATTRIBUTE.username);
  assert.equal(decodeText(username?.value ?? new Uint8Array()), "evtj:h6vY");
  const v4 = readBindingAnswer(decodeMessage(Uint8Array.fromHex(SAMPLE_IPV4_RESPONSE)));
  assert.deepEqual(v4, { reflexive: { address: "192.0.2.1", port: 32853 }, software: "test vector" });
  const v6 = readBindingAnswer(decodeMessage(Uint8Array.fromHex(SAMPLE_IPV6_RESPONSE)));
  assert.deepEqual(v6.reflexive, { address: "2001:db8:1234:5678:11:2233:4455:6677", port: 32853 });
});

Deno.test("decodeMessage() reads the long-term vector of RFC 5769", () => {
  const bytes = Uint8Array.fromHex(SAMPLE_LONG_TERM_REQUEST);
  const { username, realm, password } = LONG_TERM;
  const message = decodeMessage(bytes);
  assert.equal(decodeText(findAttribute(message, ATTRIBUTE.username)?.value ?? ID), username);
  assert.equal(decodeText(findAttribute(message, ATTRIBUTE.realm)?.value ?? ID), realm);
  const key = createHash("md5").update(`${username}:${realm}:${password}`).digest();
  assert.ok(hasValidIntegrity(bytes, key));
  assert.equal(checkFingerprint(bytes), "absent");
});

Deno.test("readBindingAnswer() reads every answer of compat.md", async (t) => {
  for (const { name, hex, address, port } of COMPAT_ANSWERS) {
    await t.step(name, () => {
      const message = decodeMessage(Uint8Array.fromHex(hex));
      assert.equal(message.id.toHex(), COMPAT_ID);
      assert.deepEqual(readBindingAnswer(message).reflexive, { address, port });
    });
  }
});

Deno.test("encodeBindingRequest() writes the requests of compat.md", () => {
  const natter = Uint8Array.fromHex(NATTER_REQUEST).slice(4);
  assert.equal(encodeBindingRequest(natter).toHex(), NATTER_REQUEST);
  const both = encodeBindingRequest(ID, { changesAddress: true, changesPort: true });
  assert.equal(both.toHex(), CHANGE_BOTH_REQUEST);
  const port = encodeBindingRequest(ID, { changesAddress: false, changesPort: true });
  assert.equal(port.toHex(), CHANGE_PORT_REQUEST);
});

Deno.test("encodeAddress() writes OTHER-ADDRESS and its answers read back", () => {
  const other = { address: "198.51.100.2", port: 3479 };
  const bytes = answer(
    encodeAddress(ATTRIBUTE.xorMappedAddress, { address: "203.0.113.10", port: 14500 }, ID),
    encodeAddress(ATTRIBUTE.otherAddress, other),
    encodeAddress(ATTRIBUTE.responseOrigin, { address: "198.51.100.1", port: 3478 }),
    encodeSoftware("x"),
  );
  assert.ok(bytes.toHex().includes(OTHER_ADDRESS_ATTRIBUTE));
  assert.deepEqual(readBindingAnswer(decodeMessage(bytes)), {
    reflexive: { address: "203.0.113.10", port: 14500 },
    otherAddress: other,
    responseOrigin: { address: "198.51.100.1", port: 3478 },
    software: "x",
  });
});

Deno.test("readBindingAnswer() reads a classic server's answer", () => {
  const bytes = answer(
    encodeAddress(ATTRIBUTE.mappedAddress, { address: "203.0.113.10", port: 1 }),
    encodeAddress(ATTRIBUTE.sourceAddress, { address: "198.51.100.1", port: 3478 }),
    encodeAddress(ATTRIBUTE.changedAddress, { address: "198.51.100.2", port: 3479 }),
  );
  assert.deepEqual(readBindingAnswer(decodeMessage(bytes)), {
    reflexive: { address: "203.0.113.10", port: 1 },
    otherAddress: { address: "198.51.100.2", port: 3479 },
    responseOrigin: { address: "198.51.100.1", port: 3478 },
  });
});

Deno.test("readBindingAnswer() prefers XOR-MAPPED-ADDRESS, then 0x8020, whatever the order", () => {
  const rewritten = encodeAddress(ATTRIBUTE.mappedAddress, { address: "192.168.1.2", port: 9 });
  const old = encodeAddress(ATTRIBUTE.oldXorMappedAddress, { address: "198.51.100.7", port: 8 }, ID);
  const now = encodeAddress(ATTRIBUTE.xorMappedAddress, { address: "203.0.113.10", port: 7 }, ID);
  const read = (...list: StunAttribute[]): number =>
    readBindingAnswer(decodeMessage(answer(...list))).reflexive.port;
  assert.equal(read(rewritten, old, now), 7);
  assert.equal(read(rewritten, old), 8);
  assert.equal(read(rewritten), 9);
});

Deno.test("readBindingAnswer() refuses answers that name no possible endpoint", async (t) => {
  const cases: Record<string, StunAttribute[]> = {
    "no address": [],
    "port 0": [encodeAddress(ATTRIBUTE.mappedAddress, { address: "203.0.113.10", port: 0 })],
    "unspecified": [encodeAddress(ATTRIBUTE.mappedAddress, { address: "0.0.0.0", port: 5 })],
    "multicast": [encodeAddress(ATTRIBUTE.mappedAddress, { address: "224.0.0.1", port: 5 })],
    "family 3": [{ type: ATTRIBUTE.mappedAddress, value: Uint8Array.of(0, 3, 0, 5, 1, 2, 3, 4) }],
    "IPv6 of 8 bytes": [{ type: ATTRIBUTE.mappedAddress, value: Uint8Array.of(0, 2, 0, 5, 1, 2, 3, 4) }],
    "empty": [{ type: ATTRIBUTE.xorMappedAddress, value: new Uint8Array() }],
    "unknown required attribute": [
      encodeAddress(ATTRIBUTE.mappedAddress, { address: "203.0.113.10", port: 5 }),
      { type: 0x7abc, value: new Uint8Array() },
    ],
  };
  for (const [name, attributes] of Object.entries(cases)) {
    await t.step(name, () => {
      assert.throws(() => readBindingAnswer(decodeMessage(answer(...attributes))), StunDecodeError);
    });
  }
});

Deno.test("readBindingAnswer() ignores a broken OTHER-ADDRESS", () => {
  const mapped = encodeAddress(ATTRIBUTE.mappedAddress, { address: "203.0.113.10", port: 5 });
  const bytes = answer({ type: ATTRIBUTE.otherAddress, value: Uint8Array.of(1) }, mapped);
  assert.deepEqual(readBindingAnswer(decodeMessage(bytes)), {
    reflexive: { address: "203.0.113.10", port: 5 },
  });
});

Deno.test("decodeMessage() says where bytes are no message", async (t) => {
  const good = COMPAT_ANSWERS[0]?.hex ?? "";
  const cases: Record<string, readonly [string, number]> = {
    "empty": ["", 0],
    "cut header": [good.slice(0, 38), 19],
    "first bits set": [`41${good.slice(2)}`, 0],
    "odd length": [`0101000d${good.slice(8)}`, 2],
    "cut body": [good.slice(0, -8), 2],
    "bytes behind": [`${good}00000000`, 2],
    "attribute past the end": [good.replace("00200008", "00200009"), 20],
    "too long": [`0101fffc${good.slice(8)}`, 2],
    "too many attributes": [`01010104${good.slice(8, 40)}${"80ff0000".repeat(65)}`, 276],
  };
  for (const [name, [hex, offset]] of Object.entries(cases)) {
    await t.step(name, () => {
      assert.throws(() => decodeMessage(Uint8Array.fromHex(hex)), { code: "stun_decode", offset });
    });
  }
});

Deno.test("decodeMessage() takes 64 attributes", () => {
  const hex = `01010100${COMPAT_ID}${"80ff0000".repeat(64)}`;
  assert.equal(decodeMessage(Uint8Array.fromHex(hex)).attributes.length, 64);
});

Deno.test("messageType() writes the types of RFC 8489", () => {
  assert.equal(messageType("request", 1), 0x0001);
  assert.equal(messageType("indication", 1), 0x0011);
  assert.equal(messageType("success", 1), 0x0101);
  assert.equal(messageType("error", 1), 0x0111);
  assert.equal(messageType("error", 0xfff), 0x3fff);
});

Deno.test("encodeMessage() refuses what does not fit", () => {
  const value = new Uint8Array(MAX_MESSAGE_BYTES);
  assert.throws(() => answer({ type: 0x8022, value }), RangeError);
  const message = { class: "request", method: 1, id: new Uint8Array(12), attributes: [] } as const;
  assert.throws(() => encodeMessage(message), RangeError);
});

Deno.test("crc32() matches the check value of the polynomial", () => {
  assert.equal(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
});

Deno.test("checkFingerprint() notices a flipped bit and a fingerprint that is not last", () => {
  const bytes = encodeWithFingerprint({ class: "request", method: 1, id: ID, attributes: [] });
  assert.equal(checkFingerprint(bytes), "valid");
  const flipped = bytes.slice();
  flipped[10] = (flipped[10] ?? 0) ^ 1;
  assert.equal(checkFingerprint(flipped), "invalid");
  const fingerprint = decodeMessage(bytes).attributes;
  assert.equal(checkFingerprint(answer(...fingerprint, encodeSoftware("x"))), "invalid");
  assert.equal(checkFingerprint(answer()), "absent");
});

Deno.test("decodeErrorCode() reads what encodeErrorCode() writes and refuses nonsense", () => {
  const read = (attribute: StunAttribute): unknown => decodeErrorCode({ ...attribute, offset: 20 });
  assert.deepEqual(read(encodeErrorCode({ status: 420, reason: "Unknown Attribute" })), {
    status: 420,
    reason: "Unknown Attribute",
  });
  for (const value of ["", "0000", "00000200", "00000700", "00000464"]) {
    assert.throws(() => read({ type: 9, value: Uint8Array.fromHex(value) }), StunDecodeError);
  }
});

Deno.test("decodeUnknownAttributes() reads what encodeUnknownAttributes() writes", () => {
  const attribute = { ...encodeUnknownAttributes([3, 0x7abc]), offset: 20 };
  assert.deepEqual(decodeUnknownAttributes(attribute), [3, 0x7abc]);
});

Deno.test("decodeText() keeps terminals safe", () => {
  const hostile = new TextEncoder().encode(`a\u001b[31mb\u202e\n${"x".repeat(200)}`);
  const text = decodeText(hostile);
  assert.ok(text.startsWith("a[31mbx"));
  assert.equal(text.length, 127);
  assert.equal(decodeText(Uint8Array.of(0xff, 0x41)), "\ufffdA");
});

Deno.test("decodeAddress() turns IPv4-mapped addresses into IPv4", () => {
  const value = Uint8Array.fromHex("0002000100000000000000000000ffffcb00710a");
  assert.deepEqual(decodeAddress({ type: 1, value, offset: 20 }), { address: "203.0.113.10", port: 1 });
});

Deno.test("isUsableAlternate() refuses what would make us send elsewhere than to the server's operator", () => {
  const server = { address: "8.8.8.8", port: 3478 };
  assert.ok(isUsableAlternate(server, { address: "8.8.4.4", port: 3479 }));
  assert.ok(!isUsableAlternate(server, { address: "8.8.8.8", port: 3479 }));
  assert.ok(!isUsableAlternate(server, { address: "192.168.1.1", port: 3479 }));
  assert.ok(!isUsableAlternate(server, { address: "127.0.0.1", port: 3479 }));
  assert.ok(!isUsableAlternate(server, { address: "2620:fe::fe", port: 3479 }));
  assert.ok(!isUsableAlternate(server, { address: "8.8.4.4", port: 0 }));
});
