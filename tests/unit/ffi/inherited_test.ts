import assert from "node:assert/strict";
import * as ffi from "../../../ffi/mod.ts";
import { libc } from "../../../ffi/libc.ts";
import { withFdCheck } from "../../leak.ts";

function ffiTest(name: string, test: () => void): void {
  Deno.test(name, () =>
    withFdCheck(() => {
      using _libc = ffi.holdLibc();
      test();
    }));
}

function flagsOf(fd: number): number {
  return parseInt(/flags:\s*(\d+)/.exec(Deno.readTextFileSync(`/proc/self/fdinfo/${fd}`))?.[1] ?? "", 8);
}

ffiTest("adoptInherited() makes a descriptor ours alone and non-blocking", () => {
  const fd = libc().socket(2, 1, 0); // as a parent leaves it: no flags
  assert.equal(flagsOf(fd) & 0o2004000, 0);
  using adopted = ffi.adoptInherited(fd);
  assert.equal(adopted.number, fd);
  assert.equal(flagsOf(fd) & 0o2004000, 0o2004000); // O_CLOEXEC | O_NONBLOCK
});

ffiTest("adoptInherited() throws EBADF when there is no such descriptor", () => {
  assert.throws(() => ffi.adoptInherited(1_000_000), {
    code: "EBADF",
    call: "fcntl",
    message: "Cannot adopt descriptor 1000000: bad file descriptor (EBADF)",
  });
});

ffiTest("isListeningStream() is true for TCP sockets that listen, and for nothing else", () => {
  using tcp = ffi.openStreamSocket(4);
  assert.ok(!ffi.isListeningStream(tcp));
  ffi.bindSocket(tcp, { bytes: new Uint8Array([127, 0, 0, 1]), port: 0, scopeId: 0 }, "any");
  ffi.listenSocket(tcp, 1, "any");
  assert.ok(ffi.isListeningStream(tcp));
  using udp = ffi.openDatagramSocket(4);
  using bell = new ffi.EventFd();
  assert.ok(!ffi.isListeningStream(udp));
  assert.ok(!ffi.isListeningStream(bell.descriptor));
});
