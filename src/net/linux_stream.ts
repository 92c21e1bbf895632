import {
  type Descriptor,
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  ERRNO,
  isBufferFull,
  receiveBytes,
  received,
  resetSocketOnClose,
  sendBytes,
  shutdownWrite,
  SystemError,
  takeSocketError,
} from "../../ffi/mod.ts";
import { type Endpoint, formatEndpoint } from "../core/endpoint.ts";
import type { StreamConnection, StreamHandlers } from "../core/net.ts";
import type { LinuxContext } from "./linux_context.ts";
import type { ReadyHandler, Watch } from "./reactor.ts";
import type { SpareSockets } from "./spare_sockets.ts";

/** Full buffers read from one stream before others get their turn. */
const READS_PER_TURN = 4;

/** A socket, and where it goes when its owner is done with it. */
export interface Origin {
  readonly socket: Descriptor;
  /** It is one of these; else it is closed. */
  readonly home?: SpareSockets | undefined;
}

/** The owner is done with it. */
export function letGo({ socket, home }: Origin): void {
  if (home === undefined) socket[Symbol.dispose]();
  else home.giveBack(socket);
}

/** A TCP connection that stands; it is silent until {@linkcode LinuxStream.start}. */
export class LinuxStream implements StreamConnection, ReadyHandler {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #context: LinuxContext;
  readonly #home: SpareSockets | undefined;
  #socket: Descriptor | undefined;
  #watch: Watch | undefined;
  #handlers: StreamHandlers | undefined;
  #queue: Uint8Array[] = [];
  #pendingBytes = 0;
  #isPaused = false;
  /** end() was called. */
  #isEnding = false;
  /** Our FIN went out. */
  #isWriteEnded = false;
  /** The peer's FIN was read, and onEnd called. */
  #isReadEnded = false;
  /** Writing failed; onEnd follows. */
  #hasFailed = false;

  /** Takes the ownership of the socket, and of its watch if it has one. */
  constructor(
    context: LinuxContext,
    parts: Origin & {
      readonly watch?: Watch;
      readonly local: Endpoint;
      readonly remote: Endpoint;
    },
  ) {
    this.#context = context;
    this.#socket = parts.socket;
    this.#home = parts.home;
    this.#watch = parts.watch;
    this.local = parts.local;
    this.remote = parts.remote;
    if (parts.watch) {
      parts.watch.handler = this;
      parts.watch.setInterest(0);
    }
    context.owned.add(this);
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** From now on the handlers are called. */
  start(handlers: StreamHandlers): void {
    if (this.#socket === undefined) return;
    this.#handlers = handlers;
    this.#updateInterest();
  }

  write(data: Uint8Array): void {
    if (this.#socket === undefined || this.#isEnding || this.#hasFailed || data.length === 0) return;
    let sent = 0;
    if (this.#queue.length === 0) {
      sent = sendBytes(this.#socket, data);
      if (sent === data.length) return;
      if (sent === -ERRNO.EAGAIN) sent = 0;
      if (sent < 0) return this.#failLater(-sent);
    }
    this.#queue.push(data.slice(sent));
    this.#pendingBytes += data.length - sent;
    this.#updateInterest();
  }

  setPaused(isPaused: boolean): void {
    if (this.#isPaused === isPaused) return;
    this.#isPaused = isPaused;
    this.#updateInterest();
  }

  end(): void {
    if (this.#socket === undefined || this.#isEnding) return;
    this.#isEnding = true;
    if (this.#queue.length === 0) this.#endWriting();
  }

  abort(): void {
    if (this.#socket === undefined) return;
    resetSocketOnClose(this.#socket);
    this.#close();
  }

  [Symbol.dispose](): void {
    this.abort();
  }

  onReady(events: number): void {
    if (this.#handlers === undefined) return;
    if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) !== 0) {
      if (this.#isPaused || this.#isReadEnded) this.#lookForEnd(events);
      else this.#read(this.#handlers);
    }
    if ((events & EPOLLOUT) !== 0) this.#flush();
  }

  #read(handlers: StreamHandlers): void {
    for (let i = 0; i < READS_PER_TURN; i++) {
      if (this.#socket === undefined || this.#isPaused) return;
      const count = receiveBytes(this.#socket);
      if (count === -ERRNO.EAGAIN || count === -ERRNO.EINTR) return;
      if (count < 0) return this.#finish(-count);
      if (count === 0) return this.#endReading(handlers);
      handlers.onData(received(count));
      if (!isBufferFull(count)) return;
    }
  }

  #endReading(handlers: StreamHandlers): void {
    this.#isReadEnded = true;
    if (this.#isWriteEnded) this.#close();
    else this.#updateInterest();
    handlers.onEnd();
  }

  /** EPOLLERR and EPOLLHUP come even while we do not read. */
  #lookForEnd(events: number): void {
    if (this.#socket === undefined || (events & (EPOLLERR | EPOLLHUP)) === 0) return;
    const errno = takeSocketError(this.#socket);
    if (errno !== 0) return this.#finish(errno);
    if ((events & EPOLLHUP) === 0) return;
    if (this.#isReadEnded) return this.#close();
    // Both sides have ended and bytes of the peer wait for the owner to resume; EPOLLHUP would be told for ever.
    this.#watch?.remove();
    this.#watch = undefined;
  }

  #flush(): void {
    while (this.#socket !== undefined) {
      const chunk = this.#queue[0];
      if (chunk === undefined) break;
      const sent = sendBytes(this.#socket, chunk);
      if (sent === -ERRNO.EAGAIN) return;
      if (sent < 0) return this.#finish(-sent);
      this.#pendingBytes -= sent;
      if (sent === chunk.length) this.#queue.shift();
      else this.#queue[0] = chunk.subarray(sent);
    }
    this.#updateInterest();
    if (this.#isEnding && !this.#isWriteEnded) this.#endWriting();
  }

  #endWriting(): void {
    if (this.#socket === undefined) return;
    this.#isWriteEnded = true;
    if (this.#isReadEnded) return this.#close(); // close() sends the FIN
    try {
      shutdownWrite(this.#socket);
    } catch {
      // ENOTCONN: the peer has reset it, which the next event tells.
    }
  }

  #updateInterest(): void {
    if (this.#socket === undefined) return;
    const isReading = this.#handlers !== undefined && !this.#isPaused && !this.#isReadEnded;
    const interest = (isReading ? EPOLLIN : 0) | (this.#queue.length > 0 ? EPOLLOUT : 0);
    if (this.#watch !== undefined) this.#watch.setInterest(interest);
    else if (this.#handlers !== undefined) {
      this.#watch = this.#context.reactor.watch(this.#socket, interest, this);
    }
  }

  /** Owners never hear of an error inside their own write(). */
  #failLater(errno: number): void {
    this.#hasFailed = true;
    this.#context.reactor.defer(() => this.#finish(errno));
  }

  #finish(errno: number): void {
    if (this.#socket === undefined) return;
    this.#close();
    if (this.#isReadEnded) return;
    this.#isReadEnded = true;
    const action = `keep connection to ${formatEndpoint(this.remote)}`;
    this.#handlers?.onEnd(new SystemError(errno, "recv", action));
  }

  #close(): void {
    if (this.#socket === undefined) return;
    this.#watch?.remove();
    this.#watch = undefined;
    letGo({ socket: this.#socket, home: this.#home });
    this.#socket = undefined;
    this.#queue = [];
    this.#pendingBytes = 0;
    this.#context.owned.delete(this);
  }
}
