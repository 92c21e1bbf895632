import assert from "node:assert/strict";
import fc from "fast-check";
import {
  escapeJson,
  escapeUrl,
  exampleValues,
  fillTemplate,
  isTemplate,
  TEMPLATE_FIELDS,
  templateValues,
} from "../../../src/publish/template.ts";
import { anyText, changed, mapped } from "./webhook_rig.ts";

Deno.test("templateValues() gives every field, empty where there is nothing", () => {
  assert.deepEqual(templateValues(mapped()), {
    event: "mapped",
    name: "mc",
    protocol: "tcp",
    external: "203.0.113.10:14500",
    address: "203.0.113.10",
    port: "14500",
    ip4p: "2001::38a4:cb00:710a",
    internal: "192.168.1.2:25565",
    internal_address: "192.168.1.2",
    internal_port: "25565",
    target: "",
    previous: "",
    time: "2026-11-21T02:00:00.000Z",
  });
  assert.equal(templateValues(changed(5)).previous, "203.0.113.10:14500");
  const six = templateValues({ ...mapped(5, "2001:db8::1"), target: { address: "::1", port: 22 } });
  assert.deepEqual([six.external, six.ip4p, six.target], ["[2001:db8::1]:5", "", "[::1]:22"]);
  assert.deepEqual(Object.keys(exampleValues("udp")), [...TEMPLATE_FIELDS]);
});

Deno.test("fillTemplate() fills in known names, leaves others, and reads {{ as a brace", () => {
  const values = { a: "{b}", b: "2" };
  assert.equal(fillTemplate("{a}{b} {c} {{a} {} { a}", values), "{b}2 {c} {a} {} { a}");
  assert.equal(fillTemplate("{b}", values, (text) => `<${text}>`), "<2>");
  assert.equal(fillTemplate("{toString}{__proto__}", { ...values }), "{toString}{__proto__}");
});

Deno.test("isTemplate() is false where a name in braces is unknown", () => {
  assert.ok(isTemplate("{external} {{nope} { } {} é"));
  assert.ok(!isTemplate("{extern}"));
  assert.ok(isTemplate("{hosts}", ["hosts"]));
});

Deno.test("escapeUrl() and escapeJson() take any text", () => {
  fc.assert(fc.property(anyText, (text) => {
    assert.equal(decodeURIComponent(escapeUrl(text)), text.toWellFormed());
    assert.equal(JSON.parse(`"${escapeJson(text)}"`).toWellFormed(), text.toWellFormed());
    assert.match(escapeUrl(text), /^[\w.~!*'():%-]*$/);
  }));
});
