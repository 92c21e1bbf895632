import assert from "node:assert/strict";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import { ATTRIBUTE, encodeAddress, encodeErrorCode } from "../../../src/stun/attributes.ts";
import { BINDING_METHOD, encodeMessage, type MessageClass } from "../../../src/stun/message.ts";
import { BindingTransactions } from "../../../src/stun/transactions.ts";
import { fakeRandom } from "../../fakes/fake_random.ts";

const SERVER: Endpoint = { address: "198.51.100.1", port: 3478 };
const ELSEWHERE: Endpoint = { address: "198.51.100.2", port: 3479 };
const MAPPED: Endpoint = { address: "203.0.113.10", port: 14500 };

function table(maxPending?: number): BindingTransactions<string> {
  const random = fakeRandom();
  return new BindingTransactions({
    randomBytes: (length) => random.bytes(length),
    ...(maxPending !== undefined && { maxPending }),
  });
}

function reply(
  request: Uint8Array,
  messageClass: MessageClass = "success",
  method = BINDING_METHOD,
): Uint8Array {
  const id = request.slice(4, 20);
  const attributes = messageClass === "error"
    ? [encodeErrorCode({ status: 500, reason: "no" })]
    : [encodeAddress(ATTRIBUTE.xorMappedAddress, MAPPED, id)];
  return encodeMessage({ class: messageClass, method, id, attributes });
}

Deno.test("BindingTransactions.accept() takes the server's answer once", () => {
  const transactions = table();
  const request = transactions.open({ server: SERVER, tag: "a" });
  const accepted = transactions.accept(reply(request.bytes), SERVER);
  assert.equal(accepted.kind, "answer");
  if (accepted.kind !== "answer") return;
  assert.deepEqual(accepted.answer.reflexive, MAPPED);
  assert.equal(accepted.transaction.tag, "a");
  assert.equal(transactions.size, 0);
  const again = transactions.accept(reply(request.bytes), SERVER);
  assert.deepEqual(again, { kind: "dropped", reason: "unknown-id" });
});

Deno.test("BindingTransactions.accept() hands over refusals", () => {
  const transactions = table();
  const request = transactions.open({ server: SERVER, tag: "a" });
  const accepted = transactions.accept(reply(request.bytes, "error"), SERVER);
  assert.equal(accepted.kind, "refusal");
  if (accepted.kind === "refusal") assert.deepEqual(accepted.error, { status: 500, reason: "no" });
  assert.equal(transactions.size, 0);
});

Deno.test("BindingTransactions.accept() drops what liars send and goes on waiting", async (t) => {
  const transactions = table();
  const { bytes } = transactions.open({ server: SERVER, tag: "a" });
  function changed(offset: number): Uint8Array {
    const copy = reply(bytes).slice();
    copy[offset] = (copy[offset] ?? 0) ^ 1;
    return copy;
  }
  const cases: readonly (readonly [string, Uint8Array, Endpoint, string])[] = [
    ["another address", reply(bytes), { ...SERVER, address: "198.51.100.9" }, "wrong-source"],
    ["another port", reply(bytes), { ...SERVER, port: 3479 }, "wrong-source"],
    ["a wrong id", changed(19), SERVER, "unknown-id"],
    ["a wrong cookie", changed(4), SERVER, "no-cookie"],
    ["a request", reply(bytes, "request"), SERVER, "not-an-answer"],
    ["an indication", reply(bytes, "indication"), SERVER, "not-an-answer"],
    ["another method", reply(bytes, "success", 3), SERVER, "not-an-answer"],
    ["our own request", bytes, SERVER, "not-an-answer"],
    [
      "no address",
      encodeMessage({ class: "success", method: 1, id: bytes.slice(4, 20), attributes: [] }),
      SERVER,
      "malformed",
    ],
    ["a cut answer", reply(bytes).slice(0, -4), SERVER, "malformed"],
    ["nothing", new Uint8Array(), SERVER, "malformed"],
  ];
  for (const [name, data, from, reason] of cases) {
    await t.step(name, () => {
      assert.deepEqual(transactions.accept(data, from), { kind: "dropped", reason });
      assert.equal(transactions.size, 1);
    });
  }
  assert.deepEqual(transactions.dropped, {
    "malformed": 3,
    "no-cookie": 1,
    "not-an-answer": 4,
    "unknown-id": 1,
    "wrong-source": 2,
  });
  assert.equal(transactions.accept(reply(bytes), SERVER).kind, "answer");
});

Deno.test("BindingTransactions.accept() lets only the named endpoints answer a CHANGE-REQUEST", () => {
  const transactions = table();
  const change = { changesAddress: true, changesPort: true };
  const named = transactions.open({ server: SERVER, change, answerers: [ELSEWHERE], tag: "named" });
  assert.equal(transactions.accept(reply(named.bytes), SERVER).kind, "dropped");
  assert.equal(transactions.accept(reply(named.bytes), ELSEWHERE).kind, "answer");
  const any = transactions.open({ server: SERVER, change, answerers: "any", tag: "any" });
  assert.equal(transactions.accept(reply(any.bytes), { address: "192.0.2.77", port: 1 }).kind, "answer");
});

Deno.test("BindingTransactions.open() never repeats an id and forgets the oldest beyond its limit", () => {
  const transactions = table(3);
  const opened = ["a", "b", "c", "d"].map((tag) => transactions.open({ server: SERVER, tag }));
  assert.equal(new Set(opened.map(({ key }) => key)).size, 4);
  assert.equal(transactions.size, 3);
  const outcomes = opened.map(({ bytes }) => transactions.accept(reply(bytes), SERVER).kind);
  assert.deepEqual(outcomes, ["dropped", "answer", "answer", "answer"]);
});

Deno.test("BindingTransactions.cancel() makes a late answer unknown", () => {
  const transactions = table();
  const request = transactions.open({ server: SERVER, tag: "a" });
  transactions.cancel(request);
  assert.deepEqual(transactions.accept(reply(request.bytes), SERVER), {
    kind: "dropped",
    reason: "unknown-id",
  });
});
