import type { Clock } from "../../core/clock.ts";
import { type Endpoint, isSameEndpoint } from "../../core/endpoint.ts";
import type { DatagramSocket } from "../../core/net.ts";

/** Options for {@linkcode UdpAccessSession}. */
export interface UdpAccessSessionOptions {
  /** Tells how long it has been silent. */
  readonly clock: Clock;
  /** Sends to the client. `data` is only valid during the call. */
  readonly reply: (data: Uint8Array) => void;
}

/** Datagrams kept until it is known where to; the rest is lost, as on the wire. */
const MOST_WAITING = 64;

/** One client's datagrams through a socket of its own. Disposing closes it. */
export class UdpAccessSession implements Disposable {
  readonly #options: UdpAccessSessionOptions;
  readonly #waiting: Uint8Array[] = [];
  #target: Endpoint | undefined;
  #socket: DatagramSocket | undefined;
  #activeMs: number;
  #unanswered = 0;
  #askedMs = 0;
  #isOver = false;

  /** Leads nowhere yet. */
  constructor(options: UdpAccessSessionOptions) {
    this.#options = options;
    this.#activeMs = options.clock.now();
  }

  /** Where its datagrams go, or will when the socket is there. */
  get target(): Endpoint | undefined {
    return this.#target;
  }

  /** Datagrams wait from now on until a socket to there is handed over; `undefined`: until there is another target. */
  redirect(target: Endpoint | undefined): void {
    this.#target = target;
    this.#unanswered = 0;
    this.#socket?.[Symbol.dispose]();
    this.#socket = undefined;
  }

  /** Passes a datagram of the client on. `data` is only valid during the call. */
  send(data: Uint8Array): void {
    const nowMs = this.#activeMs = this.#options.clock.now();
    if (this.#unanswered++ === 0) this.#askedMs = nowMs;
    if (this.#socket !== undefined) return this.#deliver(data);
    if (this.#waiting.length < MOST_WAITING) this.#waiting.push(data.slice());
  }

  /** Passes an answer to the client. `data` is only valid during the call. */
  receive(data: Uint8Array): void {
    if (this.#isOver) return;
    this.#activeMs = this.#options.clock.now();
    this.#unanswered = 0;
    this.#options.reply(data);
  }

  /** From now on it goes through this socket, which is the session's, unless it was meant for another target. */
  lead(socket: DatagramSocket, target: Endpoint): void {
    if (this.#isOver || this.#socket !== undefined || !isSameEndpoint(target, this.#target)) {
      return socket[Symbol.dispose]();
    }
    this.#socket = socket;
    for (const data of this.#waiting.splice(0)) this.#deliver(data);
  }

  /** Whether that many datagrams, the first of them so long ago, got no answer. */
  isUnanswered(datagrams: number, silenceMs: number): boolean {
    return this.#unanswered >= datagrams && this.#options.clock.now() - this.#askedMs >= silenceMs;
  }

  /** Whether nothing moved for so long. */
  isIdle(idleMs: number): boolean {
    return this.#options.clock.now() - this.#activeMs >= idleMs;
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#socket?.[Symbol.dispose]();
    this.#socket = undefined;
  }

  #deliver(data: Uint8Array): void {
    try {
      this.#socket?.send(data);
    } catch {
      // No way there for the moment: lost, as on the wire.
    }
  }
}
