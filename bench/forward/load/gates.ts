import { Buffer } from "node:buffer";
import { resetSocketOnClose, shutdownWrite } from "../../../ffi/mod.ts";
import { receiveInto, sendFrom, sleepMicroseconds, waitReadable, waitWritable } from "../ffi/load_calls.ts";
import { askCounts } from "./counts.ts";
import { connectTo, isAgain, openUdp, receiveSome, sendAll } from "./sockets.ts";
import { storm } from "./storm.ts";
import { WANTED } from "./wanted.ts";

/** Where a gate knocks: the forwarder's port, and the target's own port behind its back. */
export interface GatePorts {
  readonly port: number;
  readonly targetPort: number;
}

const MEBIBYTE = 1 << 20;
const GIBIBYTE = 1 << 30;
/** What a forwarder may hold of a stalled stream in both directions, its share of pipes included. */
const HELD_LIMIT_BYTES = 8 * MEBIBYTE;
const MAXIMUM_DATAGRAM_BYTES = 65507;

/** Correctness: each throws an error that says what is wrong, or returns. */
export const GATES = {
  /** 1 MiB there and back, our side ended as soon as all is sent. */
  halfClose({ port }: GatePorts): void {
    using socket = connectTo(port);
    const { number: fd } = socket;
    const data = pattern(MEBIBYTE, 1);
    sendAll(fd, Uint8Array.of(WANTED.echo));
    const got = exchange(fd, data, () => shutdownWrite(socket));
    if (!isEqual(data, got)) throw new Error(`${got.length} of ${data.length} bytes came back, or altered`);
  },

  /** 1 GiB there and back with half-close; compared on the way, so that nobody has to hold it. */
  gibibyte({ port }: GatePorts): void {
    using socket = connectTo(port);
    const { number: fd } = socket;
    sendAll(fd, Uint8Array.of(WANTED.echo));
    // A prime period: bytes that moved by any buffer's size cannot look right.
    const period = Buffer.from(pattern(1_048_573, 3).buffer, 0, 1_048_573);
    const buffer = Buffer.alloc(MEBIBYTE);
    let sent = 0;
    let got = 0;
    for (;;) {
      if (sent < GIBIBYTE) {
        const at = sent % period.length;
        const count = sendFrom(fd, period.subarray(at, at + Math.min(GIBIBYTE - sent, MEBIBYTE)));
        if (count < 0 && !isAgain(count)) throw new Error(`errno ${-count} after ${sent} bytes`);
        sent += Math.max(0, count);
        if (sent === GIBIBYTE) shutdownWrite(socket);
        if (!waitReadable(fd, count > 0 ? 0 : 1000)) continue;
      }
      const count = receiveSome(fd, buffer);
      if (count === 0) break;
      const at = got % period.length;
      const head = Math.min(count, period.length - at);
      const isRight = buffer.compare(period, at, at + head, 0, head) === 0 &&
        buffer.compare(period, 0, count - head, head, count) === 0;
      if (!isRight) throw new Error(`bytes after ${got} came back altered`);
      got += count;
    }
    if (got !== GIBIBYTE) throw new Error(`${got} of ${GIBIBYTE} bytes came back`);
  },

  /** Bytes one at a time, each echoed. */
  singleBytes({ port }: GatePorts): void {
    using socket = connectTo(port);
    sendAll(socket.number, Uint8Array.of(WANTED.echo));
    const answer = new Uint8Array(new ArrayBuffer(16));
    for (let i = 0; i < 300; i++) {
      sendAll(socket.number, Uint8Array.of(i & 0xff));
      if (receiveSome(socket.number, answer) !== 1 || answer[0] !== (i & 0xff)) {
        throw new Error(`byte ${i} came back altered`);
      }
    }
  },

  /** A reset of the target reaches the client as one. */
  resetDown({ port }: GatePorts): void {
    using socket = connectTo(port);
    sendAll(socket.number, Uint8Array.of(WANTED.reset));
    waitReadable(socket.number, 3000);
    const result = receiveInto(socket.number, new Uint8Array(new ArrayBuffer(1)));
    if (result !== -104) throw new Error(`the client saw ${result === 0 ? "FIN" : result} instead of RST`);
  },

  /** A reset of the client reaches the target as one. */
  resetUp({ port, targetPort }: GatePorts): void {
    askCounts(targetPort);
    {
      using socket = connectTo(port);
      sendAll(socket.number, Uint8Array.of(WANTED.watch));
      sleepMicroseconds(300_000);
      resetSocketOnClose(socket);
    }
    sleepMicroseconds(300_000);
    const { resets, ends } = askCounts(targetPort);
    if (resets !== 1) throw new Error(`the target saw ${ends} FIN and ${resets} RST`);
  },

  /** The writer is made to wait while nobody reads, then all arrives. */
  slowReader({ port }: GatePorts): void {
    using socket = connectTo(port);
    const { number: fd } = socket;
    sendAll(fd, Uint8Array.of(WANTED.echo));
    const limit = kernelLimitBytes() + HELD_LIMIT_BYTES;
    const data = pattern(limit + 16 * MEBIBYTE, 2);
    let sent = 0;
    while (sent < data.length && waitWritable(fd, 400)) {
      const count = sendFrom(fd, data.subarray(sent, sent + MEBIBYTE));
      if (count > 0) sent += count;
      else if (!isAgain(count)) throw new Error(`errno ${-count}`);
    }
    if (sent > limit) throw new Error(`${sent} bytes were taken although nobody read`);
    const got = exchange(fd, data.subarray(sent), () => shutdownWrite(socket));
    if (!isEqual(data, got)) throw new Error(`${got.length} of ${data.length} bytes came back, or altered`);
  },

  /** 2,000 connections one after the other, eight at a time: all get their whole answer. */
  shortConnections({ port }: GatePorts): void {
    const { connections, failures } = storm({ port, concurrency: 8, durationMs: 20_000, count: 2000 });
    if (connections < 2000) throw new Error(`${connections} of 2000 were served, ${failures} failed`);
  },

  /** Datagrams as they are on the internet, one at a time, echoed. */
  datagramContent(ports: GatePorts): void {
    echoSizes(ports, [1, 2, 63, 64, 65, 512, 1199, 1200, 1472, 1473, 8000]);
  },

  /** The extremes: empty, and as long as UDP can be. */
  datagramExtremes(ports: GatePorts): void {
    echoSizes(ports, [0, 9000, 32_768, MAXIMUM_DATAGRAM_BYTES, 0, 1]);
  },

  /** 3,600 datagrams of mixed lengths in bursts: none lost, altered or overtaken. */
  datagramOrder({ port, targetPort }: GatePorts): void {
    ask(targetPort, WANTED.datagramEcho);
    using socket = openUdp(0, port);
    const answer = new Uint8Array(new ArrayBuffer(65536));
    for (let burst = 0; burst < 225; burst++) {
      const sent = Array.from({ length: 16 }, (_, i) => pattern(orderedLength(burst, i), burst * 16 + i));
      for (const data of sent) sendFrom(socket.number, data);
      for (const [i, data] of sent.entries()) {
        const count = receiveSome(socket.number, answer, 1000);
        if (!isEqual(data, answer.subarray(0, count))) {
          throw new Error(`datagram ${burst * 16 + i} was lost, altered or overtaken`);
        }
      }
    }
  },
} as const;

