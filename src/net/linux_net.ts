import { connectSocket, holdLibc, localAddress, openDatagramSocket } from "../../ffi/mod.ts";
import type { Clock } from "../core/clock.ts";
import { type Endpoint, type Family, familyOf, formatEndpoint } from "../core/endpoint.ts";
import type { Logger } from "../core/log.ts";
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
import { LinuxAddressWatch } from "./linux_address_watch.ts";
import { applyPathOptions } from "./linux_bind.ts";
import { connectLinuxStream } from "./linux_connect.ts";
import type { LinuxContext } from "./linux_context.ts";
import { openLinuxDatagram } from "./linux_datagram.ts";
import { listenLinuxStream } from "./linux_listener.ts";
import { reserveLinuxPort } from "./linux_reservation.ts";
import { Reactor } from "./reactor.ts";
import { resolveName } from "./resolve_name.ts";
import { endpointOf, socketAddressOf } from "./socket_address.ts";
import { SpareSocketIndex } from "./spare_sockets.ts";

/** The discard port: some address has to be named, and no packet leaves. */
const ANY_REMOTE_PORT = 9;

/** Sockets of libc in one epoll loop. Disposing closes every socket it opened, streams by RST. */
export class LinuxNet implements Net {
  readonly capability = "full";
  readonly #context: LinuxContext;
  readonly #libc: Disposable;
  #isClosed = false;

  private constructor(context: LinuxContext, libc: Disposable) {
    this.#context = context;
    this.#libc = libc;
  }

  /**
   * Loads libc and opens the epoll.
   *
   * @throws {Error} If there is no glibc or no permission for FFI.
   */
  static open(options: { readonly log: Logger; readonly clock: Clock }): LinuxNet {
    using rollback = new DisposableStack();
    const libc = rollback.use(holdLibc());
    const reactor = Reactor.open(options.log);
    rollback.move();
    return new LinuxNet({ ...options, reactor, owned: new Set(), spares: new SpareSocketIndex() }, libc);
  }

  // The methods are async so that every refusal is a rejection, never a throw.

  // deno-lint-ignore require-await
  async openDatagram(options: DatagramOptions): Promise<DatagramSocket> {
    this.#assertOpen();
    return openLinuxDatagram(this.#context, options);
  }

  async connectStream(options: ConnectOptions): Promise<StreamConnection> {
    this.#assertOpen();
    return await connectLinuxStream(this.#context, options);
  }

  // deno-lint-ignore require-await
  async listenStream(options: ListenOptions): Promise<StreamListener> {
    this.#assertOpen();
    return listenLinuxStream(this.#context, options);
  }

  // deno-lint-ignore require-await
  async reservePort(options: ReserveOptions): Promise<PortReservation> {
    this.#assertOpen();
    return reserveLinuxPort(this.#context, options);
  }

  // deno-lint-ignore require-await
  async localAddressTowards(remote: Endpoint, options: BindOptions = {}): Promise<string> {
    this.#assertOpen();
    const family = familyOf(remote.address);
    using socket = openDatagramSocket(family);
    applyPathOptions(socket, family, options);
    const port = remote.port === 0 ? ANY_REMOTE_PORT : remote.port;
    connectSocket(socket, socketAddressOf({ ...remote, port }), formatEndpoint(remote));
    return endpointOf(localAddress(socket)).address;
  }

  resolve(host: string, family: Family, signal?: AbortSignal): Promise<readonly string[]> {
    return resolveName(host, { family, clock: this.#context.clock, signal });
  }

  watchAddresses(onChange: () => void): Disposable {
    this.#assertOpen();
    return new LinuxAddressWatch(this.#context, onChange);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const resource of this.#context.owned) resource[Symbol.dispose]();
    await this.#context.reactor[Symbol.asyncDispose]();
    this.#libc[Symbol.dispose]();
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new TypeError("Cannot open socket: the network is closed");
  }
}
