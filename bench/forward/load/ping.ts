import { connectTo, receiveExactly, sendAll } from "./sockets.ts";
import { WANTED } from "./wanted.ts";

/** What {@linkcode ping} is asked for. */
export interface PingOptions {
  readonly port: number;
  readonly durationMs: number;
}

/** Round-trip times of 64 bytes. */
export interface PingReport {
  readonly count: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

const MESSAGE_BYTES = 64;

/** Sends 64 bytes back and forth over one connection for a while. */
export function ping(options: PingOptions): PingReport {
  using socket = connectTo(options.port);
  sendAll(socket.number, Uint8Array.of(WANTED.echo));
  const message = new Uint8Array(new ArrayBuffer(MESSAGE_BYTES)).fill(0x73);
  const answer = new Uint8Array(new ArrayBuffer(MESSAGE_BYTES));
  const times: number[] = [];
  const end = performance.now() + options.durationMs;
  for (let now = performance.now(); now < end;) {
    sendAll(socket.number, message);
    receiveExactly(socket.number, answer);
    const then = now;
    now = performance.now();
    times.push(now - then);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number => (times[Math.floor((times.length - 1) * share)] ?? NaN) * 1000;
  return { count: times.length, p50Us: at(0.5), p99Us: at(0.99), maxUs: at(1) };
}
