import { type Descriptor, disconnectSocket, SystemError } from "../../ffi/mod.ts";
import type { Endpoint } from "../core/endpoint.ts";
import { formatEndpoint } from "../core/endpoint.ts";

/**
 * TCP sockets that were bound to an endpoint in advance. A listener without SO_REUSEPORT that came there later lets
 * nobody else bind, but what is bound can still connect; and a used one is disconnected (RST) and kept.
 */
export class SpareSockets implements Disposable {
  readonly #idle: Descriptor[];
  #isClosed = false;

  /** Takes the ownership of sockets that are bound and neither listen nor connect. */
  constructor(sockets: readonly Descriptor[]) {
    this.#idle = [...sockets];
  }

  /** How many wait. */
  get idleCount(): number {
    return this.#idle.length;
  }

  /** Hands one to a new owner, who gives it back; `undefined` if all are in use. */
  take(): Descriptor | undefined {
    return this.#idle.shift(); // the longest unused: its last destination has forgotten it
  }

  /** Takes one back; its connection ends by RST. */
  giveBack(socket: Descriptor): void {
    try {
      if (!this.#isClosed) disconnectSocket(socket);
    } catch (error) {
      socket[Symbol.dispose]();
      // One that the kernel will not disconnect is no spare any more; the others are.
      if (error instanceof SystemError) return;
      throw error;
    }
    if (this.#isClosed) socket[Symbol.dispose]();
    else this.#idle.push(socket);
  }

  /** Closes those that wait; the others when they are given back. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    for (const socket of this.#idle.splice(0)) socket[Symbol.dispose]();
  }
}

/** The spare sockets of one network, by the endpoint they are bound to. */
export class SpareSocketIndex {
  readonly #pools = new Map<string, SpareSockets>();

  /** The pool of an endpoint. */
  at(local: Endpoint): SpareSockets | undefined {
    return this.#pools.get(formatEndpoint(local));
  }

  /** Lists a pool until the result is disposed, which closes it. A later one of the same endpoint replaces it. */
  list(local: Endpoint, pool: SpareSockets): Disposable {
    const key = formatEndpoint(local);
    this.#pools.set(key, pool);
    return {
      [Symbol.dispose]: (): void => {
        if (this.#pools.get(key) === pool) this.#pools.delete(key);
        pool[Symbol.dispose]();
      },
    };
  }
}
