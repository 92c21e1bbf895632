import type { Clock } from "../core/clock.ts";
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
import { openPortableDatagram } from "./portable_datagram.ts";
import { refuseLinuxOptions } from "./portable_errors.ts";
import { guessLocalAddress } from "./portable_route.ts";
import { PortableSharedPorts } from "./portable_shared_port.ts";
import { connectPortableStream, listenPortableStream, type PortableStream } from "./portable_stream.ts";
import { resolveName } from "./resolve_name.ts";

/** Other systems have no notification that Deno passes on. */
const LOOK_INTERVAL_MS = 2000;

/** Something the runtime lets go of only later. */
interface Closable extends Disposable {
  readonly closed: Promise<void>;
}

/**
 * Sockets of the runtime, for systems without our FFI. A TCP port cannot be shared: connections out of it have to
 * be made while nobody listens on it. A UDP port is shared inside this process, by one socket. Disposing closes every socket it opened.
 */
export class PortableNet implements Net {
  readonly capability = "portable";
  readonly #clock: Clock;
  readonly #open = new Set<Closable>();
  readonly #watches = new Set<Disposable>();
  readonly #shared = new PortableSharedPorts();
  readonly #closing = new AbortController();

  constructor(options: { readonly clock: Clock }) {
    this.#clock = options.clock;
  }

  async openDatagram(options: DatagramOptions): Promise<DatagramSocket> {
    this.#assertOpen();
    if (options.reusePort !== true) return this.#keep(await openPortableDatagram(options));
    return await this.#shared.open(options, (socket) => this.#keep(socket));
  }

  async connectStream(options: ConnectOptions): Promise<StreamConnection> {
    this.#assertOpen();
    const stop = new AbortController();
    const pass = (): void => stop.abort(options.signal?.reason);
    const close = (): void => stop.abort(this.#closing.signal.reason);
    if (options.signal?.aborted) pass();
    options.signal?.addEventListener("abort", pass, { once: true });
    this.#closing.signal.addEventListener("abort", close, { once: true });
    try {
      return this.#keep(await connectPortableStream({ ...options, signal: stop.signal }));
    } finally {
      options.signal?.removeEventListener("abort", pass);
      this.#closing.signal.removeEventListener("abort", close);
    }
  }

  async listenStream(options: ListenOptions): Promise<StreamListener> {
    this.#assertOpen();
    return this.#keep(await listenPortableStream(options, (stream: PortableStream) => this.#keep(stream)));
  }

  /** Only looks for a port that is free now: here no socket can hold one without taking its connections. */
  async reservePort(options: BindOptions & { readonly local: Endpoint }): Promise<PortReservation> {
    this.#assertOpen();
    refuseLinuxOptions(options);
    const probe = await listenPortableStream(
      { local: options.local, onConnection: () => ({ onData(): void {}, onEnd(): void {} }) },
      (stream) => stream.abort(),
    );
    probe[Symbol.dispose]();
    await probe.closed;
    return { local: probe.local, [Symbol.dispose](): void {} };
  }

  /** A guess from the interfaces: node:dgram does not tell what a connected socket is bound to. */
  // deno-lint-ignore require-await
  async localAddressTowards(remote: Endpoint, options: BindOptions = {}): Promise<string> {
    this.#assertOpen();
    refuseLinuxOptions(options);
    return guessLocalAddress(remote, Deno.networkInterfaces());
  }

  resolve(host: string, family: Family, signal?: AbortSignal): Promise<readonly string[]> {
    return resolveName(host, { family, clock: this.#clock, signal });
  }

  watchAddresses(onChange: () => void): Disposable {
    let before = addressList();
    const timer = setInterval(() => {
      const now = addressList();
      if (now === before) return;
      before = now;
      onChange();
    }, LOOK_INTERVAL_MS);
    Deno.unrefTimer(timer);
    const watches = this.#watches;
    const watch: Disposable = {
      [Symbol.dispose](): void {
        watches.delete(watch);
        clearInterval(timer);
      },
    };
    watches.add(watch);
    return watch;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new DOMException("The network was closed", "AbortError"));
    for (const watch of this.#watches) watch[Symbol.dispose]();
    const open = [...this.#open];
    for (const resource of open) resource[Symbol.dispose]();
    await Promise.all(open.map((resource) => resource.closed));
  }

  #assertOpen(): void {
    if (this.#closing.signal.aborted) throw new TypeError("Cannot open socket: the network is closed");
  }

  #keep<T extends Closable>(resource: T): T {
    this.#open.add(resource);
    void resource.closed.then(() => this.#open.delete(resource));
    if (this.#closing.signal.aborted) resource[Symbol.dispose]();
    return resource;
  }
}

function addressList(): string {
  return Deno.networkInterfaces().map((it) => `${it.name} ${it.address} ${it.netmask}`).sort().join("\n");
}
