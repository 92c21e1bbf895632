import net from "node:net";
import { adoptInherited, type Descriptor, holdLibc, isListeningStream } from "../../ffi/mod.ts";
import { errorMessage } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";

/** Options for {@linkcode takeInheritedListeners}. */
export interface InheritedOptions {
  /** Reads an environment variable. */
  readonly readEnv: (name: string) => string | undefined;
  readonly log: Logger;
  /** @default {Deno.pid} */
  readonly pid?: number;
  /** Where the numbers begin. @default {3} */
  readonly firstFd?: number;
}

/** A listening socket that the program was started with. Disposing closes it. */
export interface InheritedListener extends Disposable {
  /** Its `FileDescriptorName=`; systemd's default is the name of the socket unit. */
  readonly name: string;
  /**
   * Pipes every connection to a Unix socket, byte for byte, with half-close and bounded buffers. This hands the
   * socket over: disposing the result closes it and every connection.
   *
   * Whoever can reach the inherited socket can reach the other one, so that one has to ask for a token by itself if
   * anybody has to.
   *
   * @param path Connected to anew for each connection; where that fails the visitor is turned away.
   * @throws {TypeError} If it serves already or is closed.
   */
  serve(path: string): Promise<AsyncDisposable>;
}

/** sd_listen_fds(3): SD_LISTEN_FDS_START. */
const FIRST_FD = 3;

/** No service is given more; anything above is a mistake. */
const MOST_FDS = 64;

/** Visitors at once; more are turned away. A status page has a handful. */
const MOST_CONNECTIONS = 256;

/**
 * Takes the sockets that systemd has opened for us (sd_listen_fds(3)); to be called once, before anything is started.
 *
 * They are ours only if `LISTEN_PID` says so. What is not a listening stream socket is closed and told. From then on
 * no hook inherits one. All that nobody serves should be disposed.
 */
export function takeInheritedListeners(options: InheritedOptions): readonly InheritedListener[] {
  const { readEnv, log, pid = Deno.pid, firstFd = FIRST_FD } = options;
  if (readEnv("LISTEN_PID") !== `${pid}`) return [];
  const text = readEnv("LISTEN_FDS") ?? "";
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count === 0) return [];
  if (count > MOST_FDS) {
    log.warn("Cannot use the sockets of the service manager", { reason: `LISTEN_FDS is ${text}` });
    return [];
  }
  const names = (readEnv("LISTEN_FDNAMES") ?? "").split(":");
  const listeners: InheritedListener[] = [];
  for (let i = 0; i < count; i++) {
    const name = names[i] || "unknown";
    try {
      listeners.push(adopt(firstFd + i, name, log));
    } catch (error) {
      log.warn("Cannot use a socket of the service manager", { name, reason: errorMessage(error) });
    }
  }
  return listeners;
}

function adopt(fd: number, name: string, log: Logger): InheritedListener {
  using owned = new DisposableStack();
  owned.use(holdLibc());
  const socket = owned.use(adoptInherited(fd));
  if (!isListeningStream(socket)) {
    throw new TypeError(`Cannot serve descriptor ${fd}: it does not listen for streams`);
  }
  return new AdoptedListener({ name, socket, log }, owned.move());
}

class AdoptedListener implements InheritedListener {
  readonly name: string;
  readonly #socket: Descriptor;
  readonly #log: Logger;
  readonly #owned: DisposableStack;

  constructor(
    parts: { readonly name: string; readonly socket: Descriptor; readonly log: Logger },
    owned: DisposableStack,
  ) {
    this.name = parts.name;
    this.#socket = parts.socket;
    this.#log = parts.log;
    this.#owned = owned;
  }

  async serve(path: string): Promise<AsyncDisposable> {
    const fd = this.#socket.release();
    this.#owned[Symbol.dispose]();
    const pipes = new PipeServer(path, this.#log);
    await pipes.listen(fd);
    return pipes;
  }

  [Symbol.dispose](): void {
    this.#owned[Symbol.dispose]();
  }
}

class PipeServer implements AsyncDisposable {
  readonly #path: string;
  readonly #log: Logger;
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();

  constructor(path: string, log: Logger) {
    this.#path = path;
    this.#log = log;
    this.#server = net.createServer({ allowHalfOpen: true }, (visitor) => this.#pipe(visitor));
    this.#server.maxConnections = MOST_CONNECTIONS;
  }

  listen(fd: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ fd }, () => {
        this.#server.off("error", reject);
        this.#server.on("error", (error) => this.#warn("Cannot accept a visitor", error));
        resolve();
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #pipe(visitor: net.Socket): void {
    const inner = net.connect({ path: this.#path, allowHalfOpen: true });
    this.#own(visitor, inner);
    this.#own(inner, visitor);
    let isConnected = false;
    inner.once("connect", () => isConnected = true);
    inner.once("error", (error) => {
      if (!isConnected) this.#warn("Cannot pass a visitor on", error);
    });
    // pipe() ends the other side when this one ends, and stops reading while the other one is full.
    visitor.pipe(inner);
    inner.pipe(visitor);
  }

  /** A side that closed for good takes the other one with it. */
  #own(socket: net.Socket, other: net.Socket): void {
    this.#sockets.add(socket);
    // One that breaks is closed by itself; `close` follows.
    socket.on("error", () => other.destroy());
    socket.on("close", () => {
      this.#sockets.delete(socket);
      if (!socket.writableFinished || !socket.readableEnded) other.destroy();
    });
  }

  #warn(message: string, error: unknown): void {
    this.#log.warn(message, { reason: errorMessage(error) });
  }
}
