import type { Clock } from "../../src/core/clock.ts";
import {
  addressBytes,
  type Endpoint,
  type Family,
  familyOf,
  isSameEndpoint,
} from "../../src/core/endpoint.ts";
import {
  type BindOptions,
  type ConnectOptions,
  type DatagramOptions,
  type DatagramSocket,
  type ListenOptions,
  type Net,
  type PortReservation,
  ResolveError,
  type StreamConnection,
  type StreamListener,
} from "../../src/core/net.ts";
import { FakeDatagramSocket, kernelError } from "./fake_datagram.ts";
import { FakeStream } from "./fake_stream.ts";

export { kernelError } from "./fake_datagram.ts";

/** One datagram under way. */
export interface FakePacket {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly data: Uint8Array;
}

/** Options for {@linkcode FakeNet}. */
export interface FakeNetOptions {
  readonly clock: Clock;
  /** One way, for datagrams, connecting and stream data, in milliseconds. @default {10} */
  readonly latencyMs?: number;
  /** What {@linkcode Net.localAddressTowards} says for IPv4. @default {"192.168.1.2"} */
  readonly localAddress?: string;
}

/**
 * A network in memory: every address is local to it, datagrams and streams travel by the clock. Tests change
 * its public fields to make trouble.
 */
export class FakeNet implements Net {
  readonly capability = "full";
  readonly clock: Clock;
  latencyMs: number;
  localAddress: string;
  /** Host names; a missing one does not resolve, `"hang"` never answers. */
  readonly names: Map<string, readonly string[] | "hang"> = new Map();
  /** Names asked for, in order. */
  readonly resolved: string[] = [];
  /** Addresses that swallow everything sent to them; connecting to them hangs. */
  readonly silent: Set<string> = new Set();
  /** Addresses that refuse datagrams (ICMP port unreachable) when nobody listens. */
  refusesClosedPorts = false;
  /** A NAT or a loss: returns the packet as it goes on, or `undefined` to drop it. */
  route: (packet: FakePacket) => FakePacket | undefined = (packet) => packet;
  /** Every datagram as it was sent, before {@linkcode route}. */
  readonly sent: FakePacket[] = [];
  /** Addresses towards which connections were opened. */
  readonly connects: Endpoint[] = [];
  /** Stream data is handed over in pieces of this many bytes. */
  chunkBytes: number = Infinity;
  /** Sockets, listeners, connections and reservations not disposed yet. */
  readonly open: Set<object> = new Set();

  readonly #datagrams = new Set<FakeDatagramSocket>();
  readonly #listeners = new Map<object, { readonly options: ListenOptions; readonly local: Endpoint }>();
  readonly #watchers = new Set<() => void>();
  #nextPort = 40_000;

  constructor(options: FakeNetOptions) {
    this.clock = options.clock;
    this.latencyMs = options.latencyMs ?? 10;
    this.localAddress = options.localAddress ?? "192.168.1.2";
  }

  openDatagram(options: DatagramOptions): Promise<DatagramSocket> {
    const local = this.#bind(options.local, options.remote);
    const clash = [...this.#datagrams].some((one) =>
      isSameEndpoint(one.local, local) && !(one.options.reusePort && options.reusePort)
    );
    if (clash) return Promise.reject(kernelError("EADDRINUSE", "bind"));
    const socket = new FakeDatagramSocket(local, options, {
      send: (packet) => this.#carry(packet),
      close: () => {
        this.#datagrams.delete(socket);
        this.open.delete(socket);
      },
    });
    this.#datagrams.add(socket);
    this.open.add(socket);
    return Promise.resolve(socket);
  }

