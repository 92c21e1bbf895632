import { encodeVarint } from "../../../src/minecraft/varint.ts";
import { PONG_HEAD_HEX, PONG_TEXT } from "../../vectors/minecraft.ts";

/** The packet of a Java server around its JSON. */
export function javaAnswer(json: string): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(json);
  const size = encodeVarint(text.length);
  const answer = [...encodeVarint(1 + size.length + text.length), 0, ...size];
  const bytes = new Uint8Array(answer.length + text.length);
  bytes.set(answer);
  bytes.set(text, answer.length);
  return bytes;
}

/** The datagram of a Bedrock server around its fields. */
export function bedrockAnswer(text: string = PONG_TEXT): Uint8Array<ArrayBuffer> {
  const fields = new TextEncoder().encode(text);
  const head = Uint8Array.fromHex(PONG_HEAD_HEX).subarray(0, -2);
  return Uint8Array.from([...head, fields.length >> 8, fields.length & 0xff, ...fields]);
}
