import assert from "node:assert/strict";
import fc from "fast-check";
import { canonicalAddress } from "../../../src/core/endpoint.ts";
import { decodeRdata, encodeRdata } from "../../../src/dns/rdata.ts";
import type { RecordData, RecordType } from "../../../src/dns/record_data.ts";
import { formatRecordData, isSameRecordData, parseRecordData } from "../../../src/dns/record_text.ts";
import { BINDINGS, BROKEN_BINDINGS } from "../../vectors/dns_svcb.ts";

const TYPES: readonly RecordType[] = ["A", "AAAA", "SRV", "TXT", "HTTPS", "SVCB"];

/** As object literals are. */
const PLAIN = { noNullPrototype: true };
const label = fc.stringMatching(/^[a-z0-9_]([a-z0-9-]{0,10}[a-z0-9])?$/);
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
const target = fc.oneof(name, fc.constant("."));
const short = fc.integer({ min: 0, max: 65_535 });
const address6 = fc.ipV6().map((text) => canonicalAddress(text) ?? "").filter((text) => text.includes(":"));
const someOf = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.array(item, { minLength: 1, maxLength: 3 });
const id = fc.string({ minLength: 1, maxLength: 20, unit: "grapheme" });
const params = fc.record({
  alpn: someOf(id),
  port: short,
  ipv4hint: someOf(fc.ipV4()),
  ipv6hint: someOf(address6),
  more: fc.constantFrom(["key667=hello"], ["ech=AAEC", "ohttp"], ['key700="a b\\"c\\\\\\000\\255;"']),
}, { requiredKeys: [], noNullPrototype: true });
const record: fc.Arbitrary<RecordData> = fc.oneof(
  fc.record({ type: fc.constant("A" as const), address: fc.ipV4() }, PLAIN),
  fc.record({ type: fc.constant("AAAA" as const), address: address6 }, PLAIN),
  fc.record(
    { type: fc.constant("SRV" as const), priority: short, weight: short, port: short, target },
    PLAIN,
  ),
  fc.record({
    type: fc.constant("TXT" as const),
    strings: someOf(fc.string({ maxLength: 40, unit: "binary" }).map((text) => text.toWellFormed())),
  }, PLAIN),
  fc.record(
    { type: fc.constantFrom("HTTPS" as const, "SVCB" as const), priority: short, target, params },
    PLAIN,
  ),
);

Deno.test("parseRecordData() gives the same record when it reads what formatRecordData() wrote", () => {
  fc.assert(fc.property(record, (data) => {
    const text = formatRecordData(data);
    assert.match(text, /^[\x20-\x7e]*$/);
    assert.deepEqual(parseRecordData(data.type, text), data);
  }));
});

Deno.test("decodeRdata() gives the same record when it reads what encodeRdata() wrote", () => {
  fc.assert(fc.property(record, (data) => {
    assert.deepEqual(decodeRdata(data.type, encodeRdata(data)), data);
  }));
});

Deno.test("parseRecordData() gives a record or undefined when it reads any text", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(fc.constantFrom("1 ", ".", '"', "\\", "alpn=", ",", "key1", "=", " ", "10", "a", "mandatory="))
      .map((
        parts,
      ) => parts.join("")),
  );
  fc.assert(fc.property(fc.constantFrom(...TYPES), text, (type, input) => {
    const data = parseRecordData(type, input);
    if (data !== undefined) assert.deepEqual(parseRecordData(type, formatRecordData(data)), data);
  }));
});

Deno.test("decodeRdata() gives a record or undefined when it reads any bytes", () => {
  fc.assert(fc.property(fc.constantFrom(...TYPES), fc.uint8Array({ maxLength: 80 }), (type, rdata) => {
    const data = decodeRdata(type, rdata);
    if (data === undefined) return;
    assert.deepEqual(decodeRdata(type, encodeRdata(data)), data);
    assert.deepEqual(parseRecordData(type, formatRecordData(data)), data);
  }));
});

Deno.test("decodeRdata() and encodeRdata() keep every byte when a TXT record holds anything", () => {
  const strings = fc.array(fc.uint8Array({ maxLength: 255 }), { minLength: 1, maxLength: 4 });
  fc.assert(fc.property(strings, (parts) => {
    const rdata = Uint8Array.from(parts.flatMap((part) => [part.length, ...part]));
    const data = decodeRdata("TXT", rdata);
    assert.ok(data !== undefined);
    assert.deepEqual(encodeRdata(data), rdata);
    const text = parseRecordData("TXT", formatRecordData(data));
    assert.deepEqual(text && encodeRdata(text), rdata);
  }));
});

Deno.test("parseRecordData() and rdata agree with RFC 9460 when they read the vectors of its appendix D", () => {
  for (const { text, rdata, written = text } of BINDINGS) {
    const data = parseRecordData("SVCB", text);
    assert.ok(data !== undefined, text);
    assert.equal(encodeRdata(data).toHex(), rdata, text);
    assert.deepEqual(decodeRdata("SVCB", Uint8Array.fromHex(rdata)), data, text);
    assert.equal(formatRecordData(data), written);
  }
});

Deno.test("parseRecordData() gives undefined when RFC 9460, appendix D.3, says so", () => {
  for (const text of BROKEN_BINDINGS) assert.equal(parseRecordData("HTTPS", text), undefined, text);
});

