import assert from "node:assert/strict";
import * as fc from "fast-check";
import {
  childText,
  escapeXml,
  findElement,
  findElements,
  readXml,
  XmlError,
} from "../../../src/gateway/xml_reader.ts";

Deno.test("readXml() reads elements and texts; attributes, prefixes and comments are left out", () => {
  const root = readXml(`<?xml version="1.0" encoding="utf-8"?><!DOCTYPE root>
    <!-- <no> --><s:root xmlns:s="a>b" x='"'><a> one <b/>two&amp;&#51;&#x34;</a><A><![CDATA[<raw> & ]]></A><c
    d="e"/></s:root>\0\0`);
  assert.deepEqual(root, {
    name: "root",
    text: "",
    children: [
      { name: "a", text: "one two&34", children: [{ name: "b", text: "", children: [] }] },
      { name: "A", text: "<raw> &", children: [] },
      { name: "c", text: "", children: [] },
    ],
  });
  assert.equal(childText(root, "A"), "one two&34", "in any case, the first one");
  assert.equal(findElements(root, "a").length, 2);
  assert.equal(findElement(root, "b")?.name, "b");
  assert.equal(findElement(root, "z"), undefined);
});

const BOMB =
  `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;">]>
<lolz>&lol2;</lolz>`;

const BROKEN: readonly (readonly [document: string, reason: RegExp, about: string])[] = [
  ["", /too soon/, "nothing"],
  ["plain text", /too soon/, "no element"],
  ["<a><b></a>", /match/, "tags that do not match"],
  ["</a>", /match/, "an end without a start"],
  ["<a>", /too soon/, "no end"],
  ["<a", /without an end/, "half a tag"],
  ['<a b="c></a>', /without an end/, "an open quote"],
  ["<a><!-- </a>", /too soon/, "an open comment"],
  ["< a></a>", /without a name/, "a space before the name"],
  [BOMB, /entities/, "entities that grow"],
  [`${"<a>".repeat(33)}${"</a>".repeat(33)}`, /32 levels/, "33 levels"],
  [`<a>${"<b/>".repeat(5000)}</a>`, /4096 elements/, "5000 elements"],
  [`<a>${"x".repeat(300_000)}</a>`, /longer/, "300 kB"],
  [`<${"n".repeat(300)}/>`, /name/, "an endless name"],
];

for (const [document, reason, about] of BROKEN) {
  Deno.test(`readXml() refuses ${about}`, () => {
    assert.throws(
      () => readXml(document),
      (error) => error instanceof XmlError && reason.test(error.message),
    );
  });
}

Deno.test("readXml() leaves entities that it does not know as they are", () => {
  assert.equal(readXml("<a>&nbsp; &x &#0; &#1114112; & </a>").text, "&nbsp; &x &#0; &#1114112; &");
});

Deno.test("readXml() gives a document or an XmlError for any text", () => {
  const piece = fc.constantFrom(
    "<a>",
    "</a>",
    "<b",
    ">",
    "/>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "&amp;",
    '"',
    "'",
    "x",
    "<?",
    "?>",
    "<!D",
  );
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(piece, { maxLength: 60 }).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, (document) => {
      for (const input of [document, `<r>${document}</r>`]) {
        try {
          readXml(input);
        } catch (error) {
          assert.ok(error instanceof XmlError, String(error));
        }
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("escapeXml() writes what readXml() reads, for any text", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    assert.equal(readXml(`<a>|${escapeXml(text)}|</a>`).text, `|${text}|`);
  }));
});
