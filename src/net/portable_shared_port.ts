import { type Endpoint, formatEndpoint, isSameEndpoint } from "../core/endpoint.ts";
import type { DatagramOptions, DatagramSocket } from "../core/net.ts";
import { openPortableDatagram, type PortableDatagram } from "./portable_datagram.ts";

/** One who shares a port. */
interface Sharer {
  readonly remote: Endpoint | undefined;
  readonly onDatagram: DatagramOptions["onDatagram"];
  readonly onError: DatagramOptions["onError"];
}

/**
 * UDP ports of this process that several users share, each through one socket of the runtime: who has the port by
 * SO_REUSEADDR alone gets whatever the system likes. A datagram goes to whoever is connected to its sender, else
 * to the last who is connected to nobody.
 */
export class PortableSharedPorts {
  readonly #ports = new Map<string, SharedPort>();
  #opening: Promise<unknown> = Promise.resolve();

  /**
   * Opens a user's share.
   *
   * @param adopt Told of each socket of the runtime.
   * @throws {Error} With the kernel's `code` if the endpoint cannot be bound.
   */
  async open(options: DatagramOptions, adopt: (socket: PortableDatagram) => void): Promise<DatagramSocket> {
    const opened = this.#opening.then(() => this.#open(options, adopt));
    this.#opening = opened.catch(() => {});
    return await opened;
  }

  async #open(options: DatagramOptions, adopt: (socket: PortableDatagram) => void): Promise<DatagramSocket> {
    const known = this.#ports.get(formatEndpoint(options.local));
    if (known !== undefined && !known.hasEnded) return known.join(options);
    await known?.socket.closed; // until then the runtime has the port
    const port = await SharedPort.open(options);
    const key = formatEndpoint(port.local);
    this.#ports.set(key, port);
    void port.socket.closed.then(() => {
      if (this.#ports.get(key) === port) this.#ports.delete(key);
    });
    adopt(port.socket);
    return port.join(options);
  }
}

class SharedPort {
  readonly socket: PortableDatagram;
  readonly #sharers: Set<Sharer>;
  #hasEnded = false;

  private constructor(socket: PortableDatagram, sharers: Set<Sharer>) {
    this.socket = socket;
    this.#sharers = sharers;
    void socket.closed.then(() => this.#hasEnded = true);
  }

  /** The last sharer has gone. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  static async open(options: DatagramOptions): Promise<SharedPort> {
    const sharers = new Set<Sharer>();
    const { local, device, mark, reusePort } = options;
    const socket = await openPortableDatagram({
      ...{ local, device, mark, reusePort },
      onDatagram: (data, from) => {
        const all = [...sharers];
        const theirs = all.findLast(({ remote }) => isSameEndpoint(remote, from)) ??
          all.findLast(({ remote }) => remote === undefined);
        theirs?.onDatagram(data, from);
      },
      onError: (error) => {
        for (const { onError } of [...sharers]) onError?.(error);
      },
    });
    return new SharedPort(socket, sharers);
  }

  get local(): Endpoint {
    return this.socket.local;
  }

  join({ remote, onDatagram, onError }: DatagramOptions): DatagramSocket {
    const sharer: Sharer = { remote, onDatagram, onError };
    this.#sharers.add(sharer);
    return {
      local: this.local,
      send: (data, to): void => {
        if (!this.#sharers.has(sharer)) throw new TypeError("Cannot send datagram: the socket is closed");
        this.socket.send(data, remote ?? to);
      },
      [Symbol.dispose]: (): void => {
        if (!this.#sharers.delete(sharer) || this.#sharers.size > 0) return;
        this.#hasEnded = true;
        this.socket[Symbol.dispose]();
      },
    };
  }
}
