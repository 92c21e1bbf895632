import { bytesOfText, concatBytes } from "./byte_text.ts";

/** What one character string can hold (RFC 1035, section 3.3). */
const MOST_BYTES = 255;
/** More than any record can hold (65,535 bytes), every one of them as `\DDD`. */
const MOST_CHARACTERS = 5 * 65_535;

/**
 * A text as quoted character string (RFC 1035, section 5.1): quotes and backslashes escaped, all that is not printable
 * ASCII as `\DDD`. Pure.
 */
export function quoteText(text: string): string {
  return quoteBytes(bytesOfText(text));
}

/** Bytes as quoted character string; see {@linkcode quoteText}. Pure. */
export function quoteBytes(bytes: Uint8Array): string {
  let quoted = '"';
  for (const byte of bytes) {
    if (byte === 0x22 || byte === 0x5c) quoted += "\\";
    quoted += byte < 0x20 || byte > 0x7e ? escapedByte(byte) : String.fromCharCode(byte);
  }
  return `${quoted}"`;
}

/** `\DDD` (RFC 1035, section 5.1). */
export function escapedByte(byte: number): string {
  return `\\${String(byte).padStart(3, "0")}`;
}

/** The bytes of a text with `\DDD` and `\X` in it (RFC 1035, section 5.1); `undefined` if an escape is broken. Total. */
export function unescapeBytes(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!text.includes("\\")) return bytesOfText(text);
  const parts: Uint8Array[] = [];
  const pattern = /([^\\]+)|\\(\d{3})|\\(\D)/gsuy;
  let end = 0;
  for (const [whole, plain, digits, literal] of text.matchAll(pattern)) {
    end += whole.length;
    if (digits !== undefined && Number(digits) > 255) return undefined;
    parts.push(digits === undefined ? bytesOfText(plain ?? literal ?? "") : Uint8Array.of(Number(digits)));
  }
  return end === text.length ? concatBytes(parts) : undefined;
}

/** Splits at white space that is neither quoted nor escaped; quotes and escapes stay. `undefined` if broken. Total. */
export function splitFields(text: string): readonly string[] | undefined {
  if (text.length > MOST_CHARACTERS) return undefined;
  const fields: string[] = [];
  // A field is a run of plain characters, escapes and quoted parts; every alternative starts with another character.
  const pattern = /\s*((?:[^\s"\\]+|\\.|"[^"\\]*(?:\\.[^"\\]*)*")+)/gsy;
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    end += match[0].length;
    fields.push(match[1] ?? "");
  }
  return text.slice(end).trim() === "" ? fields : undefined;
}

/** The bytes of a field, with or without quotes around it; `undefined` if it is broken. Total. */
export function fieldBytes(field: string): Uint8Array<ArrayBuffer> | undefined {
  const quoted = /^"([^"\\]*(?:\\.[^"\\]*)*)"$/s.exec(field)?.[1];
  if (quoted !== undefined) return unescapeBytes(quoted);
  return /^(?:[^"\\]|\\.)*$/s.test(field) ? unescapeBytes(field) : undefined;
}

/**
 * A text cut into character strings of at most 255 bytes, between characters; at least one. Joined they are the text
 * again. Pure.
 */
export function splitText(text: string): readonly string[] {
  const strings: string[] = [];
  let current = "";
  let bytes = 0;
  for (const character of text) {
    const more = bytesOfText(character).length;
    if (bytes + more > MOST_BYTES) {
      strings.push(current);
      current = "";
      bytes = 0;
    }
    current += character;
    bytes += more;
  }
  return strings.length > 0 && current === "" ? strings : [...strings, current];
}
