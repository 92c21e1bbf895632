import assert from "node:assert/strict";
import { faultOf } from "../../../src/cli/exit_code.ts";
import { UsageError } from "../../../src/cli/usage_error.ts";
import { ResolveError } from "../../../src/core/net.ts";
import { BindError, UnusableNatError } from "../../../src/keeper/errors.ts";
import { NoStunServerError } from "../../../src/stun/errors.ts";
import { LANGS } from "../../../src/text/lang.ts";
import { textsOf } from "../../../src/text/texts.ts";

const texts = textsOf("en");
const bindError = (code: string): BindError => new BindError("tcp 1.2.3.4:80", code, {});

Deno.test("faultOf() gives usage 2, an unusable NAT 4, everything else 1", () => {
  const unusable = new UnusableNatError({ kind: "filtering", behavior: "address-dependent" });
  assert.equal(faultOf(new UsageError("x"), texts).exitCode, 2);
  assert.equal(faultOf(unusable, texts).exitCode, 4);
  for (
    const error of [bindError("EADDRINUSE"), new Error("x"), "text", undefined, new ResolveError("h", "x")]
  ) {
    assert.equal(faultOf(error, texts).exitCode, 1);
  }
});

Deno.test("faultOf() says what to do for what the system refuses, on one line, in every language", () => {
  const codes = ["EADDRINUSE", "EACCES", "EADDRNOTAVAIL", "ENODEV", "EPERM", "ENETUNREACH", "EMFILE"];
  const errors = [...codes.map(bindError), new ResolveError("h", "x"), new NoStunServerError([])];
  for (const lang of LANGS) {
    const hints = errors.map((error) => faultOf(error, textsOf(lang)).hint);
    for (const hint of hints) assert.match(hint, /^[^\n]{10,}$/);
    assert.equal(new Set(hints).size, errors.length);
  }
  assert.match(faultOf(bindError("EACCES"), texts).hint, /below 1024/);
  assert.match(faultOf(bindError("EPERM"), texts).hint, /CAP_NET_ADMIN/);
});

Deno.test("faultOf() advises differently on mapping and on filtering", () => {
  const a = { address: "203.0.113.10", port: 1 };
  const seen = [a, { ...a, port: 2 }] as const;
  const mapping = faultOf(new UnusableNatError({ kind: "address-dependent-mapping", seen }), texts);
  const filtering = faultOf(
    new UnusableNatError({ kind: "filtering", behavior: "address-dependent" }),
    texts,
  );
  assert.match(mapping.message, /203\.0\.113\.10:1.*203\.0\.113\.10:2/);
  assert.match(mapping.advice.join("\n"), /bridge mode[\s\S]*--force/);
  assert.match(filtering.advice.join("\n"), /DMZ[\s\S]*--force/);
  assert.notDeepEqual(mapping.advice, filtering.advice);
});

Deno.test("faultOf() calls what has no code a bug, and never breaks the line", () => {
  const fault = faultOf(new TypeError("a\n  b"), texts);
  assert.equal(fault.message, "a b");
  assert.match(fault.hint, /bug/);
});

Deno.test("faultOf() finds the code in the cause when the error has none", () => {
  const fault = faultOf(new Error("Cannot open", { cause: bindError("EADDRINUSE") }), texts);
  assert.equal(fault.code, "EADDRINUSE");
});
