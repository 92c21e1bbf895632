import { delay } from "../core/clock.ts";
import type { Endpoint, Family } from "../core/endpoint.ts";
import type {
  BindOptions,
  ConnectOptions,
  DatagramOptions,
  DatagramSocket,
  ListenOptions,
  Net,
  PortReservation,
  StreamConnection,
  StreamListener,
} from "../core/net.ts";
import type { Platform } from "../core/platform.ts";
import type { ServingTurn } from "./serving_turn.ts";

/**
 * By now a connecting socket is bound, and a listener can come beside it. A keep-alive host that answers no SYN
 * must not keep visitors out until the attempt is given up.
 */
const BOUND_WITHIN_MS = 500;

/**
 * A network whose connections wait for the port of a {@linkcode ServingTurn}. Everything else is the network's
 * own; disposing does nothing.
 */
export class TurnNet implements Net {
  readonly #platform: Platform;
  readonly #turn: ServingTurn;

  constructor(platform: Platform, turn: ServingTurn) {
    this.#platform = platform;
    this.#turn = turn;
  }

  get capability(): Net["capability"] {
    return this.#platform.net.capability;
  }

  async connectStream(options: ConnectOptions): Promise<StreamConnection> {
    const { net, clock } = this.#platform;
    using turn = await this.#turn.enter();
    const settled = new AbortController();
    const connecting = net.connectStream(options).finally(() => settled.abort());
    await Promise.race([connecting, delay(clock, BOUND_WITHIN_MS, settled.signal)]).catch(() => {});
    turn[Symbol.dispose]();
    return await connecting;
  }

  openDatagram(options: DatagramOptions): Promise<DatagramSocket> {
    return this.#platform.net.openDatagram(options);
  }

  listenStream(options: ListenOptions): Promise<StreamListener> {
    return this.#platform.net.listenStream(options);
  }

  reservePort(options: BindOptions & { readonly local: Endpoint }): Promise<PortReservation> {
    return this.#platform.net.reservePort(options);
  }

  localAddressTowards(remote: Endpoint, options?: BindOptions): Promise<string> {
    return this.#platform.net.localAddressTowards(remote, options);
  }

  resolve(host: string, family: Family, signal?: AbortSignal): Promise<readonly string[]> {
    return this.#platform.net.resolve(host, family, signal);
  }

  watchAddresses(onChange: () => void): Disposable {
    return this.#platform.net.watchAddresses(onChange);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
