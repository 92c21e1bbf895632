import type { Endpoint, Family } from "./endpoint.ts";
import type {
  BindOptions,
  ConnectOptions,
  DatagramOptions,
  DatagramSocket,
  ListenOptions,
  Net,
  PortReservation,
  ReserveOptions,
  StreamConnection,
  StreamListener,
} from "./net.ts";

/**
 * A network that passes every call on to another one; a subclass changes what it is about. The other network stays
 * its owner's: disposing does nothing.
 */
export class NetView implements Net {
  readonly #net: Net;

  /** Opens nothing. */
  constructor(net: Net) {
    this.#net = net;
  }

  /** That of the other network. */
  get capability(): Net["capability"] {
    return this.#net.capability;
  }

  /** As {@linkcode Net.openDatagram}. */
  openDatagram(options: DatagramOptions): Promise<DatagramSocket> {
    return this.#net.openDatagram(options);
  }

  /** As {@linkcode Net.connectStream}. */
  connectStream(options: ConnectOptions): Promise<StreamConnection> {
    return this.#net.connectStream(options);
  }

  /** As {@linkcode Net.listenStream}. */
  listenStream(options: ListenOptions): Promise<StreamListener> {
    return this.#net.listenStream(options);
  }

  /** As {@linkcode Net.reservePort}. */
  reservePort(options: ReserveOptions): Promise<PortReservation> {
    return this.#net.reservePort(options);
  }

  /** As {@linkcode Net.localAddressTowards}. */
  localAddressTowards(remote: Endpoint, options?: BindOptions): Promise<string> {
    return this.#net.localAddressTowards(remote, options);
  }

  /** As {@linkcode Net.resolve}. */
  resolve(host: string, family: Family, signal?: AbortSignal): Promise<readonly string[]> {
    return this.#net.resolve(host, family, signal);
  }

  /** As {@linkcode Net.watchAddresses}. */
  watchAddresses(onChange: () => void): Disposable {
    return this.#net.watchAddresses(onChange);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
