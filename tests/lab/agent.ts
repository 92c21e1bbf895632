/**
 * Runs inside a network namespace of the lab: requests come as JSON lines on standard input, replies go out on
 * standard output. Written on the runtime's own sockets, so that nothing under test judges itself.
 */
import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { createServer, type Socket } from "node:net";
import { burstDatagrams } from "./agent_burst.ts";
import type { AgentOperations, AgentReply, AgentRequest } from "./agent_protocol.ts";
import { HeldConnection } from "./agent_held.ts";
import { askStunTcp } from "./agent_stun.ts";
import { fetchOnce, visitAll } from "./agent_visits.ts";
import { probeAnswer, probeRequest } from "./stun_probe.ts";
import { TextLineStream } from "./text_lines.ts";

type Operations = {
  readonly [K in keyof AgentOperations]: (
    args: Parameters<AgentOperations[K]>[0],
  ) => Promise<ReturnType<AgentOperations[K]>>;
};

let held: HeldConnection | undefined;

const OPERATIONS: Operations = {
  visitTcp: (args) => visitAll(args.count ?? 1, () => fetchOnce(args)),
  visitUdp: (args) => visitAll(args.count ?? 1, () => askOnce(args)),
  burstUdp: burstDatagrams,
  serveTcp: async ({ at, text }) => {
    await listen(at, text);
    return null;
  },
  serveUdp: async ({ at, text }) => {
    const socket = await bindUdp(at);
    socket.on(
      "message",
      (_data, from) => socket.send(withClient(text, from.address), from.port, from.address),
    );
    return null;
  },
  probeUdp: async ({ from, servers, change }) => {
    const socket = await bindUdp(from);
    socket.on("message", (data, peer) => {
      if (probeAnswer(data) === undefined) socket.send("pong", peer.port, peer.address);
    });
    return await Promise.all(servers.map((server) => askStunUdp(socket, server, change)));
  },
  probeTcp: async ({ from, servers }) => {
    const answers = await Promise.all(servers.map((server) => askStunTcp(from, server)));
    await listen(from, "pong");
    return answers;
  },
  holdTcp: async (args) => {
    held = await HeldConnection.open(args);
    return null;
  },
  pokeTcp: ({ timeoutMs }) => {
    if (!held) throw new TypeError("Cannot poke: nothing is held");
    return held.poke(timeoutMs);
  },
};

function split(endpoint: string): [string, number] {
  const colon = endpoint.lastIndexOf(":");
  return [endpoint.slice(0, colon).replace(/^\[|\]$/g, ""), Number(endpoint.slice(colon + 1))];
}

/** `{client}` in an answer becomes the address that the service sees. */
function withClient(text: string, address = ""): string {
  return text.replace("{client}", address.replace(/^::ffff:/, ""));
}

function bindUdp(at: string): Promise<DatagramSocket> {
  const [address, port] = split(at);
  const socket = createSocket({ type: address.includes(":") ? "udp6" : "udp4", reuseAddr: true });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, address, () => {
      socket.off("error", reject);
      // Refusals by ICMP belong to one peer and are no reason to stop serving the others.
      socket.on("error", () => {});
      resolve(socket);
    });
  });
}

function listen(at: string, text: string): Promise<void> {
  const [host, port] = split(at);
  const server = createServer((socket: Socket) => {
    const told = withClient(text, socket.remoteAddress);
    const body = `HTTP/1.1 200 OK\r\nContent-Length: ${told.length}\r\n\r\n${told}`;
    socket.on("error", () => socket.destroy());
    socket.on("data", () => socket.write(body));
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, reusePort: true }, () => resolve());
  });
}

function askStunUdp(
  socket: DatagramSocket,
  server: string,
  change?: { address: boolean; port: boolean },
): Promise<string | null> {
  const [address, port] = split(server);
  const { id, bytes } = probeRequest(change);
  return new Promise((resolve) => {
    const send = (): void => socket.send(bytes, port, address);
    const again = setInterval(send, 300);
    const finish = (value: string | null): void => {
      clearInterval(again);
      clearTimeout(limit);
      socket.off("message", take);
      resolve(value);
    };
    const take = (data: Uint8Array): void => {
      const answer = probeAnswer(data);
      if (answer?.id === id) finish(answer.reflexive);
    };
    const limit = setTimeout(() => finish(null), 1200);
    socket.on("message", take);
    send();
  });
}

async function askOnce(args: { to: string; timeoutMs: number; from?: string }): Promise<string> {
  const [address, port] = split(args.to);
  const socket = await bindUdp(args.from ?? (address.includes(":") ? "[::]:0" : "0.0.0.0:0"));
  try {
    return await new Promise<string>((resolve, reject) => {
      const send = (): void => socket.send("hello", port, address);
      const again = setInterval(send, 200);
      const limit = setTimeout(() => {
        clearInterval(again);
        reject(new Error("no answer"));
      }, args.timeoutMs);
      socket.on("message", (data, from) => {
        // A NAT that answers from elsewhere has not let us in at the endpoint that was announced.
        if (from.address !== address || from.port !== port) return;
        clearInterval(again);
        clearTimeout(limit);
        resolve(new TextDecoder().decode(data));
      });
      send();
    });
  } finally {
    await new Promise<void>((resolve) => socket.close(() => resolve()));
  }
}

async function answer(request: AgentRequest): Promise<AgentReply> {
  try {
    const operation = OPERATIONS[request.operation] as (args: unknown) => Promise<unknown>;
    return { id: request.id, value: await operation(request.args) };
  } catch (error) {
    return { id: request.id, error: error instanceof Error ? error.message : String(error) };
  }
}

async function serve(): Promise<void> {
  const encoder = new TextEncoder();
  const pending = new Set<Promise<void>>();
  for await (const line of Deno.stdin.readable.pipeThrough(new TextLineStream())) {
    const running = answer(JSON.parse(line)).then((reply) => {
      pending.delete(running);
      Deno.stdout.writeSync(encoder.encode(JSON.stringify(reply) + "\n"));
    });
    pending.add(running);
  }
  await Promise.all(pending);
  Deno.exit(0);
}

if (import.meta.main) serve();
