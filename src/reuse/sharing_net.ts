import { formatEndpoint } from "../core/endpoint.ts";
import type {
  ConnectOptions,
  DatagramOptions,
  DatagramSocket,
  Net,
  PortReservation,
  ReserveOptions,
  StreamConnection,
} from "../core/net.ts";
import { NetView } from "../core/net_view.ts";
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
export class SharingNet extends NetView {
  readonly #options: SharingNetOptions;
  readonly #opener: PortOpener;

  /** Opens nothing. */
  constructor(options: SharingNetOptions) {
    super(options.net);
    this.#options = options;
    this.#opener = new PortOpener(options);
  }

  /** @throws {TypeError} If the socket would be unconnected on a shared port, where it took the service's datagrams. */
  override async openDatagram(options: DatagramOptions): Promise<DatagramSocket> {
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

  override async connectStream(options: ConnectOptions): Promise<StreamConnection> {
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

  override async reservePort(options: ReserveOptions): Promise<PortReservation> {
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
}
