/**
 * `target.ts`: what forwarders forward to. One TCP and one UDP port on loopback, printed as a JSON line. The first
 * byte of a connection says what is wanted (see {@linkcode WANTED}). It runs until it is killed or
 * its standard input ends.
 */
import {
  acceptConnection,
  type Descriptor,
  EPOLLIN,
  EPOLLOUT,
  resetSocketOnClose,
  sendWithoutDelay,
  shutdownWrite,
} from "../../../ffi/mod.ts";
import { errorCode } from "../../../src/core/errors.ts";
import { BlockingEpoll, DatagramBurst, receiveInto, sendFrom } from "../ffi/load_calls.ts";
import { isAgain, listenOnLoopback, openUdp, portOf } from "./sockets.ts";
import { UdpEcho } from "./udp_echo.ts";
import { SHORT_ANSWER_BYTES, type TargetCounts, WANTED } from "./wanted.ts";

interface Connection {
  readonly socket: Descriptor;
  wanted: number | undefined;
  received: number;
  /** What an echo could not send yet; nothing is read meanwhile. */
  pending: Uint8Array<ArrayBuffer> | undefined;
}

const CHUNK_BYTES = 65536;
const STANDARD_INPUT = 0;

/** Serves everything in one thread with blocking waits, as cheaply as it can be done here. */
class Target {
  readonly #epoll = new BlockingEpoll();
  readonly #listener = listenOnLoopback(0);
  readonly #udp = openUdp(0);
  readonly #echo = new UdpEcho(this.#udp);
  readonly #connections = new Map<number, Connection>();
  readonly #buffer = new Uint8Array(new ArrayBuffer(CHUNK_BYTES));
  readonly #source = new Uint8Array(new ArrayBuffer(CHUNK_BYTES * 4)).fill(0x71);
  readonly #burst = new DatagramBurst(64, 2048);
  #echoesDatagrams = false;
  #counts: TargetCounts = emptyCounts();

  run(): void {
    const { number: listener } = this.#listener;
    const { number: udp } = this.#udp;
    this.#epoll.add(listener, EPOLLIN);
    this.#epoll.add(udp, EPOLLIN);
    this.#epoll.add(STANDARD_INPUT, EPOLLIN);
    print({ tcp: portOf(this.#listener), udp: portOf(this.#udp) });
    for (;;) {
      this.#epoll.wait(-1, (fd, events) => {
        // It ends when whoever started this is gone, however that ended.
        if (fd === STANDARD_INPUT) Deno.exit(0);
        if (fd === listener) this.#accept();
        else if (fd === udp) this.#takeDatagrams();
        else this.#serve(fd, events);
      });
    }
  }

  #accept(): void {
    for (let i = 0; i < 64; i++) {
      const accepted = acceptConnection(this.#listener);
      if (accepted === undefined) return;
      const { socket } = accepted;
      sendWithoutDelay(socket);
      this.#connections.set(socket.number, { socket, wanted: undefined, received: 0, pending: undefined });
      this.#epoll.add(socket.number, EPOLLIN);
    }
  }

  #serve(fd: number, events: number): void {
    const connection = this.#connections.get(fd);
    if (connection === undefined) return;
    if ((events & EPOLLOUT) !== 0) return this.#sendMore(connection);
    const count = receiveInto(fd, this.#buffer);
    if (isAgain(count)) return;
    if (count <= 0) return this.#end(connection, count);
    const skipped = connection.wanted === undefined ? 1 : 0;
    connection.wanted ??= this.#buffer[0];
    connection.received += count - skipped;
    this.#answer(connection, this.#buffer.subarray(skipped, count));
  }

  #answer(connection: Connection, data: Uint8Array<ArrayBuffer>): void {
    const { socket, wanted } = connection;
    switch (wanted) {
      case WANTED.source:
        this.#epoll.change(socket.number, EPOLLOUT);
        return;
      case WANTED.echo:
        return this.#echoBack(connection, data);
      case WANTED.short:
        sendFrom(socket.number, this.#source.subarray(0, SHORT_ANSWER_BYTES));
        return this.#close(connection);
      case WANTED.reset:
        resetSocketOnClose(socket);
        return this.#close(connection);
      case WANTED.counts:
        sendFrom(socket.number, new TextEncoder().encode(JSON.stringify(this.#counts)));
        this.#counts = emptyCounts();
        return this.#close(connection);
      case WANTED.datagramEcho:
      case WANTED.datagramCount:
        this.#echoesDatagrams = wanted === WANTED.datagramEcho;
        return this.#close(connection);
    }
  }

  #echoBack(connection: Connection, data: Uint8Array<ArrayBuffer>): void {
    if (data.length === 0) return;
    const sent = sendFrom(connection.socket.number, data);
    if (sent < 0 && !isAgain(sent)) return this.#close(connection);
    const done = Math.max(0, sent);
    if (done === data.length) return;
    connection.pending = data.slice(done);
    this.#epoll.change(connection.socket.number, EPOLLOUT);
  }

  #sendMore(connection: Connection): void {
    const { socket, pending } = connection;
    if (pending === undefined) {
      const sent = sendFrom(socket.number, this.#source);
      if (sent < 0 && !isAgain(sent)) this.#close(connection);
      return;
    }
    connection.pending = undefined;
    this.#epoll.change(socket.number, EPOLLIN);
    this.#echoBack(connection, pending);
  }

  #end(connection: Connection, result: number): void {
    const { socket, wanted, received } = connection;
    if (result < 0) this.#counts.resets++;
    else this.#counts.ends++;
    if (result === 0 && wanted === WANTED.sink) {
      sendFrom(socket.number, new Uint8Array(new Float64Array([received]).buffer));
    }
    if (result === 0 && wanted === WANTED.echo) endWriting(socket);
    this.#close(connection);
  }

  #close(connection: Connection): void {
    this.#connections.delete(connection.socket.number);
    connection.socket[Symbol.dispose]();
  }

  #takeDatagrams(): void {
    if (this.#echoesDatagrams) return this.#echo.run();
    const count = this.#burst.receive(this.#udp.number);
    for (let i = 0; i < count; i++) this.#counts.datagramBytes += this.#burst.lengthAt(i);
    if (count > 0) this.#counts.datagrams += count;
  }
}

function emptyCounts(): TargetCounts {
  return { datagrams: 0, datagramBytes: 0, resets: 0, ends: 0 };
}

function print(value: unknown): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
}

function endWriting(socket: Descriptor): void {
  try {
    shutdownWrite(socket);
  } catch (error) {
    // The peer has reset it meanwhile, which is an end as well.
    if (errorCode(error) !== "ENOTCONN") throw error;
  }
}

if (import.meta.main) new Target().run();
