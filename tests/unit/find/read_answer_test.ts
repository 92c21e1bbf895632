import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeMessage, type DnsMessage } from "../../../src/dns/message.ts";
import { isAnswerTo, queryMessage, questionFor, randomId } from "../../../src/find/dns/query.ts";
import { readAnswer } from "../../../src/find/dns/read_answer.ts";
import { encodeMessage } from "../../../src/dns/message.ts";
import { address, alias, type FakeReply, messageOf, record, txt } from "../../fakes/dns_server.ts";
import { fakeRandom } from "../../fakes/fake_random.ts";

const QUERY = queryMessage(4711, questionFor("x.test", "TXT"), { recursionDesired: true });

function answerOf(reply: FakeReply): DnsMessage {
  return decodeMessage(messageOf(encodeMessage(QUERY), reply));
}

Deno.test("readAnswer() gives the records of the name and the shortest TTL", () => {
  const answers = [record("x.test", txt("one"), 300), record("x.test", txt("t", "wo"), 60)];
  assert.deepEqual(readAnswer(answerOf({ answers }), "x.test", "TXT"), {
    kind: "records",
    records: [{ type: "TXT", strings: ["one"] }, { type: "TXT", strings: ["t", "wo"] }],
    ttlSeconds: 60,
  });
});

Deno.test("readAnswer() ignores records of other names and other types", () => {
  const answers = [record("evil.test", txt("lie")), record("x.test", address("192.0.2.1"))];
  const reading = readAnswer(answerOf({ answers }), "x.test", "TXT");
  assert.deepEqual(reading, { kind: "records", records: [], ttlSeconds: 0 });
});

Deno.test("readAnswer() follows aliases in any order, and says where the message ends", () => {
  const chain = [record("z.test", txt("end"), 90), record("y.test", alias("z.test"), 30)];
  const whole = answerOf({ answers: [...chain, record("x.test", alias("y.test"), 60)] });
  assert.deepEqual(readAnswer(whole, "x.test", "TXT"), {
    kind: "records",
    records: [{ type: "TXT", strings: ["end"] }],
    ttlSeconds: 30,
  });
  const half = answerOf({ answers: [record("x.test", alias("Y.Test"), 60)] });
  assert.deepEqual(readAnswer(half, "x.test", "TXT"), { kind: "alias", target: "y.test", ttlSeconds: 60 });
});

Deno.test("readAnswer() refuses aliases in a circle", () => {
  const answers = [record("x.test", alias("y.test")), record("y.test", alias("x.test"))];
  const reading = readAnswer(answerOf({ answers }), "x.test", "TXT");
  assert.deepEqual(reading, { kind: "failed", rcode: "with aliases that lead in a circle" });
});

Deno.test("readAnswer() tells no such name, nothing there and a failing server apart", () => {
  const cases: readonly (readonly [number, string])[] = [[0, "records"], [2, "failed"], [3, "no-name"], [
    5,
    "failed",
  ]];
  for (const [rcode, kind] of cases) {
    assert.equal(readAnswer(answerOf({ rcode }), "x.test", "TXT").kind, kind, `${rcode}`);
  }
});

Deno.test("readAnswer() takes a TTL with the highest bit for 0", () => {
  const reading = readAnswer(answerOf({ answers: [record("x.test", txt("t"), 2 ** 31)] }), "x.test", "TXT");
  assert.deepEqual(reading.kind === "records" && reading.ttlSeconds, 0);
});

Deno.test("readAnswer() is total for records of any bytes", () => {
  const any = fc.record({
    name: fc.constantFrom("x.test", "y.test"),
    type: fc.constantFrom(1, 5, 16, 28, 33, 64, 65),
    ttlSeconds: fc.nat(2 ** 32 - 1),
    rdata: fc.uint8Array({ maxLength: 40 }),
  });
  fc.assert(fc.property(fc.array(any, { maxLength: 6 }), fc.nat(15), (records, rcode) => {
    const answers = records.map((one) => ({ ...one, class: 1 }));
    const message = { ...answerOf({}), rcode, answers };
    for (const type of ["A", "AAAA", "TXT", "SRV", "HTTPS", "SVCB"] as const) {
      readAnswer(message, "x.test", type);
    }
  }));
});

Deno.test("isAnswerTo() wants the same ID, question and direction", () => {
  assert.ok(isAnswerTo(QUERY, answerOf({})));
  assert.ok(isAnswerTo(QUERY, answerOf({ question: { name: "X.TEST", type: 16 } })), "case does not matter");
  const others: readonly FakeReply[] = [
    { idOffset: 1 },
    { question: { name: "y.test", type: 16 } },
    { question: { name: "x.test", type: 1 } },
  ];
  for (const reply of others) assert.ok(!isAnswerTo(QUERY, answerOf(reply)), JSON.stringify(reply));
  assert.ok(!isAnswerTo(QUERY, { ...answerOf({}), isResponse: false }));
  assert.ok(!isAnswerTo(QUERY, { ...answerOf({}), questions: [] }));
});

Deno.test("randomId() uses all 16 bits", () => {
  const random = fakeRandom(3);
  const ids = Array.from({ length: 2000 }, () => randomId(random));
  assert.ok(Math.max(...ids) > 0xff00 && Math.min(...ids) < 0x00ff && new Set(ids).size > 1900);
});
