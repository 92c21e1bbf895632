import type { Clock } from "../../src/core/clock.ts";
import type { Endpoint } from "../../src/core/endpoint.ts";
import type { StreamConnection, StreamHandlers } from "../../src/core/net.ts";
import { kernelError } from "./fake_datagram.ts";

/** What a stream needs of its network. */
interface StreamNet {
  readonly clock: Clock;
  readonly latencyMs: number;
  readonly chunkBytes: number;
  readonly silent: ReadonlySet<string>;
  readonly open: Set<object>;
}

/** One side of a TCP connection of FakeNet. */
export class FakeStream implements StreamConnection {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #net: StreamNet;
  #peer: FakeStream | undefined;
  #handlers: StreamHandlers | undefined;
  #isClosed = false;
  #hasEnded = false;
  #wasTold = false;
  #isPaused = false;
  /** What arrived while paused, in order. */
  readonly #held: (() => void)[] = [];

  constructor(net: StreamNet, local: Endpoint, remote: Endpoint) {
    this.#net = net;
    this.local = local;
    this.remote = remote;
    net.open.add(this);
  }

  /** Wires both sides together. */
  join(peer: FakeStream): void {
    this.#peer = peer;
    peer.#peer = this;
  }

  /** Sets who is told what arrives. */
  handle(handlers: StreamHandlers): void {
    this.#handlers = handlers;
  }

  get pendingBytes(): number {
    return 0;
  }

  write(data: Uint8Array): void {
    if (this.#isClosed || this.#hasEnded) return;
    for (let start = 0; start < data.length;) {
      const piece = data.slice(start, start + Math.min(this.#net.chunkBytes, data.length));
      start += piece.length;
      this.#deliver((peer) => peer.#take(() => peer.#handlers?.onData(piece)));
    }
  }

  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    while (!this.#isPaused && this.#held.length > 0) this.#held.shift()?.();
  }

  end(): void {
    if (this.#isClosed || this.#hasEnded) return;
    this.#hasEnded = true;
    this.#deliver((peer) => peer.#take(() => peer.#tellEnd()));
  }

  abort(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#net.open.delete(this);
    this.#deliver((peer) => peer.#tellEnd(kernelError("ECONNRESET", "read")));
  }

  [Symbol.dispose](): void {
    this.abort();
  }

  #deliver(act: (peer: FakeStream) => void): void {
    if (this.#net.silent.has(this.remote.address) || this.#net.silent.has(this.local.address)) return;
    const peer = this.#peer;
    this.#net.clock.schedule(this.#net.latencyMs, () => {
      if (peer !== undefined && !peer.#isClosed) act(peer);
    });
  }

  #take(act: () => void): void {
    if (this.#isPaused) this.#held.push(act);
    else act();
  }

  #tellEnd(error?: Error): void {
    if (this.#wasTold || this.#isClosed) return;
    this.#wasTold = true;
    this.#handlers?.onEnd(error);
  }
}
