import assert from "node:assert/strict";
import { check, ERRNO, errnoName, holdLibc, SystemError } from "../../../ffi/mod.ts";

Deno.test("errnoName() knows the numbers that Linux has", () => {
  const names = {
    1: "EPERM",
    11: "EAGAIN",
    19: "ENODEV",
    98: "EADDRINUSE",
    111: "ECONNREFUSED",
    133: "EHWPOISON",
  };
  for (const [errno, name] of Object.entries(names)) assert.equal(errnoName(Number(errno)), name);
  for (const [name, errno] of Object.entries(ERRNO)) assert.equal(errnoName(errno), name);
  assert.equal(errnoName(4095), "E4095");
});

Deno.test("SystemError says what could not be done and why", () => {
  using _libc = holdLibc();
  const error = new SystemError(98, "bind", "bind 192.0.2.1:80");
  assert.equal(error.message, "Cannot bind 192.0.2.1:80: address already in use (EADDRINUSE)");
  assert.deepEqual([error.name, error.code, error.errno, error.call], [
    "SystemError",
    "EADDRINUSE",
    98,
    "bind",
  ]);
});

Deno.test("check() passes results through", () => {
  assert.equal(check(0, "close"), 0);
  assert.equal(check(17, "socket"), 17);
});
