import assert from "node:assert/strict";
import type { RecordData, RecordType } from "../../../src/dns/record_data.ts";
import { isSameRecordData, parseRecordData } from "../../../src/dns/record_text.ts";
import { formatRecordValue } from "../../../src/publish/record_value.ts";

const rows: readonly (readonly [RecordType, string, string, string])[] = [
  ["A", "203.0.113.10", "203.0.113.10", "203.0.113.10"],
  ["AAAA", "2001::38a4:cb00:710a", "2001::38a4:cb00:710a", "2001::38a4:cb00:710a"],
  ["SRV", "10 0 14500 mc.example.com", "10 0 14500 mc.example.com.", "10 0 14500 mc.example.com"],
  ["SRV", "0 0 0 .", "0 0 0 .", "0 0 0 ."],
  ["TXT", "c3NoX3RjcDoxMjM0NQ==", "c3NoX3RjcDoxMjM0NQ==", "c3NoX3RjcDoxMjM0NQ=="],
  ["TXT", "v=spf1 -all", '"v=spf1 -all"', '"v=spf1 -all"'],
  ["TXT", 'a"b;c\\d', '"a\\"b;c\\\\d"', '"a\\"b;c\\\\d"'],
  ["TXT", '"a" "b"', '"a" "b"', '"a" "b"'],
  ["TXT", '""', '""', '""'],
  ["HTTPS", "1 . port=14500", "1 . port=14500", "1 . port=14500"],
  ["HTTPS", "1 a.example.com port=14500", "1 a.example.com. port=14500", "1 a.example.com port=14500"],
  ["SVCB", "0 a.example.com.", "0 a.example.com.", "0 a.example.com"],
];

for (const [type, text, dotted, bare] of rows) {
  Deno.test(`formatRecordValue() writes the ${type} ${text} with and without final dots`, () => {
    const data = parseRecordData(type, text) as RecordData;
    assert.equal(formatRecordValue(data, { endsNames: true }), dotted);
    assert.equal(formatRecordValue(data, { endsNames: false }), bare);
    for (const written of [dotted, bare]) {
      const read = parseRecordData(type, written);
      assert.ok(read !== undefined && isSameRecordData(read, data), written);
    }
  });
}
