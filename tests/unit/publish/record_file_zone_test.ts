import assert from "node:assert/strict";
import fc from "fast-check";
import type { RecordData } from "../../../src/dns/record_data.ts";
import { PublishError } from "../../../src/publish/publisher.ts";
import { zoneFormat } from "../../../src/publish/record_file/zone_format.ts";
import type { RecordSet } from "../../../src/publish/record_set.ts";

function addresses(name: string, list: readonly string[], ttlSeconds = 60): RecordSet {
  return { name, type: "A", ttlSeconds, data: list.map((address): RecordData => ({ type: "A", address })) };
}

function txt(name: string, strings: readonly string[]): RecordSet {
  return { name, type: "TXT", ttlSeconds: 60, data: [{ type: "TXT", strings }] };
}

const WWW = { name: "www.example.com", type: "A" } as const;

Deno.test("zoneFormat makes a fragment with whole names, one record on a line", () => {
  let text = zoneFormat.replace(undefined, addresses("mc.example.com", ["203.0.113.10"]));
  text = zoneFormat.replace(text, {
    name: "_minecraft._tcp.mc.example.com",
    type: "SRV",
    ttlSeconds: 60,
    data: [{ type: "SRV", priority: 10, weight: 0, port: 14_500, target: "mc.example.com" }],
  });
  text = zoneFormat.replace(text, txt("pot.example.com", ['a "b";', "c"]));
  text = zoneFormat.replace(text, {
    name: "web.example.com",
    type: "HTTPS",
    ttlSeconds: 300,
    data: [{ type: "HTTPS", priority: 1, target: ".", params: { port: 14_500, ipv4hint: ["203.0.113.10"] } }],
  });
  assert.equal(
    text,
    `; Kept by porthole: it writes its own record sets here and leaves every other line as it is.
mc.example.com. 60 IN A 203.0.113.10
_minecraft._tcp.mc.example.com. 60 IN SRV 10 0 14500 mc.example.com.
pot.example.com. 60 IN TXT "a \\"b\\";" "c"
web.example.com. 300 IN HTTPS 1 . port=14500 ipv4hint=203.0.113.10
`,
  );
});

/** What people write; `www.example.com` has an A record in each of the ways there are. */
const WAYS: readonly (readonly [string, string])[] = [
  ["www.example.com. 60 IN A 192.0.2.1\n", "whole"],
  ["WWW.Example.COM.\t60\tin\ta\t192.0.2.1\n", "upper case and tabs"],
  ["www.example.com. IN 60 A 192.0.2.1 ; office\n", "class before TTL, a comment"],
  ["www.example.com. 1m A 192.0.2.1\n", "a TTL with a unit, no class"],
  ["$TTL 60\nwww.example.com. A 192.0.2.1\n", "$TTL"],
  ["$ORIGIN example.com.\nwww 60 A 192.0.2.1\n", "$ORIGIN"],
  ["$ORIGIN com.\n$ORIGIN example\nwww 60 A 192.0.2.1\n", "relative $ORIGIN"],
  ["$ORIGIN www.example.com.\n@ 60 A 192.0.2.1\n", "@"],
  ["www.example.com. 60 AAAA 2001:db8::1\n  60 A 192.0.2.1\n", "the name of the line before"],
  ["www.example.com. 60 IN A ( ; office\n  192.0.2.1\n)\n", "parentheses"],
  ["www.example.com. 60 AAAA 2001:db8::1\n\n; between\n  A 192.0.2.1", "no TTL, no end of line"],
];

for (const [text, way] of WAYS) {
  Deno.test(`zoneFormat finds and keeps a record with ${way}`, () => {
    const wanted = addresses("www.example.com", ["192.0.2.1"]);
    assert.deepEqual(zoneFormat.read(text, WWW), wanted);
    assert.equal(zoneFormat.replace(text, wanted), text, "no idle write");
    const moved = zoneFormat.replace(text, addresses("www.example.com", ["192.0.2.2"]));
    assert.deepEqual(zoneFormat.read(moved, WWW), addresses("www.example.com", ["192.0.2.2"]));
    assert.ok(!moved.includes("192.0.2.1"));
    const others = text.split("\n").filter((line) => line !== "" && !/192\.0\.2\.1|IN A \(|^\)/.test(line));
    for (const line of others) assert.ok(moved.split("\n").includes(line), `${line} is still there`);
  });
}

