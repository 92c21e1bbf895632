import assert from "node:assert/strict";
import * as ffi from "../../../ffi/mod.ts";
import { withFdCheck } from "../../leak.ts";

function ffiTest(name: string, test: () => void): void {
  Deno.test(name, () =>
    withFdCheck(() => {
      using _libc = ffi.holdLibc();
      test();
    }));
}

const HELLO = new TextEncoder().encode("hello");

Deno.test("encodeUnixSockaddr() ends a path with NUL, and an abstract name nowhere but at its end", () => {
  assert.deepEqual([...ffi.encodeUnixSockaddr("/a")], [1, 0, 0x2f, 0x61, 0]);
  assert.deepEqual([...ffi.encodeUnixSockaddr("@ab")], [1, 0, 0, 0x61, 0x62]);
  assert.equal(ffi.encodeUnixSockaddr(`/${"x".repeat(106)}`).length, 2 + 108);
  assert.equal(ffi.encodeUnixSockaddr(`@${"x".repeat(107)}`).length, 2 + 108);
});

Deno.test("encodeUnixSockaddr() refuses what sockaddr_un cannot hold", () => {
  for (const name of ["", "@", "/a\0b", `/${"x".repeat(107)}`, `@${"x".repeat(108)}`, `/${"é".repeat(54)}`]) {
    assert.throws(() => ffi.encodeUnixSockaddr(name), RangeError, JSON.stringify(name));
  }
});

ffiTest("bindUnixSocket() lets datagrams arrive at a path and at an abstract name", () => {
  const folder = Deno.makeTempDirSync();
  try {
    for (const name of [`${folder}/s`, `@porthole-test-${Deno.pid}-${crypto.randomUUID()}`]) {
      using receiver = ffi.openUnixDatagramSocket();
      ffi.bindUnixSocket(receiver, name);
      using sender = ffi.openUnixDatagramSocket();
      assert.equal(ffi.sendBytesTo(sender, HELLO, ffi.encodeUnixSockaddr(name)), 5);
      assert.equal(ffi.receiveBytes(receiver), 5);
      assert.deepEqual(ffi.received(5), HELLO);
    }
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

ffiTest("sendBytesTo() tells ENOENT and ECONNREFUSED when nobody is at the path", () => {
  const folder = Deno.makeTempDirSync();
  try {
    using sender = ffi.openUnixDatagramSocket();
    const address = ffi.encodeUnixSockaddr(`${folder}/s`);
    assert.equal(ffi.errnoName(-ffi.sendBytesTo(sender, HELLO, address)), "ENOENT");
    {
      using receiver = ffi.openUnixDatagramSocket();
      ffi.bindUnixSocket(receiver, `${folder}/s`);
      using second = ffi.openUnixDatagramSocket();
      assert.throws(() => ffi.bindUnixSocket(second, `${folder}/s`), { code: "EADDRINUSE", call: "bind" });
    }
    assert.equal(-ffi.sendBytesTo(sender, HELLO, address), ffi.ERRNO.ECONNREFUSED);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

ffiTest("monotonicMicroseconds() is the kernel's own clock", () => {
  const before = ffi.monotonicMicroseconds();
  const after = ffi.monotonicMicroseconds();
  assert.ok(before > 0n && after >= before);
  // /proc/uptime counts suspended time, too, so it can only be more; it has hundredths of a second.
  const uptime = Number(Deno.readTextFileSync("/proc/uptime").split(" ")[0]) * 1e6 + 20_000;
  assert.ok(Number(before) <= uptime, `${before} > ${uptime}`);
});
