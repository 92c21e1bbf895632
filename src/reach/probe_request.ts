import type { Protocol } from "../core/mapping.ts";
import { DATAGRAM_BYTES, KNOCK_LIMIT_MS } from "./knock.ts";

/** What a reflector is asked to do. There is no address in it: it tries the caller's own and no other. */
export interface ProbeRequest {
  /** Transport. */
  readonly protocol: Protocol;
  /** 1 to 65535. */
  readonly port: number;
  /** What is sent, 1 to 32 bytes; over TCP only together with `payload`. */
  readonly send?: Uint8Array | undefined;
  /** What the answer must hold, 1 to 32 bytes. */
  readonly payload?: Uint8Array | undefined;
  /** Limit of the attempt in milliseconds, 100 to 5000. @default {5000} */
  readonly timeoutMs?: number | undefined;
}

/** What {@linkcode parseProbeRequest} gives; `reason` is for whoever wrote the request. */
export type ProbeRequestReading =
  | { readonly kind: "request"; readonly request: ProbeRequest }
  | { readonly kind: "fault"; readonly reason: string };

/** Longer than any request needs. */
export const MOST_REQUEST_BYTES = 1024;

const FIELDS: ReadonlySet<string> = new Set(["protocol", "port", "send", "payload", "timeoutMs"]);

/** Reads a request of {@linkcode encodeProbeRequest}'s form. Total: any text is a request or a fault. */
export function parseProbeRequest(text: string): ProbeRequestReading {
  const value = objectOf(text);
  if (value === undefined) return refuse("the body is not a JSON object");
  const unknown = Object.keys(value).find((key) => !FIELDS.has(key));
  // An address above all: whoever believes that it would be dialled has to be told.
  if (unknown !== undefined) return refuse(`there is no field ${JSON.stringify(unknown.slice(0, 32))}`);
  const { protocol, port, timeoutMs = KNOCK_LIMIT_MS } = value;
  if (protocol !== "tcp" && protocol !== "udp") return refuse('protocol is neither "tcp" nor "udp"');
  if (!isWhole(port, 1, 65_535)) return refuse("port is not 1 to 65535");
  if (!isWhole(timeoutMs, 100, KNOCK_LIMIT_MS)) return refuse(`timeoutMs is not 100 to ${KNOCK_LIMIT_MS}`);
  const send = bytesOf(value["send"]);
  const payload = bytesOf(value["payload"]);
  if (send === "malformed") return refuse(notBytes("send"));
  if (payload === "malformed") return refuse(notBytes("payload"));
  if (protocol === "tcp" && send !== undefined && payload === undefined) {
    return refuse("over tcp, send needs payload");
  }
  return { kind: "request", request: { protocol, port, send, payload, timeoutMs } };
}

/** The JSON text of a request. */
export function encodeProbeRequest({ protocol, port, send, payload, timeoutMs }: ProbeRequest): string {
  return JSON.stringify({ protocol, port, send: send?.toHex(), payload: payload?.toHex(), timeoutMs });
}

/** The fields of a JSON object; `undefined` if the text is none. */
export function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? { ...value } as Record<string, unknown>
      : undefined;
  } catch {
    // Not JSON, so it says nothing.
    return undefined;
  }
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
}

function bytesOf(value: unknown): Uint8Array | "malformed" | undefined {
  if (value === undefined) return undefined;
  const isHex = typeof value === "string" && /^([\da-f]{2})+$/i.test(value) &&
    value.length <= 2 * DATAGRAM_BYTES;
  return isHex ? Uint8Array.fromHex(value) : "malformed";
}

function notBytes(name: string): string {
  return `${name} is not 1 to ${DATAGRAM_BYTES} bytes in hexadecimal digits`;
}

function refuse(reason: string): ProbeRequestReading {
  return { kind: "fault", reason };
}
