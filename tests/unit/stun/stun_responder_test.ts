import assert from "node:assert/strict";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import {
  ATTRIBUTE,
  type ChangeRequest,
  decodeUnknownAttributes,
  encodeChangeRequest,
  findAttribute,
} from "../../../src/stun/attributes.ts";
import { encodeBindingRequest, readBindingAnswer, readErrorCode } from "../../../src/stun/binding.ts";
import { checkFingerprint, encodeWithFingerprint } from "../../../src/stun/fingerprint.ts";
import { decodeMessage, encodeMessage, type ReceivedMessage } from "../../../src/stun/message.ts";
import { answerRequest, type RequestContext } from "../../../src/stun/stun_responder.ts";
import { COMPAT_ID } from "../../vectors/stun_compat.ts";

const ID = Uint8Array.fromHex(COMPAT_ID);
const CLASSIC_ID = Uint8Array.fromHex("000102030405060708090a0b0c0d0e0f");
const FROM: Endpoint = { address: "203.0.113.10", port: 14500 };
const AT: Endpoint = { address: "198.51.100.1", port: 3478 };
const OTHER: Endpoint = { address: "198.51.100.2", port: 3479 };
const PLAIN: RequestContext = { from: FROM, at: AT, changed: () => undefined };
const DOUBLE: RequestContext = {
  from: FROM,
  at: AT,
  other: OTHER,
  changed: ({ changesAddress, changesPort }) => ({
    address: changesAddress ? OTHER.address : AT.address,
    port: changesPort ? OTHER.port : AT.port,
  }),
};

function ask(data: Uint8Array, context: RequestContext): { message: ReceivedMessage; change: ChangeRequest } {
  const reply = answerRequest(data, context);
  assert.ok(reply);
  return { message: decodeMessage(reply.bytes), change: reply.change };
}

Deno.test("answerRequest() answers Binding with the source, and with RFC 5780 where there are two addresses", () => {
  const plain = ask(encodeBindingRequest(ID), PLAIN);
  assert.equal(plain.message.class, "success");
  assert.deepEqual(plain.message.id, ID);
  assert.deepEqual(readBindingAnswer(plain.message), {
    reflexive: FROM,
    responseOrigin: AT,
    software: "porthole",
  });
  const double = ask(encodeBindingRequest(ID), DOUBLE);
  assert.deepEqual(readBindingAnswer(double.message).otherAddress, OTHER);
});

Deno.test("answerRequest() honours CHANGE-REQUEST", () => {
  const change = { changesAddress: true, changesPort: false };
  const reply = ask(encodeBindingRequest(ID, change), DOUBLE);
  assert.deepEqual(reply.change, change);
  assert.deepEqual(readBindingAnswer(reply.message).responseOrigin, { ...AT, address: OTHER.address });
});

Deno.test("answerRequest() refuses CHANGE-REQUEST with one address only", () => {
  const { message, change } = ask(
    encodeBindingRequest(ID, { changesAddress: true, changesPort: true }),
    PLAIN,
  );
  assert.equal(message.class, "error");
  assert.deepEqual(readErrorCode(message), { status: 420, reason: "Unknown Attribute" });
  const unknown = findAttribute(message, ATTRIBUTE.unknownAttributes);
  assert.deepEqual(unknown && decodeUnknownAttributes(unknown), [ATTRIBUTE.changeRequest]);
  assert.deepEqual(change, { changesAddress: false, changesPort: false });
  const nothing = encodeBindingRequest(ID, { changesAddress: false, changesPort: false });
  assert.equal(ask(nothing, PLAIN).message.class, "success");
});

Deno.test("answerRequest() refuses what it has to understand and does not, RESPONSE-ADDRESS too", () => {
  const attributes = [
    { type: 0x7abc, value: new Uint8Array(3) },
    { type: ATTRIBUTE.responseAddress, value: new Uint8Array(8) },
    { type: 0x8abc, value: new Uint8Array(3) },
    { type: ATTRIBUTE.username, value: new Uint8Array(3) },
  ];
  for (const id of [ID, CLASSIC_ID]) {
    const { message } = ask(encodeMessage({ class: "request", method: 1, id, attributes }), DOUBLE);
    const unknown = findAttribute(message, ATTRIBUTE.unknownAttributes);
    assert.equal(readErrorCode(message).status, 420);
    assert.deepEqual(unknown && decodeUnknownAttributes(unknown), [0x7abc, ATTRIBUTE.responseAddress]);
  }
});

