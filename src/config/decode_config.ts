import type { ConfigFault } from "./config_fault.ts";
import { TextPlaces } from "./text_places.ts";

/** A configuration with a thousand tunnels has a fifth of that. */
export const MOST_CONFIG_BYTES: number = 4 * 1024 * 1024;

/** What {@linkcode decodeConfig} gives. */
export type DecodedConfig =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "fault"; readonly fault: ConfigFault };

/** Decodes the bytes of a configuration: UTF-8, with or without a byte order mark, up to 4 MiB. */
export function decodeConfig(bytes: Uint8Array): DecodedConfig {
  if (bytes.length > MOST_CONFIG_BYTES) {
    const message = `larger than ${MOST_CONFIG_BYTES / 1024 / 1024} MiB; is it a configuration`;
    return { kind: "fault", fault: { path: "", line: 1, column: 1, message } };
  }
  try {
    return { kind: "text", text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { kind: "fault", fault: { path: "", ...placeOfBadByte(bytes), message: wordsFor(bytes) } };
  }
}

function wordsFor([first, second]: Uint8Array): string {
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  return isUtf16 ? "not UTF-8 but UTF-16; save the file as UTF-8" : "not UTF-8; save the file as UTF-8";
}

function placeOfBadByte(bytes: Uint8Array): { readonly line: number; readonly column: number } {
  // What was replaced in decoding is written in other bytes than it was read from.
  const written = new TextEncoder().encode(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
  const at = written.findIndex((byte, i) => byte !== bytes[i]);
  const before = new TextDecoder().decode(bytes.subarray(0, at));
  return new TextPlaces(before).placeAt(before.length);
}
