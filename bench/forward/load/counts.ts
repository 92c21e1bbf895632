import { connectTo, receiveSome, sendAll } from "./sockets.ts";
import { type TargetCounts, WANTED } from "./wanted.ts";

/** Asks a target, directly, what it counted since the last time. */
export function askCounts(targetPort: number): TargetCounts {
  using socket = connectTo(targetPort);
  sendAll(socket.number, Uint8Array.of(WANTED.counts));
  const buffer = new Uint8Array(new ArrayBuffer(1024));
  const count = receiveSome(socket.number, buffer);
  return JSON.parse(new TextDecoder().decode(buffer.subarray(0, count)));
}
