import { linesOfChat } from "./chat_text.ts";
import { MinecraftDecodeError } from "./errors.ts";
import type { ServerStatus } from "./server_status.ts";
import { decodeVarint, encodeVarint } from "./varint.ts";

/** Port of a Java server unless told otherwise. */
export const DEFAULT_JAVA_PORT = 25_565;

/** More than any server has to say. */
const MOST_JSON_BYTES = 1024 * 1024;
/** Packet ID and length of the text around it. */
const MOST_PACKET_BYTES = MOST_JSON_BYTES + 10;
const PACKET_ID = 0;
/** "Whichever you have": the status does not depend on it. */
const PROTOCOL_UNKNOWN = -1;
const NEXT_STATE_STATUS = 1;

/** Asks for the status after {@linkcode encodeHandshake}. */
export const STATUS_REQUEST: Uint8Array = Uint8Array.of(1, PACKET_ID);

/**
 * The handshake that leads to the status.
 *
 * @param host Host name or address that the client was given, as the server is to see it.
 */
export function encodeHandshake(host: string, port: number): Uint8Array {
  const name = new TextEncoder().encode(host);
  const payload = [
    ...[PACKET_ID, ...encodeVarint(PROTOCOL_UNKNOWN), ...encodeVarint(name.length), ...name],
    ...[port >> 8, port & 0xff, NEXT_STATE_STATUS],
  ];
  return Uint8Array.from([...encodeVarint(payload.length), ...payload]);
}

/** Puts the pieces of a stream together until the status is whole. */
export class JavaStatusReader {
  #bytes = new Uint8Array(1024);
  #length = 0;

  /**
   * Takes the next piece.
   *
   * @returns The status once it is whole.
   * @throws {MinecraftDecodeError} If it is none, or is longer than 1 MiB.
   */
  push(piece: Uint8Array): ServerStatus | undefined {
    this.#append(piece);
    const bytes = this.#bytes.subarray(0, this.#length);
    const size = decodeVarint(bytes);
    if (size === undefined) return undefined;
    if (size.value < 3) throw new MinecraftDecodeError("packet_len < 3");
    if (size.value > MOST_PACKET_BYTES) throw new MinecraftDecodeError("motd parse fail.", "more than 1 MiB");
    const packet = bytes.subarray(size.length, size.length + size.value);
    const id = decodeVarint(packet);
    if (id !== undefined && id.value !== PACKET_ID) throw new MinecraftDecodeError("packet_id != 0");
    return packet.length < size.value || id === undefined
      ? undefined
      : readPacket(packet.subarray(id.length));
  }

  #append(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    // What comes after the packet is nobody's; nothing has been found whole so far.
    if (length > MOST_PACKET_BYTES * 2) throw new MinecraftDecodeError("motd parse fail.", "more than 1 MiB");
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(piece, this.#length);
    this.#length = length;
  }
}

function readPacket(payload: Uint8Array): ServerStatus {
  const size = decodeVarint(payload);
  if (size === undefined || size.value < 0 || size.length + size.value > payload.length) {
    throw new MinecraftDecodeError("motd parse fail.", "the text is longer than its packet");
  }
  if (size.value > MOST_JSON_BYTES) throw new MinecraftDecodeError("motd parse fail.", "more than 1 MiB");
  return readJavaStatus(new TextDecoder().decode(payload.subarray(size.length, size.length + size.value)));
}

/**
 * Reads the JSON of a status. What a server leaves out is empty, and `protocol` is -1: it is online all the same.
 *
 * @throws {MinecraftDecodeError} If it is no JSON object.
 */
export function readJavaStatus(text: string): ServerStatus {
  const status = fieldsOf(parse(text));
  if (status === undefined) throw new MinecraftDecodeError("motd parse fail.");
  const version = fieldsOf(status.get("version"));
  const players = fieldsOf(status.get("players"));
  const sample = players?.get("sample");
  const names = (Array.isArray(sample) ? sample : []).map((one) => fieldsOf(one)?.get("name"));
  return {
    version: { name: textOf(version?.get("name")), protocol: numberOf(version?.get("protocol"), -1) },
    description: linesOfChat(status.get("description")),
    players: {
      max: numberOf(players?.get("max"), 0),
      online: numberOf(players?.get("online"), 0),
      list: names.filter((name) => typeof name === "string").sort(),
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's words would quote what a stranger sent.
    throw new MinecraftDecodeError("motd parse fail.");
  }
}

function fieldsOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? new Map(Object.entries(value)) : undefined;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function numberOf(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}