Deno.test("parseRecordData() reads the spellings of servers and APIs when they differ", () => {
  const rows: readonly (readonly [RecordType, string, string | undefined])[] = [
    ["A", "203.0.113.10", "203.0.113.10"],
    ["A", " 203.0.113.10\n", "203.0.113.10"],
    ["A", "2001:db8::1", undefined],
    ["A", "203.0.113.010", undefined],
    ["AAAA", "2001:0:0:0:0:38A4:CB00:710A", "2001::38a4:cb00:710a"],
    ["AAAA", "::ffff:192.0.2.1", "::ffff:192.0.2.1"],
    ["AAAA", "fe80::1%eth0", undefined],
    ["AAAA", "203.0.113.10", undefined],
    ["SRV", "10 0 14500 MC.example.com", "10 0 14500 mc.example.com."],
    ["SRV", "10 0 14500 mc.example.com.", "10 0 14500 mc.example.com."],
    ["SRV", "0 0 0 .", "0 0 0 ."],
    ["SRV", "10 0 14500 müller.example", "10 0 14500 xn--mller-kva.example."],
    ["SRV", "10 0 14500", undefined],
    ["SRV", "10 0 65536 a.", undefined],
    ["SRV", "10 0 1 a..b", undefined],
    ["SRV", "10 0 1 a. b.", undefined],
    ["SRV", "10 0 1 a/b.example", "10 0 1 a\\/b.example."],
    ["TXT", "c3NoX3RjcDoxMjM0NQ==", '"c3NoX3RjcDoxMjM0NQ=="'],
    ["TXT", '"c3NoX3RjcDoxMjM0NQ=="', '"c3NoX3RjcDoxMjM0NQ=="'],
    ["TXT", "v=spf1 -all", '"v=spf1 -all"'],
    ["TXT", '"a;b" "c"', '"a;b" "c"'],
    ["TXT", '"a""b"', '"a" "b"'],
    ["TXT", '"a" b', '"a" "b"'],
    ["TXT", '"\\"\\\\\\228\\184\\173"', '"\\"\\\\\\228\\184\\173"'],
    ["TXT", '"中"', '"\\228\\184\\173"'],
    ["TXT", "", '""'],
    ["TXT", '""', '""'],
    ["TXT", '"a', undefined],
    ["TXT", '"a\\300"', undefined],
    ["TXT", '"a\\25"', undefined],
    [
      "HTTPS",
      '1 . alpn="h2,h3" port=14500 ipv4hint=203.0.113.10',
      "1 . alpn=h2,h3 port=14500 ipv4hint=203.0.113.10",
    ],
    ["HTTPS", "1 . port=14500 alpn=h2", "1 . alpn=h2 port=14500"],
    ["HTTPS", "0 Target.example", "0 target.example."],
    ["HTTPS", "1 . port=65536", undefined],
    ["HTTPS", "1 . ipv4hint=2001:db8::1", undefined],
    ["HTTPS", "1 . ech=%%%", undefined],
    ["HTTPS", "1 . unknown=1", undefined],
    ["HTTPS", "1 . key65536=1", undefined],
    ["HTTPS", "1", undefined],
    ["SVCB", "1 . no-default-alpn alpn=h2", "1 . alpn=h2 no-default-alpn"],
    ["SVCB", "1 . dohpath=/q{?dns}", "1 . dohpath=/q{?dns}"],
  ];
  for (const [type, text, expected] of rows) {
    const data = parseRecordData(type, text);
    assert.equal(data && formatRecordData(data), expected, `${type} ${text}`);
  }
});

Deno.test("parseRecordData() cuts character strings at 255 bytes, between characters, when they are longer", () => {
  const data = parseRecordData("TXT", `"${"中".repeat(100)}"`);
  assert.ok(data?.type === "TXT");
  assert.deepEqual(data.strings.map(({ length }) => length), [85, 15]);
  assert.equal(data.strings.join(""), "中".repeat(100));
});

Deno.test("isSameRecordData() compares the content when TXT records are cut differently", () => {
  const txt = (...strings: readonly string[]): RecordData => ({ type: "TXT", strings });
  assert.ok(isSameRecordData(txt("ab", "c"), txt("abc")));
  assert.ok(isSameRecordData(txt("\udce4\udcb8", "\udcad"), txt("中")));
  assert.ok(!isSameRecordData(txt("ab"), txt("abc")));
  assert.ok(!isSameRecordData(txt("192.0.2.1"), { type: "A", address: "192.0.2.1" }));
});

Deno.test("encodeRdata() throws RangeError when a record cannot have such data", () => {
  const refused: readonly RecordData[] = [
    { type: "A", address: "2001:db8::1" },
    { type: "AAAA", address: "192.0.2.1" },
    { type: "TXT", strings: ["中".repeat(86)] },
    { type: "SRV", priority: 0, weight: 0, port: 1, target: "a..b" },
    { type: "SRV", priority: 0, weight: 0, port: 1, target: `${"a".repeat(64)}.example` },
    { type: "HTTPS", priority: 1, target: ".", params: { ipv4hint: ["2001:db8::1"] } },
    { type: "HTTPS", priority: 1, target: ".", params: { alpn: [""] } },
    { type: "HTTPS", priority: 1, target: ".", params: { port: 1, more: ["port=2"] } },
  ];
  for (const data of refused) assert.throws(() => encodeRdata(data), RangeError, JSON.stringify(data));
});
