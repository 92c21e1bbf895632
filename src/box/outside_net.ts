import type { Endpoint } from "../core/endpoint.ts";
import type { ConnectOptions, DatagramOptions, DatagramSocket, ListenOptions, Net } from "../core/net.ts";
import type { PortReservation, StreamConnection, StreamListener } from "../core/net.ts";

/** An address as the inside knows it, and the one that stands for it on the outside of the box. */
export interface AddressPair {
  readonly inside: string;
  readonly outside: string;
}

/**
 * A view of the network for servers that live outside of the box. They believe to have the inside addresses,
 * and their sockets have the outside ones, so whatever a server says about its own addresses (OTHER-ADDRESS
 * and RESPONSE-ORIGIN of RFC 5780) is true for the inside too: the facades have just those addresses, and the
 * box never looks into what it carries. Ports are the same on both sides. Disposing leaves the real network
 * alone.
 */
export class OutsideNet implements Net {
  readonly #net: Net;
  readonly #outward: ReadonlyMap<string, string>;
  readonly #inward: ReadonlyMap<string, string>;

  constructor(net: Net, pairs: readonly AddressPair[]) {
    this.#net = net;
    this.#outward = new Map(pairs.map(({ inside, outside }) => [inside, outside]));
    this.#inward = new Map(pairs.map(({ inside, outside }) => [outside, inside]));
  }

  /** That of the real network. */
  get capability(): Net["capability"] {
    return this.#net.capability;
  }

  /** The endpoint on the outside for one of the inside; others stay as they are. */
  outsideOf(endpoint: Endpoint): Endpoint {
    return { address: this.#outward.get(endpoint.address) ?? endpoint.address, port: endpoint.port };
  }

  /** The endpoint on the inside for one of the outside; others stay as they are. */
  insideOf(endpoint: Endpoint): Endpoint {
    return { address: this.#inward.get(endpoint.address) ?? endpoint.address, port: endpoint.port };
  }

  /** As {@linkcode Net.openDatagram}, on the outside address. */
  async openDatagram(options: DatagramOptions): Promise<DatagramSocket> {
    const socket = await this.#net.openDatagram({
      ...options,
      local: this.outsideOf(options.local),
      remote: options.remote && this.outsideOf(options.remote),
      onDatagram: (data, from) => options.onDatagram(data, this.insideOf(from)),
    });
    return {
      local: this.insideOf(socket.local),
      send: (data, to): void => socket.send(data, to && this.outsideOf(to)),
      [Symbol.dispose]: (): void => socket[Symbol.dispose](),
    };
  }

  /** As {@linkcode Net.connectStream}, from and to the outside addresses. */
  async connectStream(options: ConnectOptions): Promise<StreamConnection> {
    const connection = await this.#net.connectStream({
      ...options,
      local: options.local && this.outsideOf(options.local),
      remote: this.outsideOf(options.remote),
    });
    return this.#viewOf(connection);
  }

  /** As {@linkcode Net.listenStream}, on the outside address. */
  async listenStream(options: ListenOptions): Promise<StreamListener> {
    const listener = await this.#net.listenStream({
      ...options,
      local: this.outsideOf(options.local),
      onConnection: (connection) => options.onConnection(this.#viewOf(connection)),
    });
    return {
      local: this.insideOf(listener.local),
      [Symbol.dispose]: (): void => listener[Symbol.dispose](),
    };
  }

  /** As {@linkcode Net.reservePort}, on the outside address. */
  async reservePort(options: Parameters<Net["reservePort"]>[0]): Promise<PortReservation> {
    const reservation = await this.#net.reservePort({ ...options, local: this.outsideOf(options.local) });
    return {
      local: this.insideOf(reservation.local),
      [Symbol.dispose]: (): void => reservation[Symbol.dispose](),
    };
  }

  /** As {@linkcode Net.localAddressTowards}. */
  async localAddressTowards(...args: Parameters<Net["localAddressTowards"]>): Promise<string> {
    const [remote, options] = args;
    const address = await this.#net.localAddressTowards(this.outsideOf(remote), options);
    return this.#inward.get(address) ?? address;
  }

  /** As {@linkcode Net.resolve}. */
  resolve(...args: Parameters<Net["resolve"]>): Promise<readonly string[]> {
    return this.#net.resolve(...args);
  }

  /** As {@linkcode Net.watchAddresses}. */
  watchAddresses(onChange: () => void): Disposable {
    return this.#net.watchAddresses(onChange);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The real network belongs to whoever opened it.
  }

  #viewOf(connection: StreamConnection): StreamConnection {
    return {
      local: this.insideOf(connection.local),
      remote: this.insideOf(connection.remote),
      write: (data): void => connection.write(data),
      get pendingBytes(): number {
        return connection.pendingBytes;
      },
      setPaused: (isPaused): void => connection.setPaused(isPaused),
      end: (): void => connection.end(),
      abort: (): void => connection.abort(),
      [Symbol.dispose]: (): void => connection.abort(),
    };
  }
}
