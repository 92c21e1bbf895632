import type { Descriptor } from "./fd.ts";
import { lastErrno, libc } from "./libc.ts";
import { MSG_NOSIGNAL } from "./linux.ts";
import { decodeSockaddr, SOCKADDR_BYTES, type SocketAddress } from "./sockaddr.ts";

/**
 * The one buffer of this thread that everything is received into; what it holds is only valid until the next
 * call. 64 KiB takes any datagram.
 */
const receiveBuffer = new Uint8Array(new ArrayBuffer(65536));
const receiveBytesMax = BigInt(receiveBuffer.length);
const sourceBuffer = new Uint8Array(new ArrayBuffer(SOCKADDR_BYTES));
const lengthBuffer = new Uint32Array(new ArrayBuffer(4));

/**
 * Sends to the connected peer, a stream's bytes or one datagram; never raises SIGPIPE.
 *
 * @returns Bytes taken, or the negative errno: here refusals are everyday, so they are values.
 */
export function sendBytes(socket: Descriptor, data: Uint8Array): number {
  const sent = libc().send(socket.number, data as Uint8Array<ArrayBuffer>, BigInt(data.length), MSG_NOSIGNAL);
  return sent >= 0 ? sent : -lastErrno();
}

/** Sends one datagram. @param to From `encodeSockaddr`. @returns As {@linkcode sendBytes}. */
export function sendBytesTo(socket: Descriptor, data: Uint8Array, to: Uint8Array<ArrayBuffer>): number {
  const sent = libc().sendto(
    socket.number,
    data as Uint8Array<ArrayBuffer>,
    BigInt(data.length),
    MSG_NOSIGNAL,
    to,
    to.length,
  );
  return sent >= 0 ? sent : -lastErrno();
}

/**
 * Receives from the connected peer into the shared buffer; {@linkcode received} has it then.
 *
 * @returns Bytes received (0 is the end of a stream, or an empty datagram), or the negative errno.
 */
export function receiveBytes(socket: Descriptor): number {
  const count = libc().recv(socket.number, receiveBuffer, receiveBytesMax, 0);
  return count >= 0 ? count : -lastErrno();
}

/** As {@linkcode receiveBytes}; {@linkcode receivedFrom} has the source then. */
export function receiveBytesFrom(socket: Descriptor): number {
  lengthBuffer[0] = SOCKADDR_BYTES;
  const count = libc().recvfrom(
    socket.number,
    receiveBuffer,
    receiveBytesMax,
    0,
    sourceBuffer,
    lengthBuffer,
  );
  return count >= 0 ? count : -lastErrno();
}

/** What was received last. @param count What the receiving call returned. */
export function received(count: number): Uint8Array<ArrayBuffer> {
  return receiveBuffer.subarray(0, count);
}

/** Whether a stream's read filled the whole buffer, so that more may be waiting. */
export function isBufferFull(count: number): boolean {
  return count === receiveBuffer.length;
}

/** The source of what {@linkcode receiveBytesFrom} received last; `undefined` if it is not an IP address. */
export function receivedFrom(): SocketAddress | undefined {
  return decodeSockaddr(sourceBuffer, lengthBuffer[0]);
}
