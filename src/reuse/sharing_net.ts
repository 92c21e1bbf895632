import { type Endpoint, type Family, formatEndpoint } from "../core/endpoint.ts";
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
} from "../core/net.ts";
import { PortOpener, type PortOpenerOptions } from "./port_opener.ts";

/** Options for {@linkcode SharingNet}. */
export interface SharingNetOptions extends PortOpenerOptions {
  /** What opens the sockets; stays its owner's. */
  readonly net: Net;
  /** Bound in advance with each reserved port, for a service that comes later. @default {0} */
  readonly spareSockets?: number | undefined;
}

/** Enough for the anchor, its successor, and the lookups and witnesses of one moment. */
export const SPARE_SOCKETS = 8;

/**
 * A network whose shareable sockets (`reusePort`) can be bound to the port of a running service. Where the kernel says
 * EADDRINUSE it tries, in this order: a spare socket that was bound before the service came; a socket of the service's
 * user; making the service's sockets shareable. Listeners are opened as they are: nobody is to listen beside a service.
 *
 * What cannot be done is the kernel's EADDRINUSE with a {@linkcode PortShareError} as its `cause`. One for each
 * tunnel; disposing does nothing, the network and the sharing stay their owner's.
 */
export class SharingNet implements Net {
  readonly #options: SharingNetOptions;
  readonly #opener: PortOpener;

  /** Opens nothing. */
  constructor(options: SharingNetOptions) {
    this.#options = options;
    this.#opener = new PortOpener(options);
  }

  get capability(): Net["capability"] {
    return this.#options.net.capability;
  }

  /** @throws {TypeError} If the socket would be unconnected on a shared port, where it took the service's datagrams. */
  async openDatagram(options: DatagramOptions): Promise<DatagramSocket> {
    const { net } = this.#options;
    const { local, remote, reusePort = false } = options;
    if (!reusePort || local.port === 0) return await net.openDatagram(options);
    if (remote === undefined) {
      throw new TypeError(`Cannot share udp port ${formatEndpoint(local)}: the socket is not connected`);
    }
    return await this.#opener.open({
      ...{ protocol: "udp", local },
      open: (how) => net.openDatagram({ ...options, ...how }),
    });
  }

  async connectStream(options: ConnectOptions): Promise<StreamConnection> {
    const { net, spareSockets = 0 } = this.#options;
    const { local, signal, reusePort = false } = options;
    if (!reusePort || local === undefined || local.port === 0) return await net.connectStream(options);
    return await this.#opener.open({
      ...{ protocol: "tcp", local, signal },
      open: (how) => net.connectStream({ ...options, ...how }),
      openSpare: spareSockets > 0
        ? (): Promise<StreamConnection> => net.connectStream({ ...options, usesSpareSocket: true })
        : undefined,
    });
  }

  async reservePort(options: ReserveOptions): Promise<PortReservation> {
    const { net, spareSockets = 0 } = this.#options;
    const { local, reusePort = true } = options;
    if (!reusePort) return await net.reservePort(options);
    const wanted = { ...options, spareSockets };
    if (local.port === 0) return await net.reservePort(wanted);
    return await this.#opener.open({
      ...{ protocol: "tcp", local },
      open: (how) => net.reservePort({ ...wanted, ...how }),
    });
  }

  listenStream(options: ListenOptions): Promise<StreamListener> {
    return this.#options.net.listenStream(options);
  }

  localAddressTowards(remote: Endpoint, options?: BindOptions): Promise<string> {
    return this.#options.net.localAddressTowards(remote, options);
  }

  resolve(host: string, family: Family, signal?: AbortSignal): Promise<readonly string[]> {
    return this.#options.net.resolve(host, family, signal);
  }

  watchAddresses(onChange: () => void): Disposable {
    return this.#options.net.watchAddresses(onChange);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
