import type { Endpoint } from "../core/endpoint.ts";
import type { DatagramSocket } from "../core/net.ts";

/** Datagrams that wait for a socket on its way; more are lost, as in a full queue on the wire. */
const WAITING_MAX = 64;

/**
 * A UDP socket that is still being opened. What is sent meanwhile waits; what the kernel refuses is lost, as on
 * the wire. Disposing closes the socket, also one that arrives later.
 */
export class LateDatagram implements Disposable {
  #waiting: { readonly data: Uint8Array; readonly to: Endpoint }[] = [];
  #socket: DatagramSocket | undefined;
  #isDisposed = false;

  /** Takes over the socket and sends what waited. */
  attach(socket: DatagramSocket): void {
    if (this.#isDisposed) return socket[Symbol.dispose]();
    this.#socket = socket;
    for (const { data, to } of this.#waiting) this.send(data, to);
    this.#waiting = [];
  }

  /** Sends a datagram or keeps a copy of it until the socket is there. */
  send(data: Uint8Array, to: Endpoint): void {
    if (this.#isDisposed) return;
    if (this.#socket === undefined) {
      if (this.#waiting.length < WAITING_MAX) this.#waiting.push({ data: data.slice(), to });
      return;
    }
    try {
      this.#socket.send(data, to);
    } catch {
      // A router loses what it cannot send, and tells nobody.
    }
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#waiting = [];
    this.#socket?.[Symbol.dispose]();
    this.#socket = undefined;
  }
}
