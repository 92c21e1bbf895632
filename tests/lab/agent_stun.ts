import { connect } from "node:net";
import { probeAnswer, probeRequest } from "./stun_probe.ts";

/**
 * Asks a STUN server over TCP from a fixed port; the connection is reset after the answer.
 *
 * @returns The reflexive endpoint, `null` without an answer within 1.5 s.
 */
export function askStunTcp(from: string, server: string): Promise<string | null> {
  const [localAddress = "", localPort] = from.split(":");
  const [host = "", port] = server.split(":");
  const socket = connect({ host, port: Number(port), localAddress, localPort: Number(localPort) });
  return new Promise((resolve) => {
    const finish = (value: string | null): void => {
      clearTimeout(limit);
      socket.resetAndDestroy();
      resolve(value);
    };
    const limit = setTimeout(() => finish(null), 1500);
    socket.on("error", () => finish(null));
    socket.on("connect", () => socket.write(probeRequest().bytes));
    // An answer of some 100 bytes comes in one segment on these wires.
    socket.on("data", (data: Uint8Array) => finish(probeAnswer(data)?.reflexive ?? null));
  });
}