Deno.test("answerRequest() answers a classic request the classic way", () => {
  const { message } = ask(encodeBindingRequest(CLASSIC_ID), DOUBLE);
  assert.deepEqual(message.id, CLASSIC_ID);
  assert.deepEqual(message.attributes.map(({ type }) => type), [
    ATTRIBUTE.mappedAddress,
    ATTRIBUTE.sourceAddress,
    ATTRIBUTE.changedAddress,
  ]);
  assert.deepEqual(readBindingAnswer(message), { reflexive: FROM, responseOrigin: AT, otherAddress: OTHER });
});

Deno.test("answerRequest() puts a FINGERPRINT only where the request had one, and drops a wrong one", () => {
  const request = encodeWithFingerprint({
    class: "request",
    method: 1,
    id: ID,
    attributes: [encodeChangeRequest({ changesAddress: false, changesPort: true })],
  });
  const reply = answerRequest(request, DOUBLE);
  assert.equal(reply && checkFingerprint(reply.bytes), "valid");
  const plain = answerRequest(encodeBindingRequest(ID), DOUBLE);
  assert.equal(plain && checkFingerprint(plain.bytes), "absent");
  request[request.length - 1] = (request.at(-1) ?? 0) ^ 1;
  assert.equal(answerRequest(request, DOUBLE), undefined);
});

Deno.test("answerRequest() says nothing to answers, indications, other methods and garbage", () => {
  const message = { method: 1, id: ID, attributes: [] };
  for (const messageClass of ["success", "error", "indication"] as const) {
    assert.equal(answerRequest(encodeMessage({ ...message, class: messageClass }), DOUBLE), undefined);
  }
  assert.equal(answerRequest(encodeMessage({ ...message, method: 3, class: "request" }), DOUBLE), undefined);
  assert.equal(answerRequest(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"), DOUBLE), undefined);
  assert.equal(answerRequest(new Uint8Array(), DOUBLE), undefined);
  const broken = [{ type: ATTRIBUTE.changeRequest, value: new Uint8Array(1) }];
  const bytes = encodeMessage({ class: "request", method: 1, id: ID, attributes: broken });
  assert.equal(answerRequest(bytes, DOUBLE), undefined);
  const reply = answerRequest(encodeBindingRequest(ID), DOUBLE);
  assert.ok(reply);
  assert.equal(answerRequest(reply.bytes, DOUBLE), undefined, "two servers cannot keep each other busy");
});

Deno.test("answerRequest() does not name 0.0.0.0 as its origin", () => {
  const { message } = ask(encodeBindingRequest(ID), { ...PLAIN, at: { address: "0.0.0.0", port: 3478 } });
  assert.equal(readBindingAnswer(message).responseOrigin, undefined);
});

Deno.test("answerRequest() honours RESPONSE-PORT where it can, and refuses it elsewhere", () => {
  const request = encodeBindingRequest(ID, { responsePort: 14_777 });
  const reply = answerRequest(request, { ...PLAIN, canRedirect: true });
  assert.equal(reply?.toPort, 14_777);
  assert.deepEqual(readBindingAnswer(decodeMessage(reply?.bytes ?? new Uint8Array())).reflexive, FROM);
  const { message } = ask(request, PLAIN);
  assert.equal(readErrorCode(message).status, 420);
  assert.equal(answerRequest(encodeBindingRequest(ID), { ...PLAIN, canRedirect: true })?.toPort, undefined);
  const nowhere = encodeBindingRequest(ID, { responsePort: 0 });
  assert.equal(answerRequest(nowhere, { ...PLAIN, canRedirect: true }), undefined);
});
