import type { Server, Socket } from "node:net";
import { canonicalAddress, type Endpoint, familyOf, formatEndpoint } from "../core/endpoint.ts";
import type {
  ConnectOptions,
  ListenOptions,
  StreamConnection,
  StreamHandlers,
  StreamListener,
} from "../core/net.ts";
import { plainBytes, withAction } from "./portable_datagram.ts";
import { refuseLinuxOptions } from "./portable_errors.ts";

/** A connection of node:net; silent until {@linkcode PortableStream.start}. */
export class PortableStream implements StreamConnection {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** Settled once the runtime has let go of it. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  #handlers: StreamHandlers | undefined;
  #error: Error | undefined;
  #isClosed = false;
  #isOver = false;
  #isPaused = false;

  /** Takes the ownership of a connected, paused socket. */
  constructor(socket: Socket, remote?: Endpoint) {
    this.#socket = socket;
    this.local = endpointOf(socket.localAddress, socket.localPort);
    this.remote = remote ?? endpointOf(socket.remoteAddress, socket.remotePort);
    socket.on("error", (error) => this.#error = error);
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.#isClosed = true;
        this.#finish();
        resolve();
      });
    });
  }

  get pendingBytes(): number {
    return this.#isClosed ? 0 : this.#socket.writableLength;
  }

  /** From now on the handlers are called. */
  start(handlers: StreamHandlers): void {
    if (this.#isOver) return;
    this.#handlers = handlers;
    if (this.#isClosed) return this.#finish();
    this.#socket.on("data", (data) => {
      if (!this.#isOver) {
        handlers.onData(plainBytes(typeof data === "string" ? new TextEncoder().encode(data) : data));
      }
    });
    this.#socket.once("end", () => {
      if (this.#isOver) return;
      this.#isOver = true;
      handlers.onEnd();
    });
    if (!this.#isPaused) this.#socket.resume();
  }

  write(data: Uint8Array): void {
    if (this.#isClosed || this.#socket.writableEnded || this.#socket.destroyed) return;
    this.#socket.write(data.slice()); // node sends later
  }

  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (this.#isClosed || this.#handlers === undefined) return;
    if (isPaused) this.#socket.pause();
    else this.#socket.resume();
  }

  end(): void {
    if (!this.#isClosed && !this.#socket.writableEnded) this.#socket.end();
  }

  abort(): void {
    this.#isOver = true;
    if (!this.#isClosed) this.#socket.resetAndDestroy();
  }

  [Symbol.dispose](): void {
    this.abort();
  }

  #finish(): void {
    if (this.#isOver || this.#handlers === undefined) return;
    this.#isOver = true;
    this.#handlers.onEnd(
      this.#error ?? new Error(`Cannot keep connection to ${formatEndpoint(this.remote)}`),
    );
  }
}

function endpointOf(address: string | undefined, port: number | undefined): Endpoint {
  return { address: canonicalAddress(address ?? "") ?? "0.0.0.0", port: port ?? 0 };
}

/**
 * Connects by node:net. Weaker than Linux: SO_REUSEADDR is all that can be set before binding, so a port with
 * a listener on it cannot be connected from; of `probe` only the idle time is used.
 *
 * @throws `signal.reason` if aborted before the connection stands.
 */
export async function connectPortableStream(options: ConnectOptions): Promise<PortableStream> {
  refuseLinuxOptions(options);
  const { local, remote, signal } = options;
  signal?.throwIfAborted();
  const { connect } = await import("node:net");
  signal?.throwIfAborted();
  const socket = connect({
    host: remote.address,
    port: remote.port,
    family: familyOf(remote.address),
    noDelay: true,
    allowHalfOpen: true,
    ...(local ? { localAddress: local.address } : {}),
    ...(local && local.port !== 0 ? { localPort: local.port } : {}),
    ...(options.probe ? { keepAlive: true, keepAliveInitialDelay: options.probe.idleSeconds * 1000 } : {}),
  });
  socket.pause();
  return await new Promise((resolve, reject) => {
    const from = local ? ` from ${formatEndpoint(local)}` : "";
    const letGo = (): void => {
      socket.off("error", fail);
      signal?.removeEventListener("abort", stop);
    };
    const fail = (error: Error): void => {
      letGo();
      reject(withAction(error, `connect to ${formatEndpoint(remote)}${from}`));
    };
    const stop = (): void => {
      letGo();
      socket.on("error", () => {}); // of a connection nobody wants any more
      socket.once("close", () => reject(signal?.reason));
      socket.destroy();
    };
    socket.once("error", fail);
    signal?.addEventListener("abort", stop, { once: true });
    socket.once("connect", () => {
      if (signal?.aborted) return;
      letGo();
      const stream = new PortableStream(socket, remote);
      resolve(stream);
      setImmediate(() => stream.start(options));
    });
  });
}

/** A listener of node:net. */
export interface PortableListener extends StreamListener {
  /** Settled once the runtime has let go of it. */
  readonly closed: Promise<void>;
}

/** Listens by node:net. @param adopt Told of each connection before the owner is. */
export async function listenPortableStream(
  options: ListenOptions,
  adopt: (stream: PortableStream) => void,
): Promise<PortableListener> {
  refuseLinuxOptions(options);
  const { local } = options;
  const { createServer } = await import("node:net");
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error): void => reject(withAction(error, `listen on ${formatEndpoint(local)}`));
    server.once("error", fail);
    server.listen({ host: local.address, port: local.port, backlog: 511, ipv6Only: true }, () => {
      server.off("error", fail);
      resolve();
    });
  });
  server.on("error", (error) => options.onError?.(error));
  server.on("connection", (socket: Socket) => {
    const stream = new PortableStream(socket);
    adopt(stream);
    try {
      stream.start(options.onConnection(stream));
    } catch (error) {
      stream.abort();
      options.onError?.(error instanceof Error ? error : new Error(String(error)));
    }
  });
  return new NodeListener(server);
}

class NodeListener implements PortableListener {
  readonly local: Endpoint;
  readonly closed: Promise<void>;
  readonly #server: Server;
  #isClosed = false;

  constructor(server: Server) {
    this.#server = server;
    const address = server.address();
    this.local = typeof address === "object" && address !== null
      ? endpointOf(address.address, address.port)
      : { address: "0.0.0.0", port: 0 };
    this.closed = new Promise((resolve) => server.once("close", () => resolve()));
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#server.close();
  }
}
