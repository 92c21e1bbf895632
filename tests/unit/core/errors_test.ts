import assert from "node:assert/strict";
import {
  errorCode,
  errorMessage,
  isTransient,
  PortholeError,
  TimeoutError,
} from "../../../src/core/errors.ts";

const kernel = (code: string): Error => Object.assign(new Error(`Cannot send: ${code}`), { code });

Deno.test("TimeoutError keeps code, name and cause", () => {
  const cause = new Error("inner");
  const error = new TimeoutError("Cannot finish: 5 ms are over", { cause });
  assert.ok(error instanceof PortholeError && error instanceof Error);
  assert.equal(error.code, "timeout");
  assert.equal(error.name, "TimeoutError");
  assert.equal(error.cause, cause);
  assert.match(error.stack ?? "", /errors_test/);
});

Deno.test("errorCode() reads a textual code of an error, and nothing else", () => {
  assert.equal(errorCode(kernel("EADDRINUSE")), "EADDRINUSE");
  assert.equal(errorCode(new TimeoutError("x")), "timeout");
  assert.equal(errorCode(new Error("x")), undefined);
  // DOMException's legacy code is a number.
  assert.equal(errorCode(new DOMException("x", "AbortError")), undefined);
  for (const thrown of [undefined, null, "EADDRINUSE", 5, { code: "EADDRINUSE" }]) {
    assert.equal(errorCode(thrown), undefined);
  }
});

Deno.test("errorMessage() gives one line for whatever was thrown", () => {
  assert.equal(errorMessage(new Error("a\n  b\r\n\tc")), "a b c");
  assert.equal(errorMessage("text"), "text");
  assert.equal(errorMessage(undefined), "undefined");
  assert.equal(errorMessage(null), "null");
  assert.equal(errorMessage(7), "7");
  assert.equal(errorMessage(Symbol("s")), "Symbol(s)");
});

Deno.test("isTransient() tells what passes from what stays", () => {
  for (
    const code of [
      "ECONNREFUSED",
      "ENETUNREACH",
      "EHOSTUNREACH",
      "ETIMEDOUT",
      "EPERM",
      "EAGAIN",
      "stun_timeout",
    ]
  ) {
    assert.ok(isTransient(kernel(code)), code);
  }
  assert.ok(isTransient(new TimeoutError("x")));
  for (const code of ["EADDRINUSE", "EACCES", "EBADF", "EINVAL", ""]) {
    assert.ok(!isTransient(kernel(code)), code);
  }
  assert.ok(!isTransient(new Error("x")));
  assert.ok(!isTransient(undefined));
});
