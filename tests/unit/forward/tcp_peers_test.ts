import assert from "node:assert/strict";
import {
  bindSocket,
  connectStream,
  type Descriptor,
  encodeSockaddr,
  holdLibc,
  listenSocket,
  localAddress,
  openFds,
  openStreamSocket,
  receiveInto,
  sendFrom,
  shutdownWrite,
} from "../../../ffi/mod.ts";
import { endpointOf, socketAddressOf } from "../../../src/net/socket_address.ts";
import { TcpPeers } from "../../../src/forward/tcp_peers.ts";

function listen(address: string): Descriptor {
  const socket = openStreamSocket(address.includes(":") ? 6 : 4);
  bindSocket(socket, socketAddressOf({ address, port: 0 }), address);
  listenSocket(socket, 8, address);
  return socket;
}

/** Connects over loopback, where the handshake is over when connect() returns. */
function connect(listener: Descriptor): Descriptor {
  const address = localAddress(listener);
  const socket = openStreamSocket(address.bytes.length === 4 ? 4 : 6);
  assert.equal(connectStream(socket, encodeSockaddr(address)), 0);
  return socket;
}

for (const address of ["127.0.0.1", "127.200.3.255", "::1"]) {
  Deno.test(`TcpPeers.accept() and localOf() name both ends of a connection when it is to ${address}`, () => {
    using _libc = holdLibc();
    const before = openFds();
    {
      const peers = new TcpPeers();
      using listener = listen(address);
      assert.equal(peers.accept(listener.number), undefined);
      using client = connect(listener);
      const accepted = peers.accept(listener.number);
      assert.ok(accepted);
      using socket = accepted.socket;
      assert.deepEqual(accepted.remote, endpointOf(localAddress(client)));
      assert.deepEqual(peers.localOf(socket), endpointOf(localAddress(listener)));
    }
    assert.deepEqual(openFds(), before);
  });
}

Deno.test("sendFrom() delivers what it was told is the last when the stream is ended", () => {
  using _libc = holdLibc();
  using listener = listen("127.0.0.1");
  using client = connect(listener);
  const accepted = new TcpPeers().accept(listener.number);
  assert.ok(accepted);
  using socket = accepted.socket;
  const buffer = new Uint8Array(16);
  const isLast = true;
  assert.equal(sendFrom(client.number, Uint8Array.of(1, 2, 3), 3, isLast), 3);
  shutdownWrite(client);
  assert.equal(receiveInto(socket.number, buffer, 16), 3);
  assert.deepEqual([...buffer.subarray(0, 3)], [1, 2, 3]);
  assert.equal(receiveInto(socket.number, buffer, 16), 0);
});

Deno.test("connectStream() gives the negative errno when there is no way", () => {
  using _libc = holdLibc();
  using socket = openStreamSocket(4);
  // 240.0.0.0/4 and broadcast are never connected to.
  assert.ok(
    connectStream(socket, encodeSockaddr(socketAddressOf({ address: "255.255.255.255", port: 1 }))) < 0,
  );
});
