import {
  type Descriptor,
  encodeSockaddr,
  EPOLLIN,
  ERRNO,
  isSameSocketAddress,
  localAddress,
  receiveBytesFrom,
  received,
  receivedFrom,
  sendBytes,
  sendBytesTo,
  type SocketAddress,
  SystemError,
} from "../../ffi/mod.ts";
import { type Endpoint, formatEndpoint } from "../core/endpoint.ts";
import type { DatagramOptions, DatagramSocket } from "../core/net.ts";
import { bindDatagramSocket } from "./linux_bind.ts";
import type { LinuxContext } from "./linux_context.ts";
import type { ReadyHandler, Watch } from "./reactor.ts";
import { endpointOf, socketAddressOf } from "./socket_address.ts";

/** Datagrams taken from one socket before others get their turn. */
const DATAGRAMS_PER_TURN = 64;

/** Opens a UDP socket; see {@linkcode DatagramOptions}. @throws {SystemError} */
export function openLinuxDatagram(context: LinuxContext, options: DatagramOptions): DatagramSocket {
  using rollback = new DisposableStack();
  const remote = options.remote === undefined ? undefined : socketAddressOf(options.remote);
  const socket = rollback.use(bindDatagramSocket(options.local, options));
  const datagram = new LinuxDatagram(context, { socket, remote, options });
  rollback.move();
  return datagram;
}

class LinuxDatagram implements DatagramSocket, ReadyHandler {
  readonly local: Endpoint;
  readonly #context: LinuxContext;
  readonly #options: DatagramOptions;
  readonly #remote: SocketAddress | undefined;
  readonly #watch: Watch;
  #socket: Descriptor | undefined;
  /** The address last sent to, encoded: most sockets talk to one peer for long. */
  #encoded: { readonly to: Endpoint; readonly bytes: Uint8Array<ArrayBuffer> } | undefined;

  constructor(
    context: LinuxContext,
    parts: {
      readonly socket: Descriptor;
      readonly remote: SocketAddress | undefined;
      readonly options: DatagramOptions;
    },
  ) {
    this.#context = context;
    this.#options = parts.options;
    this.#remote = parts.remote;
    this.local = endpointOf(localAddress(parts.socket));
    this.#watch = context.reactor.watch(parts.socket, EPOLLIN, this);
    this.#socket = parts.socket;
    context.owned.add(this);
  }

  send(data: Uint8Array, to?: Endpoint): void {
    const socket = this.#socket;
    if (socket === undefined) throw new TypeError("Cannot send datagram: the socket is closed");
    let result = this.#send(socket, data, to);
    if (result === -ERRNO.ECONNREFUSED || result === -ERRNO.EHOSTUNREACH || result === -ERRNO.ENETUNREACH) {
      // Either an ICMP error about an earlier datagram, which this call only reported, or the truth about this one.
      const first = result;
      result = this.#send(socket, data, to);
      if (result >= 0) this.#context.reactor.defer(() => this.#report(-first));
    }
    if (result >= 0 || result === -ERRNO.EAGAIN || result === -ERRNO.ENOBUFS) return;
    const label = to ?? this.#options.remote;
    throw new SystemError(-result, "sendto", `send datagram to ${label && formatEndpoint(label)}`);
  }

  onReady(): void {
    for (let i = 0; i < DATAGRAMS_PER_TURN; i++) {
      if (this.#socket === undefined) return;
      const count = receiveBytesFrom(this.#socket);
      if (count === -ERRNO.EAGAIN || count === -ERRNO.EINTR) return;
      if (count < 0) return this.#report(-count);
      const from = receivedFrom();
      if (from === undefined) continue;
      if (this.#remote === undefined) {
        this.#options.onDatagram(received(count), endpointOf(from));
      } else if (isSameSocketAddress(from, this.#remote)) {
        this.#options.onDatagram(received(count), this.#options.remote ?? endpointOf(from));
      } // else a stranger's, queued between bind and connect
    }
  }

  [Symbol.dispose](): void {
    if (this.#socket === undefined) return;
    this.#watch.remove();
    this.#socket[Symbol.dispose]();
    this.#socket = undefined;
    this.#context.owned.delete(this);
  }

  #send(socket: Descriptor, data: Uint8Array, to: Endpoint | undefined): number {
    if (to === undefined) {
      if (this.#remote === undefined) throw new TypeError("Cannot send datagram: it has no destination");
      return sendBytes(socket, data);
    }
    if (this.#encoded?.to.address !== to.address || this.#encoded.to.port !== to.port) {
      this.#encoded = { to, bytes: encodeSockaddr(socketAddressOf(to)) };
    }
    return sendBytesTo(socket, data, this.#encoded.bytes);
  }

  #report(errno: number): void {
    if (this.#socket === undefined) return;
    const peer = this.#options.remote;
    const action = peer === undefined
      ? "receive datagram"
      : `exchange datagrams with ${formatEndpoint(peer)}`;
    this.#options.onError?.(new SystemError(errno, "recvfrom", action));
  }
}
