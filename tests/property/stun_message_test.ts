import assert from "node:assert/strict";
import fc from "fast-check";
import { formatAddress } from "../../src/core/endpoint.ts";
import { ATTRIBUTE, decodeAddress, encodeAddress } from "../../src/stun/attributes.ts";
import { readBindingAnswer, readErrorCode } from "../../src/stun/binding.ts";
import { StunDecodeError } from "../../src/stun/errors.ts";
import { checkFingerprint, encodeWithFingerprint } from "../../src/stun/fingerprint.ts";
import { StunFramer } from "../../src/stun/framer.ts";
import { decodeMessage, encodeMessage, type StunMessage } from "../../src/stun/message.ts";
import { BindingTransactions } from "../../src/stun/transactions.ts";
import { fakeRandom } from "../fakes/fake_random.ts";
import { COMPAT_ANSWERS } from "../vectors/stun_compat.ts";
import { SAMPLE_IPV6_RESPONSE, SAMPLE_REQUEST } from "../vectors/stun_rfc5769.ts";

const endpoints = fc.record({
  address: fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  ).map(formatAddress),
  port: fc.integer({ min: 0, max: 65535 }),
}, { noNullPrototype: true });
const messages: fc.Arbitrary<StunMessage> = fc.record({
  class: fc.constantFrom("request", "indication", "success", "error"),
  method: fc.integer({ min: 0, max: 0xfff }),
  id: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  attributes: fc.array(
    fc.record({
      type: fc.integer({ min: 0, max: 0xffff }).filter((type) => type !== ATTRIBUTE.fingerprint),
      value: fc.uint8Array({ maxLength: 40 }),
    }, { noNullPrototype: true }),
    { maxLength: 20 },
  ),
}, { noNullPrototype: true });
/** Real messages with bytes overwritten, cut out or put in. */
const mutated = fc.tuple(
  fc.constantFrom(...COMPAT_ANSWERS.map(({ hex }) => hex), SAMPLE_REQUEST, SAMPLE_IPV6_RESPONSE),
  fc.array(fc.tuple(fc.nat(120), fc.nat(255), fc.constantFrom("set", "cut", "put")), { maxLength: 6 }),
).map(([hex, edits]) => {
  const bytes = [...Uint8Array.fromHex(hex)];
  for (const [at, byte, kind] of edits) {
    if (kind === "set" && at < bytes.length) bytes[at] = byte;
    if (kind === "cut") bytes.splice(at, 1);
    if (kind === "put") bytes.splice(at, 0, byte);
  }
  return Uint8Array.from(bytes);
});

function readsOrRefuses(bytes: Uint8Array): void {
  try {
    const message = decodeMessage(bytes);
    readErrorCode(message);
    checkFingerprint(bytes);
    readBindingAnswer(message);
  } catch (error) {
    assert.ok(error instanceof StunDecodeError, String(error));
    assert.ok(error.offset >= 0 && error.offset <= bytes.length + 20);
  }
}

Deno.test("decodeMessage() gives a message or one named error for any bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 2100 }), readsOrRefuses), { numRuns: 500 });
  fc.assert(fc.property(mutated, readsOrRefuses), { numRuns: 3000 });
});

Deno.test("decodeMessage() reads back what encodeMessage() writes", () => {
  fc.assert(fc.property(messages, (message) => {
    const { class: messageClass, method, id, attributes } = decodeMessage(encodeMessage(message));
    const read = {
      class: messageClass,
      method,
      id,
      attributes: attributes.map(({ type, value }) => ({ type, value })),
    };
    assert.deepEqual(read, message);
    assert.equal(checkFingerprint(encodeWithFingerprint(message)), "valid");
  }));
});

Deno.test("decodeAddress() reads back what encodeAddress() writes, with and without XOR", () => {
  fc.assert(fc.property(endpoints, fc.uint8Array({ minLength: 16, maxLength: 16 }), (endpoint, id) => {
    assert.deepEqual(decodeAddress({ ...encodeAddress(1, endpoint), offset: 0 }), endpoint);
    assert.deepEqual(decodeAddress({ ...encodeAddress(0x20, endpoint, id), offset: 0 }, id), endpoint);
  }));
});

Deno.test("StunFramer.push() finds the same messages however the stream is cut", () => {
  const stream = Uint8Array.fromHex(COMPAT_ANSWERS.map(({ hex }) => hex).join(""));
  fc.assert(fc.property(fc.array(fc.nat(stream.length), { maxLength: 20 }), (cuts) => {
    const framer = new StunFramer();
    const edges = [0, ...cuts.toSorted((a, b) => a - b), stream.length];
    const found = edges.slice(1).flatMap((edge, i) => framer.push(stream.slice(edges[i], edge)));
    assert.deepEqual(found.map((bytes) => bytes.toHex()), COMPAT_ANSWERS.map(({ hex }) => hex));
  }));
});

Deno.test("StunFramer.push() takes any bytes or refuses by name, and holds less than one message", () => {
  fc.assert(fc.property(fc.array(fc.oneof(fc.uint8Array({ maxLength: 100 }), mutated)), (pieces) => {
    const framer = new StunFramer();
    try {
      for (const piece of pieces) framer.push(piece);
    } catch (error) {
      assert.ok(error instanceof StunDecodeError);
    }
  }));
});

Deno.test("BindingTransactions.accept() never takes bytes that strangers made up", () => {
  const server = { address: "198.51.100.1", port: 3478 };
  const random = fakeRandom(7);
  fc.assert(fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 200 })), (bytes) => {
    const transactions = new BindingTransactions({ randomBytes: (length) => random.bytes(length) });
    transactions.open({ server, tag: undefined });
    assert.equal(transactions.accept(bytes, server).kind, "dropped");
    assert.equal(transactions.size, 1);
  }));
});
