/** Where bytes that are no UTF-8 go: lone surrogates U+DC80 to U+DCFF, which no text from outside has. */
const ESCAPED = 0xdc00;

/**
 * Bytes as a text, without loss: UTF-8 where they are UTF-8; every other byte becomes a lone surrogate, U+DC80 to
 * U+DCFF, that {@linkcode bytesOfText} turns back. Pure, total.
 */
export function textOfBytes(bytes: Uint8Array): string {
  const whole = strictText(bytes);
  if (whole !== undefined) return whole;
  let text = "";
  for (let i = 0; i < bytes.length;) {
    const length = sequenceBytes(bytes[i] ?? 0);
    const part = i + length <= bytes.length ? strictText(bytes.subarray(i, i + length)) : undefined;
    text += part ?? String.fromCharCode(ESCAPED + (bytes[i] ?? 0));
    i += part === undefined ? 1 : length;
  }
  return text;
}

/** The bytes of a text: UTF-8, and those that {@linkcode textOfBytes} kept as lone surrogates. Pure, total. */
export function bytesOfText(text: string): Uint8Array<ArrayBuffer> {
  if (text.isWellFormed()) return new TextEncoder().encode(text);
  const parts: Uint8Array[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const isByte = code >= ESCAPED + 0x80 && code <= ESCAPED + 0xff;
    parts.push(isByte ? Uint8Array.of(code - ESCAPED) : new TextEncoder().encode(character));
  }
  return concatBytes(parts);
}

/** One array of them all, in order. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Two bytes, big endian. */
export function u16(value: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(value >> 8, value & 0xff);
}

/** How many bytes a UTF-8 sequence has that starts with this one; 1 for what starts none. */
function sequenceBytes(first: number): number {
  if (first >= 0xf0) return 4;
  if (first >= 0xe0) return 3;
  return first >= 0xc0 ? 2 : 1;
}

function strictText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // No UTF-8; the caller takes the bytes one by one.
    return undefined;
  }
}
