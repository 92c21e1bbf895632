import { type Descriptor, EPOLLIN } from "../../../ffi/mod.ts";
import { BlockingEpoll, receiveInto } from "../ffi/load_calls.ts";
import { beginConnect, connectTo, isAgain, receiveExactly, sendAll } from "./sockets.ts";
import { SHORT_ANSWER_BYTES, WANTED } from "./wanted.ts";

/** What {@linkcode storm} is asked for. */
export interface StormOptions {
  readonly port: number;
  /** Connections at a time. */
  readonly concurrency: number;
  readonly durationMs: number;
  /** Ends earlier, after so many; absent: does not. */
  readonly count?: number;
}

/** Connections that got their whole answer, and others. */
export interface StormReport {
  readonly connections: number;
  readonly failures: number;
  readonly elapsedMs: number;
}

const REQUEST_BYTES = 80;

/** Opens connections, each for one small request and answer, the other side closing first. */
export function storm(options: StormOptions): StormReport {
  using epoll = new BlockingEpoll();
  const buffer = new Uint8Array(new ArrayBuffer(4096));
  const request = new Uint8Array(new ArrayBuffer(REQUEST_BYTES)).fill(WANTED.short);
  const running = new Map<number, { socket: Descriptor; received: number }>();
  const wanted = options.count ?? Infinity;
  let started = 0;
  let connections = 0;
  let failures = 0;
  const begin = (): void => {
    started++;
    const socket = beginConnect(options.port);
    // On loopback the handshake is over when connect() returns; where it is not, this waits.
    try {
      sendAll(socket.number, request);
    } catch {
      failures++;
      socket[Symbol.dispose]();
      return;
    }
    running.set(socket.number, { socket, received: 0 });
    epoll.add(socket.number, EPOLLIN);
  };
  const start = performance.now();
  const end = start + options.durationMs;
  while (performance.now() < end && connections + failures < wanted) {
    while (running.size < options.concurrency && started < wanted) begin();
    epoll.wait(100, (fd) => {
      const connection = running.get(fd);
      if (connection === undefined) return;
      const count = receiveInto(fd, buffer);
      if (count > 0) connection.received += count;
      if (count > 0 || isAgain(count)) return;
      if (count === 0 && connection.received === SHORT_ANSWER_BYTES) connections++;
      else failures++;
      running.delete(fd);
      connection.socket[Symbol.dispose]();
    });
  }
  const elapsedMs = performance.now() - start;
  for (const { socket } of running.values()) socket[Symbol.dispose]();
  return { connections, failures, elapsedMs };
}

/** Connections that do nothing. */
export class IdleConnections {
  readonly #sockets: Descriptor[] = [];

  /** Opens connections; each has proven that it leads to the target. @throws {Error} If one does not. */
  hold(options: { readonly port: number; readonly count: number }): number {
    const answer = new Uint8Array(new ArrayBuffer(1));
    for (let i = 0; i < options.count; i++) {
      const socket = connectTo(options.port);
      this.#sockets.push(socket);
      sendAll(socket.number, Uint8Array.of(WANTED.echo, i & 0xff));
      receiveExactly(socket.number, answer);
    }
    return this.#sockets.length;
  }

  /** Closes them all. */
  release(): number {
    const count = this.#sockets.length;
    for (const socket of this.#sockets.splice(0)) socket[Symbol.dispose]();
    return count;
  }
}
