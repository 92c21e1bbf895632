import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeHead,
  decodeMessage,
  DnsDecodeError,
  type DnsMessage,
  encodeMessage,
} from "../../../src/dns/message.ts";
import { encodeName, parseName, readName } from "../../../src/dns/name.ts";
import { decodeRdata } from "../../../src/dns/rdata.ts";
import { formatRecordData } from "../../../src/dns/record_text.ts";
import * as bind from "../../vectors/dns_bind.ts";

/** As object literals are. */
const PLAIN = { noNullPrototype: true };
const anyLabel = fc.uint8Array({ minLength: 1, maxLength: 20 });
const wireName = fc.array(anyLabel, { maxLength: 4 }).map((labels) =>
  Uint8Array.from([...labels.flatMap((label) => [label.length, ...label]), 0])
);
const name = wireName.map((bytes) => readName(bytes, 0)?.name ?? "");
const short = fc.integer({ min: 0, max: 65_535 });
const question = fc.record({ name, type: fc.constantFrom(1, 16, 65, 255), class: short }, PLAIN);
const record = fc.record({
  name,
  type: fc.constantFrom(1, 16, 41, 65, 250),
  class: short,
  ttlSeconds: fc.integer({ min: 0, max: 0xffff_ffff }),
  rdata: fc.uint8Array({ maxLength: 30 }).map((bytes) => new Uint8Array(bytes)),
}, PLAIN);
const message: fc.Arbitrary<DnsMessage> = fc.record({
  id: short,
  isResponse: fc.boolean(),
  opcode: fc.integer({ min: 0, max: 15 }),
  isAuthoritative: fc.boolean(),
  isTruncated: fc.boolean(),
  recursionDesired: fc.boolean(),
  recursionAvailable: fc.boolean(),
  rcode: fc.integer({ min: 0, max: 15 }),
  questions: fc.array(question, { maxLength: 2 }),
  answers: fc.array(record, { maxLength: 3 }),
  authorities: fc.array(record, { maxLength: 3 }),
  additionals: fc.array(record, { maxLength: 3 }),
}, PLAIN);

function decoded(hex: string): DnsMessage {
  return decodeMessage(Uint8Array.fromHex(hex));
}

Deno.test("decodeMessage() gives the same message when it reads what encodeMessage() wrote", () => {
  fc.assert(fc.property(message, (one) => assert.deepEqual(decodeMessage(encodeMessage(one)), one)));
});

