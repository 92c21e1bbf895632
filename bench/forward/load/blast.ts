import { type Descriptor, EPOLLIN, EPOLLOUT, shutdownWrite } from "../../../ffi/mod.ts";
import { BlockingEpoll, receiveInto, sendFrom, sleepMicroseconds } from "../ffi/load_calls.ts";
import { connectTo, isAgain, receiveExactly, sendAll } from "./sockets.ts";
import { WANTED } from "./wanted.ts";

/** What {@linkcode blast} is asked for. */
export interface BlastOptions {
  readonly port: number;
  readonly streams: number;
  /** `up`: client to target. */
  readonly direction: "up" | "down";
  readonly durationMs: number;
  /** Paces the one stream up; absent: as fast as it goes. */
  readonly bytesPerSecond?: number;
}

/** Bytes that arrived, and how long that took. */
export interface BlastReport {
  readonly bytes: number;
  readonly elapsedMs: number;
}

const CHUNK_BYTES = 256 * 1024;
/** Small enough for a stream that is paced to 2 Gb/s to be smooth. */
const PACE_CHUNK_BYTES = 64 * 1024;

/** Moves bytes through a forwarder for a while; up, the target's count of bytes is what counts. */
export function blast(options: BlastOptions): BlastReport {
  const sockets = Array.from({ length: options.streams }, () => connectTo(options.port));
  const wanted = options.direction === "up" ? WANTED.sink : WANTED.source;
  for (const { number } of sockets) sendAll(number, Uint8Array.of(wanted));
  const start = performance.now();
  const bytes = options.direction === "down"
    ? receiveUntil(sockets, start + options.durationMs)
    : sendUntil(sockets, start, options);
  const elapsedMs = performance.now() - start;
  for (const socket of sockets) socket[Symbol.dispose]();
  return { bytes, elapsedMs };
}

function sendUntil(sockets: readonly Descriptor[], start: number, options: BlastOptions): number {
  const end = start + options.durationMs;
  if (options.bytesPerSecond === undefined) flood(sockets, end);
  else for (const socket of sockets) pace(socket, { start, end, bytesPerMs: options.bytesPerSecond / 1000 });
  for (const socket of sockets) shutdownWrite(socket);
  let bytes = 0;
  for (const socket of sockets) {
    const count = new Uint8Array(8);
    receiveExactly(socket.number, count);
    bytes += new Float64Array(count.buffer)[0] ?? 0;
  }
  return bytes;
}

function flood(sockets: readonly Descriptor[], end: number): void {
  const chunk = new Uint8Array(new ArrayBuffer(CHUNK_BYTES)).fill(0x72);
  using epoll = new BlockingEpoll();
  for (const { number } of sockets) epoll.add(number, EPOLLOUT);
  while (performance.now() < end) {
    epoll.wait(100, (fd) => {
      const sent = sendFrom(fd, chunk);
      if (sent < 0 && !isAgain(sent)) throw new Error(`Cannot send: errno ${-sent}`);
    });
  }
}

function pace(socket: Descriptor, plan: { start: number; end: number; bytesPerMs: number }): void {
  const chunk = new Uint8Array(new ArrayBuffer(PACE_CHUNK_BYTES)).fill(0x72);
  let sent = 0;
  for (let now = performance.now(); now < plan.end; now = performance.now()) {
    if (sent > (now - plan.start) * plan.bytesPerMs) {
      sleepMicroseconds(100);
      continue;
    }
    sendAll(socket.number, chunk);
    sent += chunk.length;
  }
}

function receiveUntil(sockets: readonly Descriptor[], end: number): number {
  const buffer = new Uint8Array(new ArrayBuffer(CHUNK_BYTES));
  using epoll = new BlockingEpoll();
  for (const { number } of sockets) epoll.add(number, EPOLLIN);
  let bytes = 0;
  while (performance.now() < end) {
    epoll.wait(100, (fd) => {
      const count = receiveInto(fd, buffer);
      if (count > 0) bytes += count;
      else if (!isAgain(count)) {
        throw new Error(`Cannot receive: ${count === 0 ? "it ended" : `errno ${-count}`}`);
      }
    });
  }
  return bytes;
}
