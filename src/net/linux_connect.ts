import {
  connectSocket,
  EPOLLOUT,
  localAddress,
  probeSocket,
  resetSocketOnClose,
  sendWithoutDelay,
  SystemError,
  takeSocketError,
} from "../../ffi/mod.ts";
import { familyOf, formatEndpoint } from "../core/endpoint.ts";
import type { ConnectOptions, StreamConnection } from "../core/net.ts";
import { bindStreamSocket } from "./linux_bind.ts";
import type { LinuxContext } from "./linux_context.ts";
import { letGo, LinuxStream, type Origin } from "./linux_stream.ts";
import type { ReadyHandler, Watch } from "./reactor.ts";
import { endpointOf, socketAddressOf } from "./socket_address.ts";

/**
 * Connects; see {@linkcode ConnectOptions}. Handlers are called in a later macrotask than the one that resolves
 * the promise, so the caller has the connection by then.
 *
 * @throws {SystemError} ECONNREFUSED, EADDRNOTAVAIL, …
 * @throws `signal.reason` if aborted before.
 */
export function connectLinuxStream(
  context: LinuxContext,
  options: ConnectOptions,
): Promise<StreamConnection> {
  return new Promise((resolve, reject) => {
    options.signal?.throwIfAborted();
    using rollback = new DisposableStack();
    const remote = socketAddressOf(options.remote);
    const origin = takeOrigin(context, options);
    const { socket } = origin;
    rollback.defer(() => letGo(origin));
    sendWithoutDelay(socket);
    if (options.probe) probeSocket(socket, options.probe);
    connectSocket(socket, remote, describe(options));
    new PendingConnect(context, { origin, options, resolve, reject });
    rollback.move();
  });
}

/** A spare socket where that was asked for and there is one, else a new one. */
function takeOrigin({ spares }: LinuxContext, options: ConnectOptions): Origin {
  const { local, usesSpareSocket = false } = options;
  const home = usesSpareSocket && local !== undefined ? spares.at(local) : undefined;
  const spare = home?.take();
  if (spare !== undefined) return { socket: spare, home };
  return { socket: bindStreamSocket(familyOf(options.remote.address), local, options), home: undefined };
}

function describe(options: ConnectOptions): string {
  const from = options.local ? ` from ${formatEndpoint(options.local)}` : "";
  return `${formatEndpoint(options.remote)}${from}`;
}

class PendingConnect implements ReadyHandler, Disposable {
  readonly #context: LinuxContext;
  readonly #options: ConnectOptions;
  readonly #resolve: (connection: StreamConnection) => void;
  readonly #reject: (error: unknown) => void;
  readonly #watch: Watch;
  readonly #onAbort = (): void => this.#cancel(this.#options.signal?.reason);
  #origin: Origin | undefined;

  constructor(
    context: LinuxContext,
    parts: {
      readonly origin: Origin;
      readonly options: ConnectOptions;
      readonly resolve: (connection: StreamConnection) => void;
      readonly reject: (error: unknown) => void;
    },
  ) {
    this.#context = context;
    this.#options = parts.options;
    this.#resolve = parts.resolve;
    this.#reject = parts.reject;
    this.#watch = context.reactor.watch(parts.origin.socket, EPOLLOUT, this);
    this.#origin = parts.origin;
    context.owned.add(this);
    this.#options.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  onReady(): void {
    if (this.#origin === undefined) return;
    const { socket, home } = this.#origin;
    const errno = takeSocketError(socket);
    if (errno !== 0) {
      return this.#cancel(new SystemError(errno, "connect", `connect to ${describe(this.#options)}`));
    }
    const stream = new LinuxStream(this.#context, {
      socket,
      home,
      watch: this.#watch,
      local: endpointOf(localAddress(socket)),
      remote: this.#options.remote,
    });
    this.#letGo();
    this.#context.reactor.defer(() => stream.start(this.#options));
    this.#resolve(stream);
  }

  /** The net closes while we wait. */
  [Symbol.dispose](): void {
    this.#cancel(new DOMException("The network was closed", "AbortError"));
  }

  #cancel(reason: unknown): void {
    const origin = this.#origin;
    if (origin === undefined) return;
    this.#letGo();
    this.#watch.remove();
    // The handshake may have been finished meanwhile: then RST, so that no FIN-WAIT holds the port.
    resetSocketOnClose(origin.socket);
    letGo(origin);
    this.#reject(reason);
  }

  #letGo(): void {
    this.#origin = undefined;
    this.#context.owned.delete(this);
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
  }
}
