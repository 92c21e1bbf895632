import { removeFormatting } from "./chat_text.ts";
import { MinecraftDecodeError } from "./errors.ts";
import type { ServerStatus } from "./server_status.ts";

/** Ports of a Bedrock server unless told otherwise, by IP version. */
export const DEFAULT_BEDROCK_PORTS: Readonly<Record<4 | 6, number>> = { 4: 19_132, 6: 19_133 };

/** Tells RakNet's packets outside of a connection from others. */
const MAGIC = Uint8Array.fromHex("00ffff00fefefefefdfdfdfd12345678");
const UNCONNECTED_PING = 0x01;
const UNCONNECTED_PONG = 0x1c;
/** ID, time, server's GUID. */
const MAGIC_AT = 17;
const LENGTH_AT = MAGIC_AT + 16;
const TEXT_AT = LENGTH_AT + 2;
/** RakNet is big-endian; nat1_traversal is not, and to servers it is all the same. */
const LITTLE_ENDIAN = true;
/** Any number; servers do nothing with it. */
const GUID = 2n;

/**
 * RakNet's Unconnected Ping.
 *
 * @param timeMs Whole milliseconds since 1970; servers echo it.
 */
export function encodePing(timeMs: number): Uint8Array {
  const bytes = new Uint8Array(MAGIC_AT - 8 + MAGIC.length + 8);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, UNCONNECTED_PING);
  view.setBigInt64(1, BigInt(timeMs), LITTLE_ENDIAN);
  bytes.set(MAGIC, 9);
  view.setBigInt64(9 + MAGIC.length, GUID, LITTLE_ENDIAN);
  return bytes;
}

/**
 * Reads RakNet's Unconnected Pong with the status of a Bedrock server.
 *
 * @throws {MinecraftDecodeError} If it is something else.
 */
export function decodePong(datagram: Uint8Array): ServerStatus {
  if (datagram[0] !== UNCONNECTED_PONG) throw new MinecraftDecodeError("packet_id != \\x1c");
  if (!MAGIC.every((byte, i) => datagram[MAGIC_AT + i] === byte)) {
    throw new MinecraftDecodeError("response_magic != RAKNET_MAGIC");
  }
  const [high, low] = datagram.subarray(LENGTH_AT, TEXT_AT);
  const length = ((high ?? 0) << 8) | (low ?? 0);
  if (datagram.length < TEXT_AT + length) throw new MinecraftDecodeError("motd parse fail.", "it is cut off");
  return readBedrockStatus(new TextDecoder().decode(datagram.subarray(TEXT_AT, TEXT_AT + length)));
}

/**
 * Reads the fields of a Bedrock status, separated by semicolons; those after the sixth may be missing.
 *
 * @throws {MinecraftDecodeError} If there are fewer, or numbers are none.
 */
export function readBedrockStatus(text: string): ServerStatus {
  const [edition = "", first, protocol, version = "", online, max, , second] = text.split(";");
  if (first === undefined || max === undefined) throw new MinecraftDecodeError("motd parse fail.");
  return {
    version: { name: `${version} (${edition})`, protocol: numberOf(protocol) },
    description: [first, ...(second === undefined ? [] : [second])].map(removeFormatting),
    players: { max: numberOf(max), online: numberOf(online) },
  };
}

function numberOf(text: string | undefined): number {
  if (!/^-?\d{1,15}$/.test(text ?? "")) throw new MinecraftDecodeError("motd parse fail.");
  return Number(text);
}
