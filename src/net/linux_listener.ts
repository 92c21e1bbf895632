import {
  acceptConnection,
  type Descriptor,
  EPOLLIN,
  listenSocket,
  localAddress,
  sendWithoutDelay,
  SOMAXCONN_BACKLOG,
} from "../../ffi/mod.ts";
import { type Endpoint, familyOf, formatEndpoint } from "../core/endpoint.ts";
import { errorCode } from "../core/errors.ts";
import type { ListenOptions, StreamListener } from "../core/net.ts";
import { bindStreamSocket } from "./linux_bind.ts";
import type { LinuxContext } from "./linux_context.ts";
import { LinuxStream } from "./linux_stream.ts";
import type { ReadyHandler, Watch } from "./reactor.ts";
import { endpointOf } from "./socket_address.ts";

/** Connections accepted before others get their turn. */
const ACCEPTS_PER_TURN = 64;

/** Pause after the kernel had no descriptor or memory: the waiting connection would be reported for ever. */
const EXHAUSTED_PAUSE_MS = 100;

const EXHAUSTED: ReadonlySet<string> = new Set(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"]);

/** Listens; see {@linkcode ListenOptions}. @throws {SystemError} EADDRINUSE, EACCES, … */
export function listenLinuxStream(context: LinuxContext, options: ListenOptions): StreamListener {
  using rollback = new DisposableStack();
  const socket = rollback.use(bindStreamSocket(familyOf(options.local.address), options.local, options));
  sendWithoutDelay(socket); // accepted connections inherit it
  listenSocket(socket, SOMAXCONN_BACKLOG, formatEndpoint(options.local));
  const listener = new LinuxListener(context, socket, options);
  rollback.move();
  return listener;
}

class LinuxListener implements StreamListener, ReadyHandler {
  readonly local: Endpoint;
  readonly #context: LinuxContext;
  readonly #options: ListenOptions;
  readonly #watch: Watch;
  #socket: Descriptor | undefined;
  #pause: Disposable | undefined;

  constructor(context: LinuxContext, socket: Descriptor, options: ListenOptions) {
    this.#context = context;
    this.#options = options;
    this.local = endpointOf(localAddress(socket));
    this.#watch = context.reactor.watch(socket, EPOLLIN, this);
    this.#socket = socket;
    context.owned.add(this);
  }

  onReady(): void {
    for (let i = 0; i < ACCEPTS_PER_TURN; i++) {
      if (this.#socket === undefined) return;
      try {
        if (!this.#accept(this.#socket)) return;
      } catch (error) {
        const code = errorCode(error);
        if (code === "EINTR" || code === "ECONNABORTED") continue; // one visitor gave up
        if (EXHAUSTED.has(code ?? "")) this.#rest();
        this.#options.onError?.(error instanceof Error ? error : new Error(String(error)));
        return;
      }
    }
  }

  [Symbol.dispose](): void {
    if (this.#socket === undefined) return;
    this.#pause?.[Symbol.dispose]();
    this.#watch.remove();
    this.#socket[Symbol.dispose]();
    this.#socket = undefined;
    this.#context.owned.delete(this);
  }

  /** @returns Whether there was one. */
  #accept(listener: Descriptor): boolean {
    const accepted = acceptConnection(listener);
    if (accepted === undefined) return false;
    using rollback = new DisposableStack();
    const socket = rollback.use(accepted.socket);
    const stream = new LinuxStream(this.#context, {
      socket,
      local: endpointOf(localAddress(socket)),
      remote: endpointOf(accepted.remote),
    });
    rollback.move();
    this.#hand(stream);
    return true;
  }

  #hand(stream: LinuxStream): void {
    try {
      stream.start(this.#options.onConnection(stream));
    } catch (error) {
      stream.abort();
      this.#context.log.error("Cannot handle connection", { error });
    }
  }

  #rest(): void {
    this.#watch.setInterest(0);
    this.#pause = this.#context.clock.schedule(EXHAUSTED_PAUSE_MS, () => {
      if (this.#socket !== undefined) this.#watch.setInterest(EPOLLIN);
    });
  }
}
