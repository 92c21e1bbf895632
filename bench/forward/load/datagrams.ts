import { DatagramBurst, sleepMicroseconds } from "../ffi/load_calls.ts";
import { isAgain, openUdp } from "./sockets.ts";

/** What {@linkcode sendDatagrams} is asked for. */
export interface DatagramOptions {
  readonly port: number;
  readonly bytes: number;
  /** Datagrams a second; absent: as fast as it goes. */
  readonly perSecond?: number;
  readonly durationMs: number;
  /** Sockets that take turns. @default {1} */
  readonly flows?: number;
}

/** What was sent. */
export interface DatagramReport {
  readonly sent: number;
  readonly elapsedMs: number;
}

/** Datagrams of one call, and so back to back on the wire, as players and QUIC senders do it. */
const BURST = 8;

/** Sends datagrams one way for a while, evenly in bursts of 8. */
export function sendDatagrams(options: DatagramOptions): DatagramReport {
  const { flows = 1, perSecond } = options;
  const sockets = Array.from({ length: flows }, () => openUdp(0, options.port));
  const burst = new DatagramBurst(BURST, options.bytes);
  const start = performance.now();
  const end = start + options.durationMs;
  let sent = 0;
  let turn = 0;
  for (let now = start; now < end; now = performance.now()) {
    if (perSecond !== undefined && sent > (now - start) * perSecond / 1000) {
      sleepMicroseconds(20);
      continue;
    }
    const socket = sockets[turn++ % flows];
    const count = socket === undefined ? 0 : burst.send(socket.number);
    if (count > 0) sent += count;
    else if (isAgain(count)) sleepMicroseconds(20);
    // ECONNREFUSED and the like are about an earlier datagram, which is lost then.
  }
  const elapsedMs = performance.now() - start;
  for (const socket of sockets) socket[Symbol.dispose]();
  return { sent, elapsedMs };
}