  connectStream(options: ConnectOptions): Promise<StreamConnection> {
    const { remote, signal } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    this.connects.push(remote);
    const local = this.#bind(options.local ?? { address: "0.0.0.0", port: 0 }, remote);
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        timer?.[Symbol.dispose]();
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", stop, { once: true });
      const timer = this.silent.has(remote.address)
        ? undefined
        : this.clock.schedule(this.latencyMs * 2, () => {
          signal?.removeEventListener("abort", stop);
          const listener = [...this.#listeners.values()].find((one) => isSameEndpoint(one.local, remote));
          if (listener === undefined) return reject(kernelError("ECONNREFUSED", "connect"));
          const ours = new FakeStream(this, local, remote);
          const theirs = new FakeStream(this, remote, local);
          ours.join(theirs);
          ours.handle(options);
          theirs.handle(listener.options.onConnection(theirs));
          resolve(ours);
        });
    });
  }

  listenStream(options: ListenOptions): Promise<StreamListener> {
    const local = this.#bind(options.local);
    if ([...this.#listeners.values()].some((one) => isSameEndpoint(one.local, local))) {
      return Promise.reject(kernelError("EADDRINUSE", "bind"));
    }
    const listener: StreamListener = {
      local,
      [Symbol.dispose]: (): void => {
        this.#listeners.delete(listener);
        this.open.delete(listener);
      },
    };
    this.#listeners.set(listener, { options, local });
    this.open.add(listener);
    return Promise.resolve(listener);
  }

  reservePort(options: BindOptions & { readonly local: Endpoint }): Promise<PortReservation> {
    const reservation: PortReservation = {
      local: this.#bind(options.local),
      [Symbol.dispose]: (): void => void this.open.delete(reservation),
    };
    this.open.add(reservation);
    return Promise.resolve(reservation);
  }

  localAddressTowards(remote: Endpoint): Promise<string> {
    return Promise.resolve(familyOf(remote.address) === 6 ? "2001:db8::2" : this.localAddress);
  }

  resolve(host: string, family: Family, signal?: AbortSignal): Promise<readonly string[]> {
    if (addressBytes(host) !== undefined) {
      return familyOf(host) === family
        ? Promise.resolve([host])
        : Promise.reject(new ResolveError(host, `not an IPv${family} address`));
    }
    if (signal?.aborted) return Promise.reject(signal.reason);
    this.resolved.push(host);
    const found = this.names.get(host);
    if (found === "hang") {
      return new Promise((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
    }
    const addresses = found?.filter((address) => familyOf(address) === family) ?? [];
    if (addresses.length === 0) return Promise.reject(new ResolveError(host, "no such name"));
    return Promise.resolve(addresses);
  }

  watchAddresses(onChange: () => void): Disposable {
    this.#watchers.add(onChange);
    return { [Symbol.dispose]: (): void => void this.#watchers.delete(onChange) };
  }

  /** Tells every watcher that addresses changed. */
  changeAddresses(localAddress: string): void {
    this.localAddress = localAddress;
    for (const watcher of [...this.#watchers]) watcher();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #bind(local: Endpoint, remote?: Endpoint): Endpoint {
    const isAny = local.address === "0.0.0.0" || local.address === "::";
    const address = isAny && remote
      ? (familyOf(remote.address) === 6 ? "2001:db8::2" : this.localAddress)
      : local.address;
    return { address, port: local.port === 0 ? this.#nextPort++ : local.port };
  }

  #carry(packet: FakePacket): void {
    this.sent.push(packet);
    const routed = this.route(packet);
    if (routed === undefined || this.silent.has(routed.to.address)) return;
    this.clock.schedule(this.latencyMs, () => this.#arrive(routed, packet));
  }

  /** Like the kernel: a socket connected to the sender goes before one that is not connected. */
  #arrive(routed: FakePacket, original: FakePacket): void {
    const bound = [...this.#datagrams].filter(({ local }) =>
      local.port === routed.to.port && (local.address === routed.to.address || local.address === "0.0.0.0")
    );
    const taker =
      bound.find(({ options }) => options.remote && isSameEndpoint(options.remote, routed.from)) ??
        bound.find(({ options }) => options.remote === undefined);
    if (taker !== undefined) return taker.options.onDatagram(routed.data.slice(), routed.from);
    if (!this.refusesClosedPorts) return;
    const sender = [...this.#datagrams].find(({ local, options }) =>
      isSameEndpoint(local, original.from) && options.remote && isSameEndpoint(options.remote, original.to)
    );
    this.clock.schedule(this.latencyMs, () => sender?.options.onError?.(kernelError("ECONNREFUSED", "recv")));
  }
}
