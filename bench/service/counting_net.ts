import type {
  DatagramOptions,
  DatagramSocket,
  ListenOptions,
  Net,
  StreamListener,
} from "../../src/core/net.ts";
import { OutsideNet } from "../../src/box/outside_net.ts";

/**
 * The network it is given, noting when something arrives at certain addresses: each datagram, and each connection,
 * as a lookup over TCP makes one for its one request.
 */
export class CountingNet extends OutsideNet {
  /** Addresses to watch; may be filled after the sockets are open. */
  readonly watched: Set<string> = new Set();
  readonly #onArrival: (address: string) => void;

  /** @param onArrival Called at each arrival, before whoever it is for. */
  constructor(net: Net, onArrival: (address: string) => void) {
    super(net, []);
    this.#onArrival = onArrival;
  }

  override openDatagram(options: DatagramOptions): Promise<DatagramSocket> {
    const { local: { address }, onDatagram } = options;
    return super.openDatagram({
      ...options,
      onDatagram: (data, from) => {
        if (this.watched.has(address)) this.#onArrival(address);
        onDatagram(data, from);
      },
    });
  }

  override listenStream(options: ListenOptions): Promise<StreamListener> {
    const { local: { address }, onConnection } = options;
    return super.listenStream({
      ...options,
      onConnection: (connection) => {
        if (this.watched.has(address)) this.#onArrival(address);
        return onConnection(connection);
      },
    });
  }
}
