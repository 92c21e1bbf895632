import type { Endpoint } from "../core/endpoint.ts";
import type { ConnectOptions, DatagramOptions, DatagramSocket, StreamConnection } from "../core/net.ts";
import { NetView } from "../core/net_view.ts";

/** A network that counts what leaves: datagrams and tries to connect. */
export class CountingNet extends NetView {
  #sends = 0;

  /** Datagrams sent and connections tried so far. */
  get sends(): number {
    return this.#sends;
  }

  /** As {@linkcode Net.openDatagram}. */
  override async openDatagram(options: DatagramOptions): Promise<DatagramSocket> {
    const socket = await super.openDatagram(options);
    return {
      local: socket.local,
      send: (data: Uint8Array, to?: Endpoint): void => {
        this.#sends++;
        socket.send(data, to);
      },
      [Symbol.dispose]: (): void => socket[Symbol.dispose](),
    };
  }

  /** As {@linkcode Net.connectStream}. */
  override connectStream(options: ConnectOptions): Promise<StreamConnection> {
    this.#sends++;
    return super.connectStream(options);
  }
}
