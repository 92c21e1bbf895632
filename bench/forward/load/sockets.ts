import {
  bindSocket,
  connectSocket,
  type Descriptor,
  listenSocket,
  localAddress,
  openDatagramSocket,
  openStreamSocket,
  reuseSocketAddress,
  sendWithoutDelay,
  setIntOption,
  type SocketAddress,
  SOMAXCONN_BACKLOG,
  takeSocketError,
} from "../../../ffi/mod.ts";
import { parseIpv4 } from "../../../src/core/endpoint.ts";
import { receiveInto, sendFrom, waitReadable, waitWritable } from "../ffi/load_calls.ts";

/** Nothing on loopback takes longer, unless it hangs. */
const PATIENCE_MS = 5000;
const EAGAIN = 11;
const SOL_SOCKET = 1;
const SO_RCVBUF = { level: SOL_SOCKET, option: 8, name: "SO_RCVBUF" };
/** Beyond net.core.rmem_max; needs CAP_NET_ADMIN, which the bench has inside its namespace. */
const SO_RCVBUFFORCE = { level: SOL_SOCKET, option: 33, name: "SO_RCVBUFFORCE" };
/** The load tools must not be what loses datagrams. */
const UDP_BUFFER_BYTES = 8 << 20;

/** Whether a call only found nothing to do yet. */
export function isAgain(result: number): boolean {
  return result === -EAGAIN;
}

/** Where load goes, and where targets listen: IPv4 addresses; all on loopback unless the bench says otherwise. */
const PEER = parseIpv4(Deno.env.get("PORTHOLE_BENCH_PEER") ?? "127.0.0.1");
const OWN = parseIpv4(Deno.env.get("PORTHOLE_BENCH_OWN") ?? "127.0.0.1");

function at(address: Uint8Array | undefined, port: number): SocketAddress {
  return { bytes: address ?? Uint8Array.of(127, 0, 0, 1), port, scopeId: 0 };
}

/** Listens on a port. @param port 0 takes any. */
export function listenOnLoopback(port: number): Descriptor {
  const socket = openStreamSocket(4);
  reuseSocketAddress(socket);
  bindSocket(socket, at(OWN, port), `port ${port}`);
  listenSocket(socket, SOMAXCONN_BACKLOG * 8, `port ${port}`);
  return socket;
}

/** Begins to connect to a port; on loopback that is done at once. */
export function beginConnect(port: number): Descriptor {
  const socket = openStreamSocket(4);
  connectSocket(socket, at(PEER, port), `port ${port}`);
  return socket;
}

/** Connects to a port. @throws {Error} If it is refused or does not answer. */
export function connectTo(port: number): Descriptor {
  const socket = beginConnect(port);
  const isConnected = waitWritable(socket.number, PATIENCE_MS);
  const errno = takeSocketError(socket);
  if (isConnected && errno === 0) {
    sendWithoutDelay(socket);
    return socket;
  }
  socket[Symbol.dispose]();
  throw new Error(`Cannot connect to port ${port}: ${isConnected ? `errno ${errno}` : "no answer"}`);
}

/** A UDP socket with large buffers. @param to Connects it. */
export function openUdp(local: number, to?: number): Descriptor {
  const socket = openDatagramSocket(4);
  try {
    setIntOption(socket, SO_RCVBUFFORCE, UDP_BUFFER_BYTES);
  } catch {
    // Outside a namespace of our own: as much as anybody gets.
    setIntOption(socket, SO_RCVBUF, UDP_BUFFER_BYTES);
  }
  bindSocket(socket, at(OWN, local), `port ${local}`);
  if (to !== undefined) connectSocket(socket, at(PEER, to), `port ${to}`);
  return socket;
}

/** The port a socket is bound to. */
export function portOf(socket: Descriptor): number {
  return localAddress(socket).port;
}

/** Sends everything, waiting where it must. @throws {Error} If the connection fails or stalls. */
export function sendAll(fd: number, data: Uint8Array<ArrayBuffer>): void {
  for (let sent = 0; sent < data.length;) {
    const count = sendFrom(fd, sent === 0 ? data : data.subarray(sent));
    if (count >= 0) sent += count;
    else if (!isAgain(count)) throw new Error(`Cannot send: errno ${-count}`);
    else if (!waitWritable(fd, PATIENCE_MS)) throw new Error("Cannot send: it stalls");
  }
}

/** Receives, waiting for it. @returns Bytes; 0 at the end. @throws {Error} If the connection fails or stalls. */
export function receiveSome(
  fd: number,
  buffer: Uint8Array<ArrayBuffer>,
  patienceMs: number = PATIENCE_MS,
): number {
  for (;;) {
    const count = receiveInto(fd, buffer);
    if (count >= 0) return count;
    if (!isAgain(count)) throw new Error(`Cannot receive: errno ${-count}`);
    if (!waitReadable(fd, patienceMs)) throw new Error("Cannot receive: nothing comes");
  }
}

/** Receives exactly so many bytes. @throws {Error} If the connection ends before. */
export function receiveExactly(fd: number, buffer: Uint8Array<ArrayBuffer>): void {
  for (let got = 0; got < buffer.length;) {
    const count = receiveSome(fd, got === 0 ? buffer : buffer.subarray(got));
    if (count === 0) throw new Error(`Cannot receive: it ended after ${got} of ${buffer.length} bytes`);
    got += count;
  }
}