/** A file of somebody's. */
const FOREIGN = `$ORIGIN example.com.\r
$TTL 1h\r
@  IN SOA ns1 admin (\r
     2026112101 ; serial\r
     3600 600 86400 60 )\r
   IN NS ns1\r
ns1    A 192.0.2.53\r
www    A 192.0.2.80 ; old office\r
       A 192.0.2.81\r
       TXT "v=spf1 -all; not a comment" ; a comment\r
sub.www A 192.0.2.90\r
awww   A 192.0.2.91\r
www    CH A 192.0.2.99\r
$INCLUDE other.zone\r
`;

Deno.test("zoneFormat leaves every other line as it is", () => {
  assert.deepEqual(
    zoneFormat.read(FOREIGN, WWW),
    addresses("www.example.com", ["192.0.2.80", "192.0.2.81"], 3600),
  );
  const text = zoneFormat.replace(FOREIGN, addresses("www.example.com", ["192.0.2.81", "203.0.113.1"]));
  assert.equal(
    text,
    FOREIGN
      .replace("www    A 192.0.2.80 ;", "www.example.com. 60 IN A 192.0.2.81 ;")
      .replace("       A 192.0.2.81", "www.example.com. 60 IN A 203.0.113.1"),
  );
  const added = zoneFormat.replace(FOREIGN, addresses("new.example.com", ["203.0.113.1"]));
  assert.equal(added, `${FOREIGN}new.example.com. 60 IN A 203.0.113.1\r\n`);
  assert.equal(zoneFormat.replace(FOREIGN, addresses("none.example.com", [])), FOREIGN);
});

Deno.test("zoneFormat removes a set, unless another record would fall to the wrong name", () => {
  assert.throws(() => zoneFormat.replace(FOREIGN, addresses("www.example.com", [])), {
    reason: "line 10 takes its name from a record that has to go; write the name there",
  });
  const named = FOREIGN.replace("       TXT", "www    TXT");
  const rest = zoneFormat.replace(named, addresses("www.example.com", []));
  assert.equal(rest, named.replace(/www {4}A.*\r\n {7}A.*\r\n/, ""));
  assert.deepEqual(zoneFormat.read(rest, WWW), { ...addresses("www.example.com", []), ttlSeconds: 0 });
});

Deno.test("zoneFormat changes a TTL alone in place, and keeps the comment", () => {
  const text = "www.example.com. 3600 IN A 192.0.2.1 ; office\n";
  assert.equal(
    zoneFormat.replace(text, addresses("www.example.com", ["192.0.2.1"])),
    "www.example.com. 60 IN A 192.0.2.1 ; office\n",
  );
});

Deno.test("zoneFormat refuses what it cannot read, for good", () => {
  const broken = [
    ['a. TXT "x\n', "the quote of line 1 is never closed"],
    ["\na. TXT ( x\n\n", "the parenthesis of line 2 is never closed"],
    ["a. TXT x )\n", "line 1 closes a parenthesis that was never opened"],
    ["www.example.com. 60 A banana\n", "line 1 is no A record"],
  ] as const;
  for (const [text, reason] of broken) {
    const expected = { reason, isPermanent: true };
    assert.throws(() => zoneFormat.read(text, WWW), expected);
    assert.throws(() => zoneFormat.replace(text, addresses("www.example.com", [])), expected);
  }
});

const anyLine = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    ...FOREIGN.split("\n"),
    ...WAYS.map(([text]) => text),
    "(",
    ")",
    '"',
    "\\",
    "$ORIGIN .",
    "$TTL x",
  ),
);

Deno.test("zoneFormat keeps the lines of others, whatever they are", () => {
  const wanted = addresses("mine.example.com", ["203.0.113.1"]);
  fc.assert(fc.property(fc.array(anyLine, { maxLength: 8 }), (lines) => {
    const before = lines.join("\n");
    let after: string;
    try {
      after = zoneFormat.replace(before, wanted);
    } catch (error) {
      assert.ok(error instanceof PublishError, String(error));
      return;
    }
    assert.ok(after.startsWith(before), "others stay");
    assert.deepEqual(zoneFormat.read(after, wanted), wanted);
    assert.equal(zoneFormat.replace(after, wanted), after);
    const gone = zoneFormat.replace(after, { ...wanted, data: [] });
    assert.ok([before, `${before}\n`, `${before}\r\n`].includes(gone));
  }));
});
