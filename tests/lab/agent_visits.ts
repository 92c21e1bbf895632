import { connect } from "node:net";
import type { VisitReport } from "./agent_protocol.ts";

/** Makes visits one after the other; a failed one is counted and does not end the series. */
export async function visitAll(count: number, visit: () => Promise<string>): Promise<VisitReport> {
  let served = 0;
  let others = 0;
  let text = "";
  let error = "";
  for (let i = 0; i < count; i++) {
    try {
      const got = await visit();
      if (served++ === 0) text = got;
      else if (got !== text) others++;
    } catch (cause) {
      error ||= cause instanceof Error ? cause.message : String(cause);
    }
  }
  return { served, failed: count - served, text, others, error };
}

/**
 * Fetches `/` over one connection, which we close first, as soon as the whole answer is there.
 *
 * @returns The body.
 * @throws {Error} If it does not answer in time or not by HTTP.
 */
export function fetchOnce(args: { to: string; timeoutMs: number; from?: string }): Promise<string> {
  const colon = args.to.lastIndexOf(":");
  const host = args.to.slice(0, colon).replace(/^\[|\]$/g, "");
  const from = args.from?.split(":");
  const socket = connect({
    host,
    port: Number(args.to.slice(colon + 1)),
    ...(from ? { localAddress: from[0] ?? "", localPort: Number(from[1]) } : {}),
  });
  let received = "";
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => {
      clearTimeout(limit);
      socket.destroy();
      reject(new Error(reason));
    };
    const limit = setTimeout(() => fail("timeout"), args.timeoutMs);
    socket.on("connect", () => socket.write(`GET / HTTP/1.1\r\nHost: ${args.to}\r\nAccept: */*\r\n\r\n`));
    socket.on("error", (error: Error) => fail(error.message));
    socket.on("close", () => fail("closed without a whole answer"));
    socket.on("data", (data: Uint8Array) => {
      received += new TextDecoder().decode(data);
      const body = wholeBody(received);
      if (body === undefined) return;
      clearTimeout(limit);
      socket.removeAllListeners("close");
      socket.on("close", () => resolve(body));
      socket.destroy();
    });
  });
}

function wholeBody(text: string): string | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0 || !text.startsWith("HTTP/1.")) return undefined;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, end))?.[1];
  const body = text.slice(end + 4);
  if (length !== undefined) {
    return new TextEncoder().encode(body).length >= Number(length) ? body : undefined;
  }
  return body.endsWith("\r\n0\r\n\r\n") || body.startsWith("0\r\n") ? body : undefined;
}
