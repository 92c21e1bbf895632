import assert from "node:assert/strict";
import * as ffi from "../../../ffi/mod.ts";
import { intOption, openSocket } from "../../../ffi/socket.ts";
import { withFdCheck } from "../../leak.ts";

const ANY: ffi.SocketAddress = { bytes: new Uint8Array([127, 0, 0, 1]), port: 0, scopeId: 0 };

function ffiTest(name: string, test: () => void): void {
  Deno.test(name, () =>
    withFdCheck(() => {
      using _libc = ffi.holdLibc();
      test();
    }));
}

ffiTest("openStreamSocket() opens without waiting and without inheritance", () => {
  using socket = ffi.openStreamSocket(4);
  const info = Deno.readTextFileSync(`/proc/self/fdinfo/${socket.number}`);
  const flags = parseInt(/flags:\s*(\d+)/.exec(info)?.[1] ?? "", 8);
  assert.equal(flags & 0o2004000, 0o2004000); // O_CLOEXEC | O_NONBLOCK
});

ffiTest("openSocket() throws SystemError when the kernel refuses", () => {
  assert.throws(() => openSocket(9999, 1, 0), { name: "SystemError", code: "EAFNOSUPPORT", call: "socket" });
});

ffiTest("bindSocket() throws EADDRINUSE with the address when the port is taken", () => {
  using first = ffi.openStreamSocket(4);
  ffi.bindSocket(first, ANY, "first");
  const taken = ffi.localAddress(first);
  assert.ok(taken.port > 0);
  using second = ffi.openStreamSocket(4);
  assert.throws(() => ffi.bindSocket(second, taken, `127.0.0.1:${taken.port}`), {
    code: "EADDRINUSE",
    call: "bind",
    message: `Cannot bind 127.0.0.1:${taken.port}: address already in use (EADDRINUSE)`,
  });
});

ffiTest("shareSocketPort() lets two sockets bind one port", () => {
  using first = ffi.openDatagramSocket(4);
  ffi.shareSocketPort(first);
  ffi.bindSocket(first, ANY, "first");
  using second = ffi.openDatagramSocket(4);
  ffi.shareSocketPort(second);
  ffi.bindSocket(second, ffi.localAddress(first), "second");
  assert.deepEqual(ffi.localAddress(second), ffi.localAddress(first));
});

ffiTest("bindSocketToDevice() throws ENODEV when there is no such interface", () => {
  using socket = ffi.openDatagramSocket(4);
  assert.throws(() => ffi.bindSocketToDevice(socket, "nosuchif0"), {
    code: "ENODEV",
    message: "Cannot bind to interface nosuchif0: no such device (ENODEV)",
  });
});

ffiTest("interfaceIndex() and interfaceName() name the loopback interface", () => {
  const index = ffi.interfaceIndex("lo");
  assert.equal(ffi.interfaceName(index), "lo");
  assert.equal(ffi.interfaceName(0x7fff_0000), undefined);
  assert.throws(() => ffi.interfaceIndex("nosuchif0"), { code: "ENODEV" });
});

ffiTest("probeSocket() sets what the kernel then reports", () => {
  using socket = ffi.openStreamSocket(6);
  ffi.limitSocketToIpv6(socket);
  ffi.sendWithoutDelay(socket);
  ffi.probeSocket(socket, { idleSeconds: 7, intervalSeconds: 3, userTimeoutMs: 10_000 });
  assert.equal(intOption(socket, 1, 9), 1); // SO_KEEPALIVE
  assert.equal(intOption(socket, 6, 4), 7); // TCP_KEEPIDLE
  assert.equal(intOption(socket, 6, 5), 3); // TCP_KEEPINTVL
  assert.equal(intOption(socket, 6, 6), 4); // TCP_KEEPCNT
  assert.equal(intOption(socket, 6, 18), 10_000); // TCP_USER_TIMEOUT
  assert.equal(intOption(socket, 6, 1), 1); // TCP_NODELAY
  assert.equal(intOption(socket, 41, 26), 1); // IPV6_V6ONLY
});

ffiTest("connectSocket() begins, and takeSocketError() tells that nobody listens", () => {
  using unused = ffi.openStreamSocket(4);
  ffi.bindSocket(unused, ANY, "unused");
  using socket = ffi.openStreamSocket(4);
  ffi.connectSocket(socket, ffi.localAddress(unused), "unused");
  assert.equal(ffi.takeSocketError(socket), ffi.ERRNO.ECONNREFUSED);
  assert.equal(ffi.takeSocketError(socket), 0);
  assert.throws(() => ffi.remoteAddress(socket), { code: "ENOTCONN" });
});

ffiTest("acceptConnection() gives the peer's address, or undefined when nobody waits", () => {
  using listener = ffi.openStreamSocket(4);
  ffi.bindSocket(listener, ANY, "listener");
  ffi.listenSocket(listener, 5, "listener");
  assert.equal(ffi.acceptConnection(listener), undefined);
  using client = ffi.openStreamSocket(4);
  ffi.connectSocket(client, ffi.localAddress(listener), "listener");
  const accepted = ffi.acceptConnection(listener);
  assert.ok(accepted);
  using _socket = accepted.socket;
  assert.deepEqual(accepted.remote, ffi.localAddress(client));
  assert.deepEqual(ffi.remoteAddress(client), ffi.localAddress(listener));
});

ffiTest("receiveBytesFrom() has data and source, or the negative errno when nothing came", () => {
  using a = ffi.openDatagramSocket(4);
  using b = ffi.openDatagramSocket(4);
  ffi.bindSocket(a, ANY, "a");
  ffi.bindSocket(b, ANY, "b");
  assert.equal(ffi.receiveBytesFrom(b), -ffi.ERRNO.EAGAIN);
  assert.equal(ffi.sendBytes(a, new Uint8Array(1)), -89); // EDESTADDRREQ
  const sent = ffi.sendBytesTo(
    a,
    new Uint8Array([0, 1, 2, 3]).subarray(1),
    ffi.encodeSockaddr(ffi.localAddress(b)),
  );
  assert.equal(sent, 3);
  assert.equal(ffi.receiveBytesFrom(b), 3);
  assert.deepEqual(ffi.received(3), new Uint8Array([1, 2, 3]));
  assert.deepEqual(ffi.receivedFrom(), ffi.localAddress(a));
});

ffiTest("Descriptor closes once and refuses use afterwards", () => {
  const before = ffi.openFds();
  const socket = ffi.openStreamSocket(4);
  assert.deepEqual(ffi.openFds(), [...before, socket.number].sort((a, b) => a - b));
  socket[Symbol.dispose]();
  assert.deepEqual(ffi.openFds(), before);
  using neighbour = ffi.openStreamSocket(4); // very likely the same number
  socket[Symbol.dispose]();
  assert.ok(ffi.localAddress(neighbour));
  assert.ok(socket.isClosed);
  assert.throws(() => socket.number, TypeError);
});

ffiTest("Descriptor.release() hands the number over", () => {
  const first = ffi.openStreamSocket(4);
  const number = first.release();
  first[Symbol.dispose]();
  using second = new ffi.Descriptor(number);
  assert.ok(ffi.localAddress(second));
});

Deno.test("holdLibc() unloads when the last holder lets go", () => {
  const one = ffi.holdLibc();
  const two = ffi.holdLibc();
  one[Symbol.dispose]();
  one[Symbol.dispose]();
  assert.equal(ffi.interfaceName(ffi.interfaceIndex("lo")), "lo");
  two[Symbol.dispose](); // the resource sanitizer sees that nothing remains
});