Deno.test("decodeMessage() gives a message or DnsDecodeError when it reads any bytes", () => {
  const seeds = Object.values(bind).map(({ answer }) => Uint8Array.fromHex(answer));
  const changed = fc.record({
    seed: fc.constantFrom(...seeds),
    cut: fc.nat({ max: 200 }),
    at: fc.nat({ max: 200 }),
    byte: fc.nat({ max: 255 }),
  }).map(({ seed, cut, at, byte }) => {
    const bytes = seed.slice(0, seed.length - cut % 3);
    if (at < bytes.length) bytes[at] = byte;
    return bytes;
  });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), changed), (bytes) => {
      try {
        const first = decodeMessage(bytes);
        assert.deepEqual(decodeMessage(encodeMessage(first)), first);
      } catch (error) {
        if (!(error instanceof DnsDecodeError)) throw error;
        assert.equal(error.code, "dns_decode");
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("decodeMessage() reads what BIND compresses when names point back", () => {
  const text = (hex: string, type: "SRV" | "HTTPS" | "TXT" | "AAAA"): readonly (string | undefined)[] =>
    decoded(hex).answers.map(({ rdata }) => {
      const data = decodeRdata(type, rdata);
      return data && formatRecordData(data);
    });
  assert.deepEqual(text(bind.SRV.answer, "SRV"), ["10 0 14500 mc.example.com."]);
  assert.deepEqual(text(bind.HTTPS.answer, "HTTPS"), ["1 . alpn=h2,h3 port=14500 ipv4hint=203.0.113.10"]);
  assert.deepEqual(text(bind.TXT.answer, "TXT"), ['"a \\"quoted\\" \\\\ \\228\\184\\173" "second"']);
  const srv = decoded(bind.SRV.answer);
  assert.deepEqual(srv.questions, [{ name: "_minecraft._tcp.mc.example.com", type: 33, class: 1 }]);
  assert.deepEqual(srv.additionals.map(({ name: owner, type }) => [owner, type]), [
    ["mc.example.com", 1],
    ["mc.example.com", 28],
    ["", 41],
  ]);
  const alias = decoded(bind.ALIAS.answer).answers;
  assert.deepEqual(alias.map(({ name: owner, type }) => [owner, type]), [
    ["alias.example.com", 5],
    ["mc.example.com", 28],
  ]);
  assert.deepEqual(alias[0]?.rdata, encodeName("mc.example.com"));
});

Deno.test("decodeMessage() writes names in data out when a type may have compressed ones", () => {
  const mx = decoded(bind.MX.answer).answers[0]?.rdata ?? new Uint8Array();
  assert.deepEqual(mx, Uint8Array.of(0, 10, ...encodeName("mail.example.com")));
  const soa = decoded(bind.SOA.answer).answers[0]?.rdata ?? new Uint8Array();
  const names = [...encodeName("ns.example.com"), ...encodeName("admin.example.com")];
  assert.deepEqual([...soa.subarray(0, names.length)], names);
  assert.equal(soa.length, names.length + 20);
});

Deno.test("decodeMessage() reads the header when BIND says NXDOMAIN", () => {
  const { rcode, isAuthoritative, isResponse, isTruncated, recursionDesired, recursionAvailable, opcode } =
    decoded(bind.NXDOMAIN.answer);
  assert.deepEqual(
    { rcode, isAuthoritative, isResponse, isTruncated, recursionDesired, recursionAvailable, opcode },
    {
      ...{ rcode: 3, isAuthoritative: true, isResponse: true, isTruncated: false },
      ...{ recursionDesired: true, recursionAvailable: false, opcode: 0 },
    },
  );
});

Deno.test("encodeMessage() writes dig's query when it has the same fields", () => {
  const query = decoded(bind.ALIAS.query);
  // Bit 5 of the second byte is AD (RFC 6840), which only resolvers look at.
  assert.equal(encodeMessage(query).toHex(), bind.ALIAS.query.replace(/^(....)0120/, "$10100"));
});

Deno.test("decodeMessage() refuses with the reason when bytes are no message", () => {
  const header = (counts: string): string => `12348400${counts}`;
  const rows: readonly (readonly [string, RegExp])[] = [
    ["", /0 bytes are too few/],
    [header("0001000000000000"), /the name at byte 12 is malformed/],
    // A pointer to itself, one forward, and two that lead to each other.
    [header("0001000000000000") + "c00c00010001", /the name at byte 12 is malformed/],
    [header("0001000000000000") + "c00e0000010001", /the name at byte 12 is malformed/],
    [
      header("0002000000000000") + "0161c01300010001" + "0162c00c00010001",
      /the name at byte 12 is malformed/,
    ],
    // Label types 01 and 10.
    [header("0001000000000000") + "41610000010001", /malformed/],
    [header("0001000000000000") + "81610000010001", /malformed/],
    [header("ffffffffffffffff") + "0000010001", /malformed|too early/],
    [header("0000000100000000") + "00000100010000003c00ff01", /it ends too early/],
    [header("0000000100000000") + "00000500010000003c000461616161", /the data at byte 23 is malformed/],
  ];
  for (const [hex, reason] of rows) {
    assert.throws(
      () => decoded(hex),
      (error) => error instanceof DnsDecodeError && reason.test(error.message),
      hex,
    );
  }
});

Deno.test("decodeMessage() passes over bytes behind the end", () => {
  const message = "12348400" + "0001000000000000" + "0000010001";
  assert.deepEqual(decoded(`${message}00ff`), decoded(message));
});

Deno.test("decodeHead() reads what is cut off behind the questions", () => {
  const whole = Uint8Array.fromHex("12348600" + "0001000500040003" + "0161000010000101610000");
  const head = decodeHead(whole);
  assert.deepEqual([head.id, head.isTruncated, head.questions], [0x1234, true, [{
    name: "a",
    type: 16,
    class: 1,
  }]]);
  assert.deepEqual([...head.answers, ...head.authorities, ...head.additionals], []);
  assert.throws(() => decodeHead(whole.subarray(0, 15)), DnsDecodeError);
});

Deno.test("readName() ends when a message is made to keep it busy", () => {
  // 16,000 pointers, each to the one before.
  const bytes = new Uint8Array(32_000);
  for (let i = 2; i < bytes.length; i += 2) {
    bytes[i] = 0xc0 | (i - 2) >> 8 & 0x3f;
    bytes[i + 1] = (i - 2) & 0xff;
  }
  assert.equal(readName(bytes, 16_382)?.name, "");
  const long = Uint8Array.from(
    Array.from({ length: 5 }, () => [63, ...new Array<number>(63).fill(97)]).flat(),
  );
  assert.equal(readName(Uint8Array.of(...long, 0), 0), undefined);
});

Deno.test("encodeName() and readName() keep every byte when labels hold anything", () => {
  fc.assert(fc.property(wireName, (bytes) => {
    const read = readName(bytes, 0);
    assert.ok(read !== undefined);
    assert.match(read.name, /^[\x21-\x7e]*$/);
    const lower = readName(encodeName(read.name), 0);
    assert.deepEqual(lower, read);
  }));
});

Deno.test("parseName() gives the canonical name when it is spelled otherwise", () => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["WWW.Example.com.", "www.example.com"],
    ["_minecraft._tcp.mc.example.com", "_minecraft._tcp.mc.example.com"],
    ["*.example.com", "*.example.com"],
    [".", "."],
    ["", undefined],
    ["..", undefined],
    [".a", undefined],
    ["a..b", undefined],
    ["a\\.b.example", "a\\.b.example"],
    ["a\\046b.example", "a\\.b.example"],
    ["a\\999", undefined],
    ["a\\", undefined],
    ["中文.example", "xn--fiq228c.example"],
    [`${"a".repeat(63)}.b`, `${"a".repeat(63)}.b`],
    [`${"a".repeat(64)}.b`, undefined],
    ["a.".repeat(127), "a.".repeat(127).slice(0, -1)],
    ["a.".repeat(128), undefined],
  ];
  for (const [text, expected] of rows) assert.equal(parseName(text), expected, text);
});

Deno.test("encodeMessage() throws RangeError when it cannot be a message", () => {
  const query = decoded(bind.ALIAS.query);
  const rdata = new Uint8Array(60_000);
  const big = { name: "a", type: 16, class: 1, ttlSeconds: 0, rdata };
  assert.throws(() => encodeMessage({ ...query, answers: [big, big] }), RangeError);
  assert.throws(
    () => encodeMessage({ ...query, questions: [{ name: "a..b", type: 1, class: 1 }] }),
    RangeError,
  );
});
