import { createSocket, type Socket } from "node:dgram";
import type { AgentOperations, BurstReport } from "./agent_protocol.ts";

/** Datagrams from one port before the next stranger comes. */
const FROM_ONE_PORT = 20;

/** Sends datagrams one after the other, each only once, from a new port every now and then; see the protocol. */
export async function burstDatagrams(
  args: Parameters<AgentOperations["burstUdp"]>[0],
): Promise<BurstReport> {
  const report = { answered: 0, strange: 0 };
  for (let left = args.count; left > 0; left -= FROM_ONE_PORT) {
    await visitFromOnePort(Math.min(left, FROM_ONE_PORT), args, report);
  }
  return report;
}

async function visitFromOnePort(
  count: number,
  { to, payload, expected, timeoutMs }: Parameters<AgentOperations["burstUdp"]>[0],
  report: { answered: number; strange: number },
): Promise<void> {
  const colon = to.lastIndexOf(":");
  const [address, port] = [to.slice(0, colon), Number(to.slice(colon + 1))];
  const data = Uint8Array.fromHex(payload);
  const socket: Socket = createSocket("udp4");
  let came = (): void => {};
  socket.on("message", (answer, from) => {
    const isRight = from.address === address && from.port === port;
    if (isRight && new Uint8Array(answer).toHex().includes(expected)) report.answered++;
    else report.strange++;
    came();
  });
  socket.on("error", () => {});
  try {
    for (let sent = 0; sent < count; sent++) {
      await new Promise<void>((resolve) => {
        const limit = setTimeout(resolve, timeoutMs);
        came = (): void => {
          clearTimeout(limit);
          resolve();
        };
        socket.send(data, port, address);
      });
    }
  } finally {
    await new Promise<void>((resolve) => socket.close(() => resolve()));
  }
}
