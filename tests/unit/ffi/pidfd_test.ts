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

ffiTest("copyDescriptor() gives another descriptor of the same socket", () => {
  using socket = ffi.openStreamSocket(4);
  using pidfd = ffi.openPidfd(Deno.pid);
  using copy = ffi.copyDescriptor(pidfd, socket.number);
  assert.notEqual(copy.number, socket.number);
  const linkOf = (fd: number): string => Deno.readLinkSync(`/proc/self/fd/${fd}`);
  assert.equal(linkOf(copy.number), linkOf(socket.number));
  ffi.setSocketSharing(copy, { reusePort: true, reuseAddress: false });
  assert.deepEqual(ffi.socketSharing(socket), { reusePort: true, reuseAddress: false });
});

ffiTest("copyDescriptor() throws EBADF for a number that is not open", () => {
  using pidfd = ffi.openPidfd(Deno.pid);
  assert.throws(() => ffi.copyDescriptor(pidfd, 1_000_000), { code: "EBADF", call: "pidfd_getfd" });
});

ffiTest("openPidfd() throws ESRCH for a process that does not exist", () => {
  // Above the highest pid there can be (PID_MAX_LIMIT).
  assert.throws(() => ffi.openPidfd(0x7fff_fff0), { code: "ESRCH", call: "pidfd_open" });
});

ffiTest("isSocketIpv6Only() tells whether IPv4 comes in as well", () => {
  using socket = ffi.openStreamSocket(6);
  assert.ok(!ffi.isSocketIpv6Only(socket));
  ffi.limitSocketToIpv6(socket);
  assert.ok(ffi.isSocketIpv6Only(socket));
});