/** Name of a gate. */
export type GateName = keyof typeof GATES;

/** Runs of equal lengths, shorter ones at their end, and changes: what batching could get wrong. */
function orderedLength(burst: number, index: number): number {
  if (burst % 3 === 0) return 1200;
  if (burst % 3 === 1) return index % 5 === 4 ? 200 : 1200;
  return 4 + (burst * 31 + index * 97) % 1996;
}

function echoSizes({ port, targetPort }: GatePorts, sizes: readonly number[]): void {
  ask(targetPort, WANTED.datagramEcho);
  using socket = openUdp(0, port);
  const answer = new Uint8Array(new ArrayBuffer(65536));
  for (const size of sizes) {
    const data = pattern(size, size);
    sendFrom(socket.number, data);
    let count = -1;
    try {
      count = receiveSome(socket.number, answer, 1000);
    } catch {
      throw new Error(`a datagram of ${size} bytes was lost`);
    }
    if (!isEqual(data, answer.subarray(0, count))) {
      throw new Error(`${size} bytes came back as ${count}, or altered`);
    }
  }
}

/** Tells the target something that has no answer. */
export function ask(targetPort: number, wanted: number): void {
  using socket = connectTo(targetPort);
  sendAll(socket.number, Uint8Array.of(wanted));
  receiveSome(socket.number, new Uint8Array(new ArrayBuffer(1)));
}

/** What the kernel may hold on the way there and back: a send and a receive buffer at each of four connections' ends. */
function kernelLimitBytes(): number {
  const [receive, send] = ["tcp_rmem", "tcp_wmem"].map((name) =>
    Number(Deno.readTextFileSync(`/proc/sys/net/ipv4/${name}`).trim().split(/\s+/)[2])
  );
  return 4 * ((receive ?? 0) + (send ?? 0));
}

/** Sends and receives at once until the other side ends. */
function exchange(fd: number, data: Uint8Array<ArrayBuffer>, onSent: () => void): Uint8Array {
  const chunks: Uint8Array[] = [];
  const buffer = new Uint8Array(new ArrayBuffer(MEBIBYTE));
  let sent = 0;
  for (;;) {
    if (sent < data.length) {
      const count = sendFrom(fd, data.subarray(sent, sent + MEBIBYTE));
      if (count < 0 && !isAgain(count)) throw new Error(`errno ${-count} while sending`);
      sent += Math.max(0, count);
      if (sent === data.length) onSent();
      if (!waitReadable(fd, 0)) continue;
    }
    const count = receiveSome(fd, buffer);
    if (count === 0) return concatenated(chunks);
    chunks.push(buffer.slice(0, count));
  }
}

function concatenated(chunks: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** Bytes that look random and are the same for the same seed (xorshift32). */
function pattern(length: number, seed: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(new ArrayBuffer(Math.ceil(length / 4) * 4));
  let state = (seed * 2654435761 + 1) >>> 0;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer, 0, length);
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
